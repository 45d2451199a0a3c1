#include "skyhook/plan/functions/aggregates.h"

#include <array>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using TypePtr = std::shared_ptr<arrow::DataType>;

arrow::Status NoSuchMeasure(const MeasureShape& measure) {
  std::string types;
  for (const TypePtr& argument : measure.arguments) {
    types += (types.empty() ? "" : ", ") + argument->ToString();
  }
  return base::UnsupportedPlan(
      "no aggregate {}({}){}", EntryOf(measure.function).name, types,
      measure.wanted == nullptr ? "" : " of " + measure.wanted->ToString());
}

Result<TypePtr> Count(const MeasureShape& measure) {
  const bool distinct = measure.function == AggregateFunction::kCountDistinct ||
                        measure.function == AggregateFunction::kApproxCountDistinct;
  if (distinct && !IsComputable(*measure.arguments[0])) return NoSuchMeasure(measure);
  return arrow::int64();
}

// Sums of integers may be asked for in 64 bits.
Result<TypePtr> Sum(const MeasureShape& measure) {
  const arrow::DataType& argument = *measure.arguments[0];
  if (IsFloat(argument)) return arrow::float64();
  if (IsInteger(argument)) {
    const bool narrow = measure.wanted != nullptr && (measure.wanted->id() == arrow::Type::INT64 ||
                                                      measure.wanted->id() == arrow::Type::UINT64);
    return narrow ? measure.wanted : arrow::decimal128(38, 0);
  }
  if (IsDecimal(argument)) {
    return DecimalType(IsWideDecimal(argument) ? 76 : 38, ShapeOf(argument).scale);
  }
  return NoSuchMeasure(measure);
}

Result<TypePtr> Extreme(const MeasureShape& measure) {
  if (!IsOrdered(*measure.arguments[0])) return NoSuchMeasure(measure);
  return measure.arguments[0];
}

Result<TypePtr> Quantile(const MeasureShape& measure) {
  const arrow::DataType& argument = *measure.arguments[0];
  if (!IsNumeric(argument) && !arrow::is_temporal(argument.id())) return NoSuchMeasure(measure);
  if (!IsComputable(argument) || IsWideDecimal(argument)) return NoSuchMeasure(measure);
  return measure.arguments[0];
}

Result<TypePtr> Average(const MeasureShape& measure) {
  if (!IsNumeric(*measure.arguments[0])) return NoSuchMeasure(measure);
  const bool narrow = measure.wanted != nullptr && measure.wanted->id() == arrow::Type::FLOAT;
  return narrow ? measure.wanted : arrow::float64();
}

Result<TypePtr> Logic(const MeasureShape& measure) {
  if (measure.arguments[0]->id() != arrow::Type::BOOL) return NoSuchMeasure(measure);
  return arrow::boolean();
}

Result<TypePtr> Bits(const MeasureShape& measure) {
  if (!IsInteger(*measure.arguments[0])) return NoSuchMeasure(measure);
  return measure.arguments[0];
}

Result<TypePtr> Moment(const MeasureShape& measure) {
  for (const TypePtr& argument : measure.arguments) {
    if (!IsFloat(*argument)) return NoSuchMeasure(measure);
  }
  const bool narrow = measure.wanted != nullptr && measure.wanted->id() == arrow::Type::FLOAT;
  return narrow ? measure.wanted : arrow::float64();
}

constexpr std::string_view kPlaced =
    "T, then int64 place of its row: the row of its fragment, from the merger on that of the table";

constexpr std::string_view kMoments = "int64 count, double mean, double sum of squared deviations";
constexpr std::string_view kComoments =
    "int64 count, double means of both, double sums of squared deviations of both and of their "
    "products";

