// Final values out of state.
#pragma once

#include <arrow/array.h>
#include <arrow/result.h>

#include <memory>

#include "skyhook/plan/pipeline.h"

namespace skyhook::exec {

/// The average: `sums` as the accumulator of sums finishes them, by int64 `counts`.
arrow::Result<std::shared_ptr<arrow::Array>> FinishAverage(
    const std::shared_ptr<arrow::Array>& sums, const std::shared_ptr<arrow::Array>& counts);

/// A variance, standard deviation, covariance or correlation out of the state of moments or
/// comoments. One that is infinite or NaN is an error that names the function, but for the
/// correlation with a column that does not vary, which is NaN.
arrow::Result<std::shared_ptr<arrow::Array>> FinishMoments(plan::AggregateFunction function,
                                                           const arrow::ArrayVector& state);

/// The quantile at `fraction` of each sketch (QuantileSketch::bytes), rounded to a value of `type`.
arrow::Result<std::shared_ptr<arrow::Array>> FinishQuantiles(
    const arrow::Array& sketches, double fraction, const std::shared_ptr<arrow::DataType>& type);

/// `values` in the measure's type, when one was asked for; a value that does not fit is an error.
arrow::Result<std::shared_ptr<arrow::Array>> ToMeasureType(
    const std::shared_ptr<arrow::Array>& values, const plan::Measure& measure);

}  // namespace skyhook::exec
