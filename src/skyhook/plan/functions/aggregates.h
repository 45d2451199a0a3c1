// The aggregates that a site may be asked for, what they take, what they give, and the state that
// is merged.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace skyhook::plan {

enum class AggregateFunction : uint8_t {
  kCountAll,
  kCount,
  kSum,
  kMin,
  kMax,
  kAvg,
  kCountDistinct,
  kBoolAnd,
  kBoolOr,
  kBitAnd,
  kBitOr,
  kBitXor,
  kVarianceSample,
  kVariancePopulation,
  kStdDevSample,
  kStdDevPopulation,
  kCovarianceSample,
  kCovariancePopulation,
  kCorrelation,
  kApproxCountDistinct,
  kFirst,
  kLast,
  kAnyValue,
  kApproxQuantile,
};

/// What a type rule looks at.
struct MeasureShape {
  AggregateFunction function;
  const std::vector<std::shared_ptr<arrow::DataType>>& arguments;
  const std::shared_ptr<arrow::DataType>& wanted;  ///< may be null
};

/// One entry. NULL arguments do not count unless the definition says otherwise; of two arguments,
/// rows count where neither is NULL.
struct AggregateEntry {
  AggregateFunction function;
  std::string_view name;
  size_t num_arguments;
  std::string_view takes;
  std::string_view definition;
  /// A constant of the measure, which follows the arguments: "fraction".
  std::string_view constant = "";
  std::string_view state;  ///< the columns of its partial state
  std::string_view duckdb = "";
  std::string_view pyarrow = "";
  std::string_view differs = "";
  arrow::Result<std::shared_ptr<arrow::DataType>> (*rule)(const MeasureShape&);
};

/// All entries, in the order of AggregateFunction.
std::span<const AggregateEntry> AggregateCatalogue();
const AggregateEntry& EntryOf(AggregateFunction function);
/// The entry's name: "count", "stddev_samp". That of count(*) is "count_all".
const char* AggregateFunctionName(AggregateFunction function);

/// The result type over arguments of such types, or kUnsupportedPlan. `wanted` is the type asked
/// for: null takes the rule's own; where the entry allows others, values that do not fit them are
/// an error when the result is finished.
arrow::Result<std::shared_ptr<arrow::DataType>> MeasureType(
    AggregateFunction function, const std::vector<std::shared_ptr<arrow::DataType>>& arguments,
    const std::shared_ptr<arrow::DataType>& wanted = nullptr);

}  // namespace skyhook::plan
