#include "skyhook/format/array_row_group_reader.h"

#include <arrow/util/byte_size.h>

#include <set>

#include "skyhook/base/status.h"
#include "skyhook/format/engine_array.h"

namespace skyhook::format {

ArrayRowGroupReader::ArrayRowGroupReader(std::string where, std::shared_ptr<arrow::Schema> schema,
                                         plan::RowRange rows, arrow::MemoryPool* pool)
    : where_(std::move(where)),
      schema_(std::move(schema)),
      rows_(rows),
      pool_(pool),
      columns_(static_cast<size_t>(schema_->num_fields())) {}

arrow::Status ArrayRowGroupReader::Prefetch(const std::vector<int>& columns,
                                            const plan::RowRanges& rows, bool late) {
  if (rows.Intersect(rows_).empty()) return arrow::Status::OK();
  return base::AddContext(LoadMissing(columns), where_);
}

arrow::Status ArrayRowGroupReader::LoadMissing(const std::vector<int>& columns) {
  std::vector<int> missing;
  for (int column : std::set<int>(columns.begin(), columns.end())) {
    if (column < 0 || column >= schema_->num_fields()) {
      return base::Invalid("column {} of {}", column, schema_->num_fields());
    }
    if (columns_[static_cast<size_t>(column)] == nullptr) missing.push_back(column);
  }
  if (missing.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector loaded, Load(missing));
  for (size_t i = 0; i < missing.size(); ++i) {
    const auto& field = schema_->field(missing[i]);
    if (loaded[i]->length() != rows_.size()) {
      return base::CorruptData("column '{}': {} values in {} rows", field->name(),
                               loaded[i]->length(), rows_.size());
    }
    auto array = ToEngineType(loaded[i], field->type(), pool_);
    if (!array.ok()) return base::AddContext(array.status(), "column '" + field->name() + "'");
    columns_[static_cast<size_t>(missing[i])] = std::move(array).ValueUnsafe();
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Array>> ArrayRowGroupReader::Read(
    int column, int64_t begin, int64_t length, std::optional<std::span<const int32_t>> selection) {
  if (begin < rows_.begin || length < 0 || length > rows_.end - begin) {
    return base::Invalid("{}: rows {}+{} of a row group with rows [{},{})", where_, begin, length,
                         rows_.begin, rows_.end);
  }
  const arrow::Status loaded = LoadMissing({column});
  if (!loaded.ok()) return base::AddContext(loaded, where_);
  return SelectRows(columns_[static_cast<size_t>(column)], begin - rows_.begin, length, selection,
                    pool_);
}

int64_t ArrayRowGroupReader::bytes_held() const {
  int64_t bytes = 0;
  for (const auto& column : columns_) {
    if (column != nullptr) bytes += arrow::util::TotalBufferSize(*column);
  }
  return bytes;
}

}  // namespace skyhook::format
