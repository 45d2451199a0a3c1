#include "skyhook/exec/aggregate/finish.h"

#include <arrow/compute/api.h>

#include <cmath>
#include <limits>
#include <optional>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/column.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;
using plan::AggregateFunction;
using ArrayPtr = std::shared_ptr<arrow::Array>;

namespace {

// Rounded to the nearest of those of long doubles.
long double ToLongDouble(const vector::Int256& value) {
  long double out = 0;
  const auto words = vector::Int256::Abs(value).native_endian_array();
  for (size_t word = 4; word-- > 0;) out = std::ldexp(out, 64) + words[word];
  return value.IsNegative() ? -out : out;
}

bool IsOfTwo(AggregateFunction function) { return plan::EntryOf(function).num_arguments == 2; }

// The state of one group.
struct Moments {
  double count;
  double squares_x;
  double squares_y;
  double products;
};

std::optional<double> Spread(double sum, double count, bool sample) {
  if (count == 0 || (sample && count == 1)) return std::nullopt;
  return sum / (sample ? count - 1 : count);
}

double Correlation(const Moments& moments) {
  const double spread = std::sqrt(moments.squares_x) * std::sqrt(moments.squares_y);
  return spread == 0 ? std::numeric_limits<double>::quiet_NaN() : moments.products / spread;
}

std::optional<double> Finish(AggregateFunction function, const Moments& moments) {
  switch (function) {
    case AggregateFunction::kVarianceSample:
      return Spread(moments.squares_x, moments.count, true);
    case AggregateFunction::kVariancePopulation:
      return Spread(moments.squares_x, moments.count, false);
    case AggregateFunction::kStdDevSample:
    case AggregateFunction::kStdDevPopulation: {
      const bool sample = function == AggregateFunction::kStdDevSample;
      const auto variance = Spread(moments.squares_x, moments.count, sample);
      return variance.has_value() ? std::optional(std::sqrt(*variance)) : std::nullopt;
    }
    case AggregateFunction::kCovarianceSample:
      return Spread(moments.products, moments.count, true);
    case AggregateFunction::kCovariancePopulation:
      return Spread(moments.products, moments.count, false);
    default:
      if (moments.count == 0) return std::nullopt;
      return Correlation(moments);
  }
}

// Whether a result that is not finite has lost the values, rather than being what they say.
bool IsOutOfRange(AggregateFunction function, const Moments& moments, double result) {
  if (std::isfinite(result)) return false;
  const bool flat = function == AggregateFunction::kCorrelation &&
                    std::isfinite(moments.squares_x) && std::isfinite(moments.squares_y);
  return !flat;
}

}  // namespace

Result<ArrayPtr> FinishAverage(const ArrayPtr& sum_array, const ArrayPtr& count_array) {
  ARROW_ASSIGN_OR_RAISE(const vector::Column sums, vector::Column::FromArray(sum_array));
  ARROW_ASSIGN_OR_RAISE(const vector::Column counts, vector::Column::FromArray(count_array));
  const int64_t rows = sum_array->length();
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<double>(rows));
  const bool floats = plan::IsFloat(*sum_array->type());
  const int scale = floats ? 0 : plan::ShapeOf(*sum_array->type()).scale;
  const bool wide = plan::IsWideDecimal(*sum_array->type());
  const long double unit = wide ? ToLongDouble(vector::WidePowerOfTen(scale))
                                : static_cast<long double>(vector::PowerOfTen(scale));
  for (int64_t i = 0; i < rows; ++i) {
    const auto count = static_cast<long double>(counts.values<int64_t>()[i]);
    const long double sum = floats ? static_cast<long double>(sums.values<double>()[i])
                            : wide ? ToLongDouble(sums.values<vector::Int256>()[i])
                                   : static_cast<long double>(sums.values<vector::Int128>()[i]);
    vector::MutableValues<double>(out)[i] =
        count == 0 ? 0.0 : static_cast<double>(sum / (count * unit));
  }
  return vector::Column::Flat(arrow::float64(), rows, std::move(out), sums.valid_buffer())
      .ToArray();
}

Result<ArrayPtr> FinishMoments(AggregateFunction function, const arrow::ArrayVector& state) {
  std::vector<vector::Column> columns;
  for (const ArrayPtr& array : state) {
    ARROW_ASSIGN_OR_RAISE(vector::Column column, vector::Column::FromArray(array));
    columns.push_back(std::move(column));
  }
  const int64_t rows = state[0]->length();
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<double>(rows));
  ARROW_ASSIGN_OR_RAISE(auto valid, vector::AllocateValues<uint8_t>(rows));
  const auto at = [&](size_t column, int64_t row) { return columns[column].values<double>()[row]; };
  for (int64_t i = 0; i < rows; ++i) {
    Moments moments{static_cast<double>(columns[0].values<int64_t>()[i]), 0, 0, 0};
    if (IsOfTwo(function)) {
      moments.squares_x = at(3, i);
      moments.squares_y = at(4, i);
      moments.products = at(5, i);
    } else {
      moments.squares_x = at(2, i);
    }
    const std::optional<double> result = Finish(function, moments);
    if (result.has_value() && IsOutOfRange(function, moments, *result)) {
      return base::Invalid("{}: the result is out of range", plan::AggregateFunctionName(function));
    }
    vector::MutableValues<double>(out)[i] = result.value_or(0.0);
    valid->mutable_data()[i] = static_cast<uint8_t>(result.has_value());
  }
  return vector::Column::Flat(arrow::float64(), rows, std::move(out), std::move(valid)).ToArray();
}

Result<ArrayPtr> ToMeasureType(const ArrayPtr& values, const plan::Measure& measure) {
  if (measure.type == nullptr || values->type()->Equals(*measure.type)) return values;
  const auto cast = arrow::compute::Cast(*values, measure.type);
  if (cast.ok()) return cast;
  return base::Invalid("{} '{}': a result does not fit {}",
                       plan::AggregateFunctionName(measure.function), measure.name,
                       measure.type->ToString());
}

}  // namespace skyhook::exec
