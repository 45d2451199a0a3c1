#include "skyhook/vector/batches.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/type_traits.h>
#include <arrow/util/byte_size.h>

#include <algorithm>

namespace skyhook::vector {

namespace {

constexpr int64_t kViewBytes = 16;

// Bytes of a column but for the characters of its text.
int64_t FixedBytes(const arrow::Array& column) {
  const arrow::DataType& type = *column.type();
  if (arrow::is_binary_view_like(type)) return kViewBytes * column.length();
  if (arrow::is_fixed_width(type)) return (column.length() * type.bit_width() + 7) / 8;
  return arrow::util::ReferencedBufferSize(column).ValueOr(0);
}

// Calls `add(row, bytes)` for each text of a column, if it is one of text.
template <typename Add>
void VisitTexts(const arrow::Array& column, Add&& add) {
  if (!arrow::is_binary_view_like(*column.type())) return;
  const auto& views = static_cast<const arrow::BinaryViewArray&>(column);
  const auto* view = views.raw_values();
  const bool nulls = views.null_count() != 0;
  for (int64_t row = 0; row < views.length(); ++row) {
    add(row, nulls && views.IsNull(row) ? 0 : int64_t{view[row].size()});
  }
}

int64_t BytesOf(const arrow::Array& column) {
  int64_t bytes = FixedBytes(column);
  VisitTexts(column, [&](int64_t, int64_t characters) { bytes += characters; });
  if (column.type_id() == arrow::Type::DICTIONARY) {
    bytes += BytesOf(*static_cast<const arrow::DictionaryArray&>(column).dictionary());
  }
  return bytes;
}

}  // namespace

int64_t BytesOf(const arrow::RecordBatch& batch) {
  int64_t bytes = 0;
  for (const auto& column : batch.columns()) bytes += BytesOf(*column);
  return bytes;
}

int64_t BatchBytes(const base::Limits& limits) {
  return std::clamp<int64_t>(limits.memory_bytes / 8, int64_t{64} << 10, int64_t{16} << 20);
}

std::vector<std::shared_ptr<arrow::RecordBatch>> Cut(
    const std::shared_ptr<arrow::RecordBatch>& batch, int64_t rows, int64_t bytes) {
  const int64_t length = batch->num_rows();
  const int64_t held = BytesOf(*batch);
  if (length <= rows && held <= bytes) return {batch};
  int64_t characters = 0;
  std::vector<int64_t> row_bytes(static_cast<size_t>(length), 0);
  for (const auto& column : batch->columns()) {
    VisitTexts(*column, [&](int64_t row, int64_t size) {
      row_bytes[static_cast<size_t>(row)] += size;
      characters += size;
    });
  }
  const int64_t fixed = (held - characters) / std::max<int64_t>(length, 1);
  std::vector<std::shared_ptr<arrow::RecordBatch>> slices;
  for (int64_t begin = 0; begin < length;) {
    int64_t end = begin;
    int64_t taken = 0;
    do {
      taken += fixed + row_bytes[static_cast<size_t>(end++)];
    } while (end < length && end - begin < rows &&
             taken + fixed + row_bytes[static_cast<size_t>(end)] <= bytes);
    slices.push_back(batch->Slice(begin, end - begin));
    begin = end;
  }
  return slices;
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> JoinBatches(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& pieces) {
  if (pieces.size() == 1) return pieces[0];
  arrow::ArrayVector columns;
  int64_t rows = 0;
  for (const std::shared_ptr<arrow::RecordBatch>& piece : pieces) rows += piece->num_rows();
  for (int i = 0; i < pieces[0]->num_columns(); ++i) {
    arrow::ArrayVector parts;
    for (const std::shared_ptr<arrow::RecordBatch>& piece : pieces)
      parts.push_back(piece->column(i));
    ARROW_ASSIGN_OR_RAISE(auto column, arrow::Concatenate(parts));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(pieces[0]->schema(), rows, std::move(columns));
}

}  // namespace skyhook::vector
