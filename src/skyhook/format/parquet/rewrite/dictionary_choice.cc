#include "skyhook/format/parquet/rewrite/dictionary_choice.h"

#include <arrow/array.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <unordered_map>

namespace skyhook::format {
namespace {

/// The bytes of a value that is not null; null for types that are not told apart by them.
using ValueAt = std::function<std::string_view(int64_t row)>;

template <typename Array>
ValueAt ViewsOf(const arrow::Array& values) {
  return [&array = static_cast<const Array&>(values)](int64_t row) { return array.GetView(row); };
}

ValueAt BytesOf(const arrow::Array& values) {
  const arrow::Type::type id = values.type_id();
  if (arrow::is_binary(id) || arrow::is_string(id)) {
    return arrow::is_large_binary_like(id) ? ViewsOf<arrow::LargeBinaryArray>(values)
                                           : ViewsOf<arrow::BinaryArray>(values);
  }
  if (arrow::is_binary_view_like(id)) return ViewsOf<arrow::BinaryViewArray>(values);
  const bool is_number =
      arrow::is_primitive(id) || arrow::is_decimal(id) || id == arrow::Type::FIXED_SIZE_BINARY;
  const int width = is_number ? values.type()->bit_width() / 8 : 0;  // of booleans: 0
  if (width == 0) return nullptr;
  const auto* bytes =
      reinterpret_cast<const char*>(values.data()->buffers[1]->data()) + values.offset() * width;
  return [=](int64_t row) {
    return std::string_view(bytes + row * width, static_cast<size_t>(width));
  };
}

/// How often each distinct value occurs; empty for types that are not told apart.
std::vector<int64_t> CountsOf(const arrow::Array& values) {
  const ValueAt value_at = BytesOf(values);
  std::unordered_map<std::string_view, int64_t> by_value;
  for (int64_t row = 0; value_at != nullptr && row < values.length(); ++row) {
    if (values.IsValid(row)) ++by_value[value_at(row)];
  }
  std::vector<int64_t> counts;
  for (const auto& [value, count] : by_value) counts.push_back(count);
  return counts;
}

/// Among `rows` rows, of which the values in `counts` were seen in a sample.
double DistinctValues(const std::vector<int64_t>& counts, double rows) {
  const auto once = static_cast<double>(std::count(counts.begin(), counts.end(), 1));
  const auto twice = static_cast<double>(std::count(counts.begin(), counts.end(), 2));
  // The second form is that of no value seen twice.
  const double unseen = twice > 0 ? once * once / (2 * twice) : once * (once - 1) / 2;
  return std::min(static_cast<double>(counts.size()) + unseen, rows);
}

}  // namespace

std::vector<std::string> ColumnsWithoutDictionary(const arrow::RecordBatch& sample,
                                                  int64_t row_group_rows) {
  std::vector<std::string> out;
  for (int column = 0; column < sample.num_columns(); ++column) {
    const auto& values = sample.column(column);
    const auto first = values->Slice(0, kDictionarySampleRows);
    const std::vector<int64_t> counts = CountsOf(*first);
    if (counts.empty()) continue;
    // A row group ends early where there are no more rows.
    const bool is_all = values->length() < std::min(kDictionarySampleRows, row_group_rows);
    const auto rows = static_cast<double>(is_all ? values->length() : row_group_rows);
    const double distinct =
        is_all ? static_cast<double>(counts.size()) : DistinctValues(counts, rows);
    if (distinct > rows / 2) out.push_back(sample.schema()->field(column)->name());
  }
  return out;
}

}  // namespace skyhook::format
