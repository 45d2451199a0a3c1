#include "skyhook/client/residual.h"

#include <utility>

#include "skyhook/exec/run.h"
#include "skyhook/format/fragment.h"

namespace skyhook::client {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

arrow::Result<std::vector<BatchPtr>> Finish(const plan::Pipeline& residual,
                                            const site::Request& request,
                                            std::vector<BatchPtr> batches, plan::Cost* cost) {
  int64_t rows = 0;
  for (BatchPtr& batch : batches) {
    rows += batch->num_rows();
    batch = arrow::RecordBatch::Make(residual.input, batch->num_rows(), batch->columns());
  }
  ARROW_ASSIGN_OR_RAISE(
      auto fragment,
      format::FragmentFromBatches(residual.input, std::move(batches), request.fragment.name));
  exec::RunRequest run;
  run.slice.rows = plan::RowRanges::All(rows);
  run.limits.memory_bytes = request.limits.memory_bytes;
  run.limits.batch_rows = request.limits.batch_rows;
  run.stop = request.stop;
  run.prepared_calls = request.prepared_calls;
  ARROW_ASSIGN_OR_RAISE(auto execution, exec::Run(residual, std::move(fragment), std::move(run)));
  std::vector<BatchPtr> out;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, execution->Next());
    if (batch == nullptr) break;
    out.push_back(std::move(batch));
  }
  cost->cpu_ns += execution->outcome().cost.cpu_ns;
  return out;
}

}  // namespace skyhook::client
