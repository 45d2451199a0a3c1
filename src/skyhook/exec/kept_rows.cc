#include "skyhook/exec/kept_rows.h"

#include <algorithm>
#include <utility>

#include "skyhook/exec/sink.h"
#include "skyhook/vector/batches.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

namespace {

// Values as an array of their own, which keeps nothing else of the batch that they came from.
Result<std::shared_ptr<arrow::Array>> Detached(const vector::Column& column,
                                               std::span<const int32_t> rows) {
  ARROW_ASSIGN_OR_RAISE(vector::Column some, column.Gather(rows));
  ARROW_ASSIGN_OR_RAISE(some, some.Flatten());
  ARROW_ASSIGN_OR_RAISE(some, some.Compact());
  return some.ToArray();
}

Result<BatchPtr> Detached(const arrow::RecordBatch& batch, std::span<const int32_t> rows) {
  arrow::ArrayVector arrays;
  for (const auto& array : batch.columns()) {
    ARROW_ASSIGN_OR_RAISE(const auto column, vector::Column::FromArray(array));
    ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), Detached(column, rows));
  }
  return arrow::RecordBatch::Make(batch.schema(), static_cast<int64_t>(rows.size()),
                                  std::move(arrays));
}

// The places of `rows` in `all`; both ascend.
std::vector<int32_t> PlacesOf(std::span<const int64_t> rows, const std::vector<int64_t>& all) {
  std::vector<int32_t> places;
  auto at = all.begin();
  for (int64_t row : rows) {
    at = std::lower_bound(at, all.end(), row);
    places.push_back(static_cast<int32_t>(at - all.begin()));
  }
  return places;
}

// The columns of a batch by their numbers in the pipeline's input.
class BatchColumns : public ColumnSource {
 public:
  BatchColumns(const std::vector<int>& columns, const arrow::RecordBatch* batch)
      : columns_(columns), batch_(batch) {}

  Result<vector::Column> Load(int column) override {
    const auto found = std::lower_bound(columns_.begin(), columns_.end(), column);
    return vector::Column::FromArray(batch_->column(static_cast<int>(found - columns_.begin())));
  }

 private:
  const std::vector<int>& columns_;
  const arrow::RecordBatch* batch_;
};

}  // namespace

std::set<int> Projection::Columns(const Program& program) const {
  std::set<int> columns;
  for (int node : nodes) {
    const auto& read = program.node(node).columns;
    columns.insert(read.begin(), read.end());
  }
  return columns;
}

Status KeptRows::Add(Chunk* chunk, const std::set<int>& columns, std::span<const int32_t> rows) {
  if (rows.empty()) return Status::OK();
  columns_.assign(columns.begin(), columns.end());
  arrow::ArrayVector arrays;
  arrow::FieldVector fields;
  for (int column : columns_) {
    ARROW_ASSIGN_OR_RAISE(const vector::Column values, chunk->Load(column));
    ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), Detached(values, rows));
    fields.push_back(arrow::field("", arrays.back()->type()));
  }
  batches_.push_back(arrow::RecordBatch::Make(
      arrow::schema(std::move(fields)), static_cast<int64_t>(rows.size()), std::move(arrays)));
  for (int32_t row : rows) rows_.push_back(chunk->RowAt(row));
  bytes_ += BytesOf(*batches_.back());
  return Status::OK();
}

Status KeptRows::Retain(std::span<const int64_t> rows) {
  if (rows.size() == rows_.size()) return Status::OK();
  ARROW_RETURN_NOT_OK(Join());
  ARROW_ASSIGN_OR_RAISE(batches_.front(), Detached(*batches_.front(), PlacesOf(rows, rows_)));
  rows_.assign(rows.begin(), rows.end());
  bytes_ = BytesOf(*batches_.front());
  return Status::OK();
}

void KeptRows::Clear() {
  batches_.clear();
  rows_.clear();
  bytes_ = 0;
}

Result<BatchPtr> KeptRows::Fetch(const Projection& projection, const Program& program,
                                 std::span<const int64_t> rows, int64_t bytes) {
  ARROW_RETURN_NOT_OK(Join());
  const int64_t most = bytes / std::max<int64_t>(bytes_ / num_rows(), 1) + 1;
  const auto some = rows.first(std::min(rows.size(), static_cast<size_t>(most)));
  ARROW_ASSIGN_OR_RAISE(const BatchPtr batch, Detached(*batches_.front(), PlacesOf(some, rows_)));
  BatchColumns source(columns_, batch.get());
  Frame frame(&program, &source, batch->num_rows(), nullptr);
  return ProjectBatch(projection.schema, projection.nodes, &frame, true);
}

Status KeptRows::Join() {
  ARROW_ASSIGN_OR_RAISE(BatchPtr joined, vector::JoinBatches(batches_));
  batches_ = {std::move(joined)};
  return Status::OK();
}

int64_t KeptRows::BytesOf(const arrow::RecordBatch& batch) {
  return vector::BytesOf(batch) + batch.num_rows() * static_cast<int64_t>(sizeof(int64_t));
}

}  // namespace skyhook::exec
