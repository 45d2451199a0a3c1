// round, floor, ceil and trunc.
#include "skyhook/vector/rounding.h"

#include <cmath>
#include <limits>
#include <type_traits>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/overflow.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Function;

namespace {

vector::RoundingMode ModeOf(const plan::Expression& call) {
  switch (call.function()) {
    case Function::kFloor:
      return vector::RoundingMode::kDown;
    case Function::kCeil:
      return vector::RoundingMode::kUp;
    case Function::kTrunc:
      return vector::RoundingMode::kTowardsZero;
    default:
      return call.options().rounding;
  }
}

int32_t DigitsOf(const plan::Expression& call) {
  if (call.arguments().size() == 1) return 0;
  return static_cast<const arrow::Int32Scalar&>(*call.arguments()[1]->literal()).value;
}

double RoundFloat(double value, int32_t digits, vector::RoundingMode mode) {
  if (digits == 0) return vector::RoundToWhole(value, mode);
  const double power = std::pow(10.0, std::abs(static_cast<double>(digits)));
  const double rounded = digits > 0 ? vector::RoundToWhole(value * power, mode) / power
                                    : vector::RoundToWhole(value / power, mode) * power;
  if (std::isfinite(rounded)) return rounded;
  return digits > 0 ? value : 0.0;
}

template <typename T>
Result<vector::Column> Floats(const plan::Expression& call, const vector::Column& in,
                              int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  const vector::RoundingMode mode = ModeOf(call);
  const int32_t digits = DigitsOf(call);
  const T* values = in.values<T>();
  for (int64_t i = 0; i < length; ++i) {
    vector::MutableValues<T>(out)[i] =
        static_cast<T>(RoundFloat(static_cast<double>(values[i]), digits, mode));
  }
  return vector::Column::Flat(call.type(), length, std::move(out), in.valid_buffer());
}

// The unscaled value at scale `to`, a multiple of 10^-digits; whether it left 128 bits. Every power
// of ten above 10^38 exceeds twice any decimal's value.
struct Rounder {
  int from_scale;
  int to_scale;
  int64_t digits;
  vector::RoundingMode mode;

  vector::Int128 operator()(vector::Int128 value) const {
    if (digits >= to_scale)
      return vector::RoundQuotient(value, vector::PowerOfTen(from_scale - to_scale), mode);
    const int64_t dropped = from_scale - digits;
    if (dropped > 38) return Beyond(value);
    const vector::Int128 whole =
        vector::RoundQuotient(value, vector::PowerOfTen(static_cast<int>(dropped)), mode);
    vector::Int128 out = 0;
    const auto zeros = static_cast<int>(to_scale - digits);
    if (zeros > 38 || __builtin_mul_overflow(whole, vector::PowerOfTen(zeros), &out)) {
      return whole == 0 ? 0 : Limit(whole < 0);
    }
    return out;
  }

 private:
  static vector::Int128 Limit(bool negative) {
    const vector::Int128 most = (~static_cast<unsigned __int128>(0)) >> 1;
    return negative ? -most : most;
  }
  // Between 0 and a power of ten that is too large: it stays 0, or leaves every type.
  vector::Int128 Beyond(vector::Int128 value) const {
    const bool away = mode == vector::RoundingMode::kAwayFromZero ||
                      (mode == vector::RoundingMode::kUp && value > 0) ||
                      (mode == vector::RoundingMode::kDown && value < 0);
    return value != 0 && away ? Limit(value < 0) : vector::Int128{0};
  }
};

template <typename From, typename To>
Result<vector::Column> Exact(const plan::Expression& call, const Arguments& arguments,
                             const Rounder& rounder, vector::Int128 least, vector::Int128 most,
                             int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<To>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of({arguments[0]}, length));
  const From* in = arguments[0].values<From>();
  To* to = vector::MutableValues<To>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = To{};
    if (!valid.IsValid(i)) continue;
    const vector::Int128 value = rounder(static_cast<vector::Int128>(in[i]));
    to[i] = static_cast<To>(value);
    if (value >= least && value <= most) continue;
    const To nearest = static_cast<To>(value < least ? least : most);
    ARROW_RETURN_NOT_OK(ResolveOverflow<To>(call, arguments, i, nearest, &to[i], &valid));
  }
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

Result<vector::Column> Decimals(const plan::Expression& call, const Arguments& arguments,
                                int64_t length) {
  if (IsWideCall(call, arguments)) {
    return WideRounding(call, arguments, DigitsOf(call), ModeOf(call), length);
  }
  const auto from = plan::ShapeOf(*arguments[0].type());
  const auto to = plan::ShapeOf(*call.type());
  const Rounder rounder{from.scale, to.scale, DigitsOf(call), ModeOf(call)};
  const vector::Int128 most = vector::PowerOfTen(to.precision) - 1;
  const bool wide_from = arguments[0].type()->id() == arrow::Type::DECIMAL128;
  const bool wide_to = call.type()->id() == arrow::Type::DECIMAL128;
  if (wide_from && wide_to) {
    return Exact<vector::Int128, vector::Int128>(call, arguments, rounder, -most, most, length);
  }
  if (wide_from)
    return Exact<vector::Int128, int64_t>(call, arguments, rounder, -most, most, length);
  if (wide_to) return Exact<int64_t, vector::Int128>(call, arguments, rounder, -most, most, length);
  return Exact<int64_t, int64_t>(call, arguments, rounder, -most, most, length);
}

}  // namespace

Result<vector::Column> RoundingKernel(const plan::Expression& call, const Arguments& arguments,
                                      int64_t length) {
  const vector::Column& in = arguments[0];
  if (plan::IsDecimal(*in.type())) return Decimals(call, arguments, length);
  return vector::VisitPhysical(*call.type(), [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_floating_point_v<T>) {
      return Floats<T>(call, in, length);
    } else if constexpr (std::is_integral_v<T>) {
      const int32_t digits = DigitsOf(call);
      if (digits >= 0) return in;
      return Exact<T, T>(call, arguments, Rounder{0, 0, digits, ModeOf(call)},
                         std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), length);
    } else {
      return NoKernel(call);
    }
  });
}

}  // namespace skyhook::exec
