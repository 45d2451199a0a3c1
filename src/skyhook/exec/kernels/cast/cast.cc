// Casts among numbers and booleans; all others are handed on.
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/cast/casts.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"
#include "skyhook/vector/rounding.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Type;

namespace {

// `value * 10^(to - from)`, or nullopt when that leaves 128 bits.
std::optional<vector::Int128> Rescale(vector::Int128 value, int from, int to) {
  if (to < from) {
    return vector::RoundQuotient(value, vector::PowerOfTen(from - to),
                                 vector::RoundingMode::kHalfAwayFromZero);
  }
  vector::Int128 out = 0;
  if (__builtin_mul_overflow(value, vector::PowerOfTen(to - from), &out)) return std::nullopt;
  return out;
}

// Half to even. A value below the least integer fails, even where it would be rounded to it.
template <typename To>
std::optional<To> FloatToInteger(double value) {
  // The bounds are powers of two and so exact; the upper one is exclusive.
  const double rounded = std::nearbyint(value);
  const double upper = std::ldexp(1.0, std::numeric_limits<To>::digits);
  const double lower = std::is_signed_v<To> ? -upper : 0.0;
  if (!(value >= lower && rounded < upper)) return std::nullopt;
  return static_cast<To>(rounded);
}

// As DuckDB converts its 128-bit integers, which is not always to the nearest double.
double WideToDouble(vector::Int128 value) {
  constexpr double kTwoTo64 = 18446744073709551616.0;
  const auto upper = static_cast<int64_t>(value >> 64);
  const auto lower = static_cast<uint64_t>(value);
  if (upper == -1) return -static_cast<double>(~lower) - 1;
  return static_cast<double>(lower) + static_cast<double>(upper) * kTwoTo64;
}

// Unscaled values that T holds are divided by the power of ten. Of longer ones the whole part and
// the fraction are converted apart, so that neither is rounded before they meet.
template <typename T>
class DecimalToFloat {
 public:
  explicit DecimalToFloat(const arrow::DataType& type)
      : wide_(type.id() == Type::DECIMAL128),
        power_(vector::PowerOfTen(plan::ShapeOf(type).scale)),
        divisor_(static_cast<T>(static_cast<double>(power_))) {}

  T operator()(vector::Int128 value) const {
    constexpr vector::Int128 kExact = vector::Int128{1} << std::numeric_limits<T>::digits;
    if (power_ == 1 || (value >= -kExact && value <= kExact)) return Convert(value) / divisor_;
    return Convert(value / power_) + Convert(value % power_) / divisor_;
  }

 private:
  T Convert(vector::Int128 value) const {
    return wide_ ? static_cast<T>(WideToDouble(value))
                 : static_cast<T>(static_cast<int64_t>(value));
  }

