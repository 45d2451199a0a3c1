#include "skyhook/format/array_row_group_reader.h"

#include <arrow/util/byte_size.h>

#include <map>
#include <set>

#include "skyhook/base/status.h"
#include "skyhook/format/engine_array.h"

namespace skyhook::format {

ArrayRowGroupReader::ArrayRowGroupReader(std::string where, const arrow::Schema& schema,
                                         std::vector<plan::NestedField> nested, plan::RowRange rows,
                                         arrow::MemoryPool* pool)
    : where_(std::move(where)),
      nested_(std::move(nested)),
      columns_schema_(plan::AllColumns(schema, nested_)),
      rows_(rows),
      pool_(pool),
      columns_(static_cast<size_t>(columns_schema_->num_fields())) {}

arrow::Status ArrayRowGroupReader::Prefetch(const std::vector<int>& columns,
                                            const plan::RowRanges& rows, bool late) {
  if (!rows.Overlaps(rows_)) return arrow::Status::OK();
  return base::AddContext(LoadMissing(columns), where_);
}

const plan::NestedField* ArrayRowGroupReader::Nested(int column) const {
  const int index = column - (columns_schema_->num_fields() - static_cast<int>(nested_.size()));
  return index < 0 ? nullptr : &nested_[static_cast<size_t>(index)];
}

arrow::Status ArrayRowGroupReader::LoadMissing(const std::vector<int>& columns) {
  std::set<int> missing;
  std::map<int, std::shared_ptr<arrow::Array>> loaded;  // by column of the schema
  for (int column : columns) {
    if (column < 0 || column >= columns_schema_->num_fields()) {
      return base::Invalid("column {} of {}", column, columns_schema_->num_fields());
    }
    if (columns_[static_cast<size_t>(column)] != nullptr) continue;
    missing.insert(column);
    loaded[Nested(column) == nullptr ? column : Nested(column)->column] = nullptr;
  }
  if (missing.empty()) return arrow::Status::OK();
  std::vector<int> wanted;
  for (const auto& [column, array] : loaded) wanted.push_back(column);
  ARROW_ASSIGN_OR_RAISE(const arrow::ArrayVector arrays, Load(wanted));
  for (size_t i = 0; i < wanted.size(); ++i) loaded[wanted[i]] = arrays[i];
  for (int column : missing) {
    const int from = Nested(column) == nullptr ? column : Nested(column)->column;
    auto array = ToColumn(column, loaded[from]);
    if (!array.ok()) {
      const auto& name = columns_schema_->field(column)->name();
      return base::AddContext(array.status(), "column '" + name + "'");
    }
    columns_[static_cast<size_t>(column)] = std::move(array).ValueUnsafe();
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::Array>> ArrayRowGroupReader::ToColumn(
    int column, const std::shared_ptr<arrow::Array>& loaded) {
  if (loaded->length() != rows_.size()) {
    return base::CorruptData("{} values in {} rows", loaded->length(), rows_.size());
  }
  std::shared_ptr<arrow::Array> values = loaded;
  if (const plan::NestedField* nested = Nested(column)) {
    ARROW_ASSIGN_OR_RAISE(values, FieldOf(loaded, nested->path, pool_));
  }
  return ToEngineType(values, columns_schema_->field(column)->type(), pool_);
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
