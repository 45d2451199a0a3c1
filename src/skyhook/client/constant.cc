#include "skyhook/client/constant.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "skyhook/exec/run.h"
#include "skyhook/format/fragment.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::client {

arrow::Result<bool> HoldsWithoutInput(const plan::ExpressionPtr& predicate) {
  const auto schema = arrow::schema({arrow::field("row", arrow::boolean())});
  ARROW_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayFromScalar(arrow::BooleanScalar(true), 1));
  ARROW_ASSIGN_OR_RAISE(auto fragment,
                        format::FragmentFromBatches(
                            schema, {arrow::RecordBatch::Make(schema, 1, {column})}, "one row"));
  plan::Pipeline pipeline;
  pipeline.input = schema;
  pipeline.filter = {predicate};
  pipeline.projection = {{"row", plan::InputColumn(0, arrow::boolean())}};
  exec::RunRequest request;
  request.slice.rows = plan::RowRanges::All(1);
  ARROW_ASSIGN_OR_RAISE(auto execution, exec::Run(pipeline, fragment, std::move(request)));
  int64_t rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) return rows > 0;
    rows += batch->num_rows();
  }
}

}  // namespace skyhook::client
