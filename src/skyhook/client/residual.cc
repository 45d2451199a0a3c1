#include "skyhook/client/residual.h"

#include <utility>

#include "skyhook/exec/run_over.h"

namespace skyhook::client {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

arrow::Result<std::vector<BatchPtr>> Finish(const plan::Pipeline& residual,
                                            const site::Request& request,
                                            std::vector<BatchPtr> batches, plan::Cost* cost) {
  for (BatchPtr& batch : batches) {
    batch = arrow::RecordBatch::Make(residual.input, batch->num_rows(), batch->columns());
  }
  ARROW_ASSIGN_OR_RAISE(auto passing,
                        arrow::RecordBatchReader::Make(std::move(batches), residual.input));
  exec::RunRequest run;
  run.limits.memory_bytes = request.limits.memory_bytes;
  run.limits.batch_rows = request.limits.batch_rows;
  run.stop = request.stop;
  run.prepared_calls = request.prepared_calls;
  ARROW_ASSIGN_OR_RAISE(auto execution, exec::RunOver(residual, std::move(passing),
                                                      request.fragment.name, std::move(run)));
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
