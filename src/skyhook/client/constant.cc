#include "skyhook/client/constant.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include "skyhook/exec/run_over.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::client {

arrow::Result<bool> HoldsWithoutInput(const plan::ExpressionPtr& predicate) {
  const auto schema = arrow::schema({arrow::field("row", arrow::boolean())});
  ARROW_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayFromScalar(arrow::BooleanScalar(true), 1));
  ARROW_ASSIGN_OR_RAISE(auto one_row, arrow::RecordBatchReader::Make(
                                          {arrow::RecordBatch::Make(schema, 1, {column})}, schema));
  plan::Pipeline pipeline;
  pipeline.input = schema;
  pipeline.filter = {predicate};
  pipeline.projection = {{"row", plan::InputColumn(0, arrow::boolean())}};
  ARROW_ASSIGN_OR_RAISE(auto execution, exec::RunOver(pipeline, std::move(one_row), "one row", {}));
  int64_t rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) return rows > 0;
    rows += batch->num_rows();
  }
}

}  // namespace skyhook::client
