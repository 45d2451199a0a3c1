// Quantiles by sketch: numbers, dates and times are taken as doubles, and the result is rounded
// back.
#include <cmath>
#include <limits>
#include <type_traits>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/finish.h"
#include "skyhook/exec/aggregate/quantile_sketch.h"
#include "skyhook/exec/aggregate/sketches.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using Groups = std::span<const int32_t>;

namespace {

// Decimals of more than 38 digits are refused by the catalogue.
template <typename T>
constexpr bool HasDouble() {
  return !std::is_same_v<T, vector::TextView> && !std::is_same_v<T, vector::Int256>;
}

class QuantileAccumulator : public AccumulatorOfSketches<QuantileSketch> {
 public:
  Status Update(std::span<const vector::Column> arguments, const GroupedRows& rows) override {
    const vector::Column& argument = arguments[0];
    return vector::VisitPhysical(*argument.type(), [&](auto value) {
      using T = decltype(value);
      if constexpr (!HasDouble<T>()) {
        return base::UnsupportedPlan("no quantile of {}", argument.type()->ToString());
      } else {
        const T* values = argument.values<T>();
        VisitCounting(rows, [&](int64_t i, uint32_t group) {
          AddTo(group, static_cast<double>(values[argument.is_constant() ? 0 : i]));
        });
        return Status::OK();
      }
    });
  }

  Result<std::shared_ptr<arrow::Array>> Final(Groups groups) const override {
    ARROW_ASSIGN_OR_RAISE(auto state, Partial(groups));
    return std::move(state[0]);
  }
};

// The value of the type nearest to `value`; the type may end just before a double of its range.
template <typename T>
T Nearest(double value, const arrow::DataType& type) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else {
    const double rounded = std::nearbyint(value);
    if (plan::IsDecimal(type)) {
      const vector::Int128 most = vector::PowerOfTen(plan::ShapeOf(type).precision) - 1;
      if (rounded >= static_cast<double>(most)) return static_cast<T>(most);
      if (rounded <= -static_cast<double>(most)) return static_cast<T>(-most);
    } else if constexpr (!std::is_same_v<T, vector::Int128>) {
      if (rounded >= static_cast<double>(std::numeric_limits<T>::max())) {
        return std::numeric_limits<T>::max();
      }
    }
    return static_cast<T>(rounded);
  }
}

template <typename T>
Result<std::shared_ptr<arrow::Array>> QuantilesOf(const arrow::BinaryArray& sketches,
                                                  double fraction,
                                                  const std::shared_ptr<arrow::DataType>& type) {
  const int64_t rows = sketches.length();
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(rows));
  ARROW_ASSIGN_OR_RAISE(auto valid, vector::AllocateValues<uint8_t>(rows));
  for (int64_t i = 0; i < rows; ++i) {
    QuantileSketch sketch;
    ARROW_RETURN_NOT_OK(sketch.Merge(sketches.GetView(i)));
    const std::optional<double> quantile = sketch.Quantile(fraction);
    vector::MutableValues<T>(out)[i] = quantile.has_value() ? Nearest<T>(*quantile, *type) : T{};
    valid->mutable_data()[i] = uint8_t{quantile.has_value()};
  }
  return vector::Column::Flat(type, rows, std::move(out), std::move(valid)).ToArray();
}

}  // namespace

std::unique_ptr<Accumulator> MakeQuantileAccumulator() {
  return std::make_unique<QuantileAccumulator>();
}

Result<std::shared_ptr<arrow::Array>> FinishQuantiles(
    const arrow::Array& sketches, double fraction, const std::shared_ptr<arrow::DataType>& type) {
  const auto& bytes = static_cast<const arrow::BinaryArray&>(sketches);
  return vector::VisitPhysical(*type, [&](auto value) -> Result<std::shared_ptr<arrow::Array>> {
    using T = decltype(value);
    if constexpr (!HasDouble<T>()) {
      return base::UnsupportedPlan("no quantile of {}", type->ToString());
    } else {
      return QuantilesOf<T>(bytes, fraction, type);
    }
  });
}

}  // namespace skyhook::exec