  bool wide_;
  vector::Int128 power_;
  T divisor_;
};

std::optional<vector::Int128> DoubleToDecimal(double value, int precision, int scale) {
  const double scaled = std::round(value * static_cast<double>(vector::PowerOfTen(scale)));
  const auto bound = static_cast<double>(vector::PowerOfTen(precision));
  if (!(scaled > -bound && scaled < bound)) return std::nullopt;
  return static_cast<vector::Int128>(scaled);
}

// How one numeric value becomes an integer or decimal; nullopt when it does not fit.
template <typename From, typename To>
std::optional<To> ToExact(From value, int from_scale, const arrow::DataType& to) {
  const plan::DecimalShape shape = plan::ShapeOf(to);
  const bool decimal = plan::IsDecimal(to);
  std::optional<vector::Int128> out;
  if constexpr (std::is_floating_point_v<From>) {
    if constexpr (sizeof(To) <= 8) {
      if (!decimal) return FloatToInteger<To>(static_cast<double>(value));
    }
    out = DoubleToDecimal(static_cast<double>(value), shape.precision, shape.scale);
  } else {
    out = Rescale(static_cast<vector::Int128>(value), from_scale, shape.scale);
  }
  if (!out.has_value()) return std::nullopt;
  const vector::Int128 bound = decimal ? vector::PowerOfTen(shape.precision) : 0;
  const bool fits = decimal ? *out > -bound && *out < bound : static_cast<To>(*out) == *out;
  return fits ? std::optional(static_cast<To>(*out)) : std::nullopt;
}

template <typename From, typename To>
Result<vector::Column> NumberToNumber(const plan::Expression& call, const vector::Column& in,
                                      int64_t length) {
  const arrow::DataType& from_type = *in.type();
  const From* from = in.values<From>();
  const auto convert = [&](auto of) {
    return ConvertRows<To>(call, in, call.type(), length,
                           [&](int64_t row) -> std::optional<To> { return of(from[row]); });
  };
  const bool decimal = plan::IsDecimal(from_type);
  if constexpr (!std::is_floating_point_v<To>) {
    const int scale = decimal ? plan::ShapeOf(from_type).scale : 0;
    return convert([&](From value) { return ToExact<From, To>(value, scale, *call.type()); });
  } else if constexpr (std::is_floating_point_v<From>) {
    return convert([](From value) -> std::optional<To> {
      const To out = static_cast<To>(value);
      return std::isinf(out) && !std::isinf(value) ? std::nullopt : std::optional(out);
    });
  } else {
    if (!decimal) return convert([](From value) { return static_cast<To>(value); });
    const DecimalToFloat<To> to_float(from_type);
    return convert([&](From value) { return to_float(static_cast<vector::Int128>(value)); });
  }
}

// Numbers of at most 128 bits.
template <typename T>
constexpr bool IsNarrow() {
  return !std::is_same_v<T, vector::TextView> && !std::is_same_v<T, vector::Int256>;
}

Result<vector::Column> Numeric(const plan::Expression& call, const vector::Column& in,
                               int64_t length) {
  return vector::VisitPhysical(*in.type(), [&](auto from) {
    return vector::VisitPhysical(*call.type(), [&](auto to) -> Result<vector::Column> {
      using From = decltype(from);
      using To = decltype(to);
      if constexpr (!IsNarrow<From>() || !IsNarrow<To>()) {
        return NoKernel(call);
      } else {
        return NumberToNumber<From, To>(call, in, length);
      }
    });
  });
}

Result<vector::Column> NumberToBool(const plan::Expression& call, const vector::Column& in,
                                    int64_t length) {
  return vector::VisitPhysical(*in.type(), [&](auto value) -> Result<vector::Column> {
    using From = decltype(value);
    if constexpr (std::is_same_v<From, vector::TextView>) {
      return NoKernel(call);
    } else {
      const From* from = in.values<From>();
      return ConvertRows<uint8_t>(call, in, call.type(), length, [&](int64_t row) {
        return std::optional(static_cast<uint8_t>(from[row] != From{0}));
      });
    }
  });
}

}  // namespace

arrow::Status CastFailed(const plan::Expression& call, const vector::Column& in, int64_t row,
                         RowValidity* valid) {
  if (call.function() == plan::Function::kTryCast) return valid->Clear(row);
  return base::Invalid("{} does not fit {}", ValueText(in, row), call.type()->ToString());
}

Result<vector::Column> CastKernel(const plan::Expression& call, const Arguments& arguments,
                                  int64_t length) {
  const vector::Column& in = arguments[0];
  if (in.type()->Equals(*call.type())) return in;
  if (in.type()->id() == Type::STRING_VIEW) return CastFromText(call, in, length);
  if (call.type()->id() == Type::STRING_VIEW) return CastToText(call, in, length);
  switch (in.type()->id()) {
    case Type::DATE32:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
      return CastTemporal(call, in, length);
    default:
      break;
  }
  if (call.type()->id() == Type::BOOL) return NumberToBool(call, in, length);
  if (IsWideCall(call, arguments)) return CastWideDecimal(call, in, length);
  return Numeric(call, in, length);
}

}  // namespace skyhook::exec
