#include "skyhook/sql/chunk_bytes.h"

#include <numeric>

namespace skyhook::sql {
namespace {

using duckdb::idx_t;

void AddBytes(duckdb::Vector& vector, idx_t rows, std::vector<int64_t>* bytes);

void AddTextBytes(duckdb::Vector& vector, idx_t rows, std::vector<int64_t>* bytes) {
  duckdb::UnifiedVectorFormat format;
  vector.ToUnifiedFormat(rows, format);
  const auto* values = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(format);
  for (idx_t row = 0; row < rows; ++row) {
    const idx_t at = format.sel->get_index(row);
    if (format.validity.RowIsValid(at)) (*bytes)[row] += values[at].GetSize();
    (*bytes)[row] += sizeof(int32_t);
  }
}

// The bytes of the elements up to each, so that those of a list are one difference.
std::vector<int64_t> BytesUpTo(duckdb::Vector& elements, idx_t count) {
  std::vector<int64_t> bytes(count, 0);
  AddBytes(elements, count, &bytes);
  std::vector<int64_t> sums(count + 1, 0);
  std::partial_sum(bytes.begin(), bytes.end(), sums.begin() + 1);
  return sums;
}

void AddListBytes(duckdb::Vector& vector, idx_t rows, std::vector<int64_t>* bytes) {
  const auto sums =
      BytesUpTo(duckdb::ListVector::GetEntry(vector), duckdb::ListVector::GetListSize(vector));
  duckdb::UnifiedVectorFormat format;
  vector.ToUnifiedFormat(rows, format);
  const auto* lists = duckdb::UnifiedVectorFormat::GetData<duckdb::list_entry_t>(format);
  for (idx_t row = 0; row < rows; ++row) {
    const idx_t at = format.sel->get_index(row);
    (*bytes)[row] += sizeof(int32_t);
    if (!format.validity.RowIsValid(at)) continue;
    const auto [offset, length] = lists[at];
    (*bytes)[row] += sums[offset + length] - sums[offset];
  }
}

void AddArrayBytes(duckdb::Vector& vector, idx_t rows, std::vector<int64_t>* bytes) {
  const idx_t size = duckdb::ArrayType::GetSize(vector.GetType());
  const auto sums = BytesUpTo(duckdb::ArrayVector::GetEntry(vector), rows * size);
  for (idx_t row = 0; row < rows; ++row) (*bytes)[row] += sums[(row + 1) * size] - sums[row * size];
}

void AddBytes(duckdb::Vector& vector, idx_t rows, std::vector<int64_t>* bytes) {
  switch (vector.GetType().InternalType()) {
    case duckdb::PhysicalType::VARCHAR:
      return AddTextBytes(vector, rows, bytes);
    case duckdb::PhysicalType::LIST:
      return AddListBytes(vector, rows, bytes);
    case duckdb::PhysicalType::ARRAY:
      return AddArrayBytes(vector, rows, bytes);
    case duckdb::PhysicalType::STRUCT:
      for (auto& field : duckdb::StructVector::GetEntries(vector)) AddBytes(*field, rows, bytes);
      return;
    default:
      const auto size =
          static_cast<int64_t>(duckdb::GetTypeIdSize(vector.GetType().InternalType()));
      for (idx_t row = 0; row < rows; ++row) (*bytes)[row] += size;
  }
}

}  // namespace

std::vector<int64_t> RowBytes(duckdb::DataChunk& chunk) {
  std::vector<int64_t> bytes(chunk.size(), 0);
  for (auto& column : chunk.data) AddBytes(column, chunk.size(), &bytes);
  return bytes;
}

}  // namespace skyhook::sql
