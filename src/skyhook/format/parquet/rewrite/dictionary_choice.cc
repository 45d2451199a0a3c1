#include "skyhook/format/parquet/rewrite/dictionary_choice.h"

#include <arrow/array.h>
#include <arrow/compute/api.h>

#include <algorithm>

namespace skyhook::format {
namespace {

/// Among `rows` rows, of which the values in `counts` were seen in a sample.
double DistinctValues(const arrow::Int64Array& counts, double rows) {
  double once = 0;
  double twice = 0;
  for (int64_t i = 0; i < counts.length(); ++i) {
    once += counts.Value(i) == 1 ? 1 : 0;
    twice += counts.Value(i) == 2 ? 1 : 0;
  }
  // The second form is that of no value seen twice.
  const double unseen = twice > 0 ? once * once / (2 * twice) : once * (once - 1) / 2;
  return std::min(static_cast<double>(counts.length()) + unseen, rows);
}

}  // namespace

arrow::Result<std::vector<std::string>> ColumnsWithoutDictionary(const arrow::RecordBatch& sample,
                                                                 int64_t row_group_rows) {
  std::vector<std::string> out;
  for (int column = 0; column < sample.num_columns(); ++column) {
    const auto& values = sample.column(column);
    if (values->length() == values->null_count() || values->type()->num_fields() > 0) continue;
    const auto counted = arrow::compute::ValueCounts(values->Slice(0, kDictionarySampleRows));
    if (counted.status().IsNotImplemented() || counted.status().IsTypeError()) continue;
    ARROW_RETURN_NOT_OK(counted.status());
    const auto counts = std::static_pointer_cast<arrow::Int64Array>((*counted)->field(1));
    // A row group ends early where there are no more rows.
    const bool is_all = values->length() < std::min(kDictionarySampleRows, row_group_rows);
    const auto rows = static_cast<double>(is_all ? values->length() : row_group_rows);
    const double distinct =
        is_all ? static_cast<double>(counts->length()) : DistinctValues(*counts, rows);
    if (distinct > rows / 2) out.push_back(sample.schema()->field(column)->name());
  }
  return out;
}

}  // namespace skyhook::format
