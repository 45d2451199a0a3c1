#include "skyhook/format/parquet/rewrite/dictionary_choice.h"

#include <arrow/array.h>
#include <arrow/array/builder_base.h>

#include <algorithm>
#include <memory>

namespace skyhook::format {
namespace {

/// How often each distinct value occurs; empty for types whose values cannot be told apart.
arrow::Result<std::vector<int64_t>> CountsOf(const arrow::Array& values) {
  std::unique_ptr<arrow::ArrayBuilder> builder;
  const arrow::Status made = arrow::MakeDictionaryBuilder(
      arrow::default_memory_pool(), arrow::dictionary(arrow::int32(), values.type()),
      /*dictionary=*/nullptr, &builder);
  if (made.IsNotImplemented() || made.IsTypeError()) return std::vector<int64_t>();
  ARROW_RETURN_NOT_OK(made);
  ARROW_RETURN_NOT_OK(builder->AppendArraySlice(*values.data(), 0, values.length()));
  ARROW_ASSIGN_OR_RAISE(const auto array, builder->Finish());
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*array);
  std::vector<int64_t> counts(static_cast<size_t>(encoded.dictionary()->length()));
  for (int64_t i = 0; i < encoded.length(); ++i) {
    if (encoded.IsValid(i)) ++counts[static_cast<size_t>(encoded.GetValueIndex(i))];
  }
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

arrow::Result<std::vector<std::string>> ColumnsWithoutDictionary(const arrow::RecordBatch& sample,
                                                                 int64_t row_group_rows) {
  std::vector<std::string> out;
  for (int column = 0; column < sample.num_columns(); ++column) {
    const auto& values = sample.column(column);
    const bool is_flat = values->type()->num_fields() == 0 &&
                         values->type_id() != arrow::Type::DICTIONARY &&
                         values->type_id() != arrow::Type::EXTENSION;
    if (!is_flat || values->length() == values->null_count()) continue;
    ARROW_ASSIGN_OR_RAISE(const auto counts, CountsOf(*values->Slice(0, kDictionarySampleRows)));
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
