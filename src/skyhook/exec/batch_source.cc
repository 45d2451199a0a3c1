#include "skyhook/exec/batch_source.h"

#include <arrow/util/byte_size.h>

#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/format/batch_reader.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

Result<std::unique_ptr<RowSource>> BatchSource::Make(
    const plan::Pipeline& pipeline, std::shared_ptr<arrow::RecordBatchReader> batches,
    std::string name) {
  auto schema = plan::EngineSchema(*batches->schema());
  auto nested = plan::NestedFieldsOf(*schema);
  ARROW_ASSIGN_OR_RAISE(InputBinding input, InputBinding::Make(pipeline, name, schema, nested));
  return std::unique_ptr<RowSource>(new BatchSource(
      std::move(name), std::move(input), std::move(schema), std::move(nested), std::move(batches)));
}

Result<bool> BatchSource::Begin(Wanted wanted, int64_t*) {
  ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, NextBatch(wanted));
  if (batch == nullptr) return false;
  const plan::RowRange rows{rows_.end(), rows_.end() + batch->num_rows()};
  rows_ = plan::RowRanges::All(rows.end);
  wanted.context.cost->rows_in += rows.size();
  if (IsCounted(wanted)) {
    Count(wanted.program, {rows}, rows.end);
    return true;
  }
  Piece piece{format::MakeBatchReader(name_, *schema_, nested_, rows, batch),
              {rows},
              RowBytes(*batch, wanted),
              rows.end};
  ARROW_RETURN_NOT_OK(Scan(std::move(wanted), std::move(piece)));
  return true;
}

Result<BatchPtr> BatchSource::NextBatch(const Wanted& wanted) {
  while (true) {
    ARROW_RETURN_NOT_OK(wanted.context.stop.Poll());
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, batches_->Next());
    if (batch == nullptr) return batch;
    if (!batch->schema()->Equals(*batches_->schema(), /*check_metadata=*/false)) {
      return base::Invalid("{}: a batch with schema {} where {} is expected", name_,
                           batch->schema()->ToString(), batches_->schema()->ToString());
    }
    if (batch->num_rows() > 0) return batch;
  }
}

int64_t BatchSource::RowBytes(const arrow::RecordBatch& batch, const Wanted& wanted) const {
  int64_t bytes = 0;
  for (int field : FieldsOf(wanted)) {
    const int top = schema_->num_fields();
    const int column = field < top ? field : nested_[static_cast<size_t>(field - top)].column;
    bytes += arrow::util::TotalBufferSize(*batch.column_data(column));
  }
  return bytes / batch.num_rows();
}

}  // namespace skyhook::exec