constexpr std::array kEntries = {
    AggregateEntry{
        .function = AggregateFunction::kCountAll,
        .name = "count_all",
        .num_arguments = 0,
        .takes = "() -> int64",
        .definition = "Number of rows.",
        .state = "int64",
        .duckdb = "count(*)",
        .pyarrow = "count_all",
        .rule = Count,
    },
    AggregateEntry{
        .function = AggregateFunction::kCount,
        .name = "count",
        .num_arguments = 1,
        .takes = "(any) -> int64",
        .definition = "Number of values that are not NULL.",
        .state = "int64",
        .duckdb = "count(x)",
        .pyarrow = "count",
        .rule = Count,
    },
    AggregateEntry{
        .function = AggregateFunction::kSum,
        .name = "sum",
        .num_arguments = 1,
        .takes = "(integer) -> decimal128(38, 0), int64 or uint64; (decimal(p, s)) -> "
                 "decimal128(38, s), of more than 38 digits decimal256(76, s); (float) -> double",
        .definition = "Exact for integers and decimals; a result that does not fit is an error. "
                      "Floats are added in twice the precision and rounded once. NULL for no "
                      "values.",
        .state = "decimal128(38, s) as a 128-bit integer; of decimals of more than 18 digits "
                 "decimal128(38, s) or decimal256(76, s) as a sum modulo 2^128 or 2^256, and int64 "
                 "how often that wrapped around; of floats double high and low",
        .duckdb = "sum",
        .pyarrow = "sum",
        .differs = "pyarrow's sums of 64-bit integers wrap around.",
        .rule = Sum,
    },
    AggregateEntry{
        .function = AggregateFunction::kMin,
        .name = "min",
        .num_arguments = 1,
        .takes = "(T) -> T",
        .definition = "First value in the order of lt, where NaN is greatest. NULL for no values.",
        .state = "T",
        .duckdb = "min",
        .pyarrow = "min",
        .differs = "pyarrow passes over NaN.",
        .rule = Extreme,
    },
    AggregateEntry{
        .function = AggregateFunction::kMax,
        .name = "max",
        .num_arguments = 1,
        .takes = "(T) -> T",
        .definition = "Last value in the order of lt, where NaN is greatest. NULL for no values.",
        .state = "T",
        .duckdb = "max",
        .pyarrow = "max",
        .differs = "pyarrow passes over NaN.",
        .rule = Extreme,
    },
    AggregateEntry{
        .function = AggregateFunction::kAvg,
        .name = "avg",
        .num_arguments = 1,
        .takes = "(number) -> double or float",
        .definition = "The sum, exact or in twice the precision, by the count. NULL for no values.",
        .state = "that of sum, then int64 count",
        .duckdb = "avg, mean",
        .pyarrow = "mean",
        .rule = Average,
    },
    AggregateEntry{
        .function = AggregateFunction::kCountDistinct,
        .name = "count_distinct",
        .num_arguments = 1,
        .takes = "(T) -> int64",
        .definition = "Number of different values, exact. NaN equals NaN, -0.0 equals 0.0.",
        .state = "list of the values",
        .duckdb = "count(DISTINCT x)",
        .pyarrow = "count_distinct",
        .rule = Count,
    },
    AggregateEntry{
        .function = AggregateFunction::kBoolAnd,
        .name = "bool_and",
        .num_arguments = 1,
        .takes = "(bool) -> bool",
        .definition = "False if any value is. NULL for no values.",
        .state = "bool",
        .duckdb = "bool_and",
        .pyarrow = "all",
        .rule = Logic,
    },
    AggregateEntry{
        .function = AggregateFunction::kBoolOr,
        .name = "bool_or",
        .num_arguments = 1,
        .takes = "(bool) -> bool",
        .definition = "True if any value is. NULL for no values.",
        .state = "bool",
        .duckdb = "bool_or",
        .pyarrow = "any",
        .rule = Logic,
    },
    AggregateEntry{
        .function = AggregateFunction::kBitAnd,
        .name = "bit_and",
        .num_arguments = 1,
        .takes = "(T) -> T, T an integer",
        .definition = "Bits that all values have. NULL for no values.",
        .state = "T",
        .duckdb = "bit_and",
        .rule = Bits,
    },
    AggregateEntry{
        .function = AggregateFunction::kBitOr,
        .name = "bit_or",
        .num_arguments = 1,
        .takes = "(T) -> T, T an integer",
        .definition = "Bits that any value has. NULL for no values.",
        .state = "T",
        .duckdb = "bit_or",
        .rule = Bits,
    },
    AggregateEntry{
        .function = AggregateFunction::kBitXor,
        .name = "bit_xor",
        .num_arguments = 1,
        .takes = "(T) -> T, T an integer",
        .definition = "Bits that an odd number of values have. NULL for no values.",
        .state = "T",
        .duckdb = "bit_xor",
        .rule = Bits,
    },
    AggregateEntry{
        .function = AggregateFunction::kVarianceSample,
        .name = "var_samp",
        .num_arguments = 1,
        .takes = "(float) -> double or float",
        .definition = "Sum of squared deviations by the count less one; NULL for fewer than two "
                      "values. Not a number where a value is infinite or NaN.",
        .state = kMoments,
        .duckdb = "var_samp, variance",
        .pyarrow = "variance, with ddof = 1",
        .differs = "DuckDB fails where a value is infinite or NaN, and so finishes itself.",
        .rule = Moment,
    },
    AggregateEntry{
        .function = AggregateFunction::kVariancePopulation,
        .name = "var_pop",
        .num_arguments = 1,
        .takes = "(float) -> double or float",
        .definition = "Sum of squared deviations by the count; NULL for no values.",
        .state = kMoments,
        .duckdb = "var_pop",
        .pyarrow = "variance",
        .rule = Moment,
    },
    AggregateEntry{
        .function = AggregateFunction::kStdDevSample,
        .name = "stddev_samp",
        .num_arguments = 1,
        .takes = "(float) -> double or float",
        .definition = "Square root of var_samp.",
        .state = kMoments,
        .duckdb = "stddev_samp, stddev",
        .pyarrow = "stddev, with ddof = 1",
        .rule = Moment,
    },
    AggregateEntry{
        .function = AggregateFunction::kStdDevPopulation,
        .name = "stddev_pop",
        .num_arguments = 1,
        .takes = "(float) -> double or float",
        .definition = "Square root of var_pop.",
        .state = kMoments,
        .duckdb = "stddev_pop",
        .pyarrow = "stddev",
        .rule = Moment,
    },
    AggregateEntry{
        .function = AggregateFunction::kCovarianceSample,
        .name = "covar_samp",
        .num_arguments = 2,
        .takes = "(float y, float x) -> double or float",
        .definition = "Sum of products of deviations by the count less one; NULL for fewer than "
                      "two rows.",
        .state = kComoments,
        .duckdb = "covar_samp",
        .rule = Moment,
    },
    AggregateEntry{
        .function = AggregateFunction::kCovariancePopulation,
        .name = "covar_pop",
        .num_arguments = 2,
        .takes = "(float y, float x) -> double or float",
        .definition = "Sum of products of deviations by the count; NULL for no rows.",
        .state = kComoments,
        .duckdb = "covar_pop",
        .rule = Moment,
    },
    AggregateEntry{
        .function = AggregateFunction::kCorrelation,
        .name = "corr",
        .num_arguments = 2,
        .takes = "(float y, float x) -> double or float",
        .definition = "Sum of products of deviations by the root of the product of the sums of "
                      "their squares; NULL for no rows, NaN where one side does not vary.",
        .state = kComoments,
        .duckdb = "corr",
        .rule = Moment,
    },
    AggregateEntry{
        .function = AggregateFunction::kApproxCountDistinct,
        .name = "approx_count_distinct",
        .num_arguments = 1,
        .takes = "(T) -> int64",
        .definition = "About the number of different values, as count_distinct tells them apart: "
                      "exact up to 256 of them, and beyond with a relative standard error of "
                      "1.6 %.",
        .state = "bytes: the XXH3 hashes of up to 256 values in order, or the 4096 registers of a "
                 "HyperLogLog sketch of such hashes",
        .duckdb = "approx_count_distinct, with an error of its own",
        .rule = Count,
    },
    AggregateEntry{
        .function = AggregateFunction::kFirst,
        .name = "first",
        .num_arguments = 1,
        .takes = "(T) -> T",
        .definition = "The value of the first row in the order of (fragment, row), also where it "
                      "is NULL. NULL for no rows.",
        .state = kPlaced,
        .duckdb = "first, arbitrary",
        .pyarrow = "first, with skip_nulls = False",
        .differs = "With several threads, DuckDB and pyarrow return the value of any row.",
        .rule = Extreme,
    },
    AggregateEntry{
        .function = AggregateFunction::kLast,
        .name = "last",
        .num_arguments = 1,
        .takes = "(T) -> T",
        .definition = "The value of the last row in the order of (fragment, row), also where it is "
                      "NULL. NULL for no rows.",
        .state = kPlaced,
        .duckdb = "last",
        .pyarrow = "last, with skip_nulls = False",
        .differs = "With several threads, DuckDB and pyarrow return the value of any row.",
        .rule = Extreme,
    },
    AggregateEntry{
        .function = AggregateFunction::kAnyValue,
        .name = "any_value",
        .num_arguments = 1,
        .takes = "(T) -> T",
        .definition = "The first value that is not NULL, in the order of (fragment, row). NULL for "
                      "no values.",
        .state = kPlaced,
        .duckdb = "any_value",
        .pyarrow = "first",
        .differs = "With several threads, DuckDB and pyarrow return any value.",
        .rule = Extreme,
    },
    AggregateEntry{
        .function = AggregateFunction::kApproxQuantile,
        .name = "approx_quantile",
        .num_arguments = 1,
        .takes = "(T, double fraction) -> T, T a number of at most 38 digits, date, time or "
                 "timestamp",
        .definition =
            "About the value at rank fraction * (n - 1) of the n values in order, counted "
            "from 0 and interpolated between two. Infinite values and NaN do not count; "
            "values are taken as doubles. The least, the greatest and up to 4096 "
            "different values are exact. Beyond, a value is off by at most 0.4 % of "
            "itself where all have one sign and the greatest is less than 2^31 times the "
            "least, by 0.8 % up to 2^63 times, and so on. The result does not depend on "
            "how rows were split. NULL for no values.",
        .constant = "fraction",
        .state =
            "bytes: double least, double greatest, int64 dropped bits of the significand, then "
            "int64 key and int64 count of up to 4096 buckets",
        .duckdb = "approx_quantile with one fraction, with an error of its own",
        .pyarrow = "tdigest or approximate_median, with an error of their own",
        .rule = Quantile,
    },
};

}  // namespace

std::span<const AggregateEntry> AggregateCatalogue() { return kEntries; }

const AggregateEntry& EntryOf(AggregateFunction function) {
  return kEntries[static_cast<size_t>(function)];
}

const char* AggregateFunctionName(AggregateFunction function) {
  return EntryOf(function).name.data();
}

Result<TypePtr> MeasureType(AggregateFunction function, const std::vector<TypePtr>& arguments,
                            const TypePtr& wanted) {
  const MeasureShape measure{function, arguments, wanted};
  if (arguments.size() != EntryOf(function).num_arguments) return NoSuchMeasure(measure);
  ARROW_ASSIGN_OR_RAISE(auto type, EntryOf(function).rule(measure));
  if (wanted != nullptr && !type->Equals(*wanted)) return NoSuchMeasure(measure);
  return type;
}

}  // namespace skyhook::plan
