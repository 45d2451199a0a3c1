// Casts among numbers, booleans, dates and timestamps.
#include <cmath>
#include <limits>
#include <optional>

#include "skyhook/base/status.h"
#include "skyhook/exec/calendar.h"
#include "skyhook/exec/kernels.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Type;
using plan::Function;

namespace {

// Rounds half away from zero.
Int128 DivideRounded(Int128 value, Int128 divisor) {
  const Int128 quotient = value / divisor;
  const Int128 rest = value % divisor;
  const Int128 twice = rest < 0 ? -rest * 2 : rest * 2;
  if (twice < divisor) return quotient;
  return value < 0 ? quotient - 1 : quotient + 1;
}

// `value * 10^(to - from)`, or nullopt when that leaves 128 bits.
std::optional<Int128> Rescale(Int128 value, int from, int to) {
  if (to < from) return DivideRounded(value, PowerOfTen(from - to));
  Int128 out = 0;
  if (__builtin_mul_overflow(value, PowerOfTen(to - from), &out)) return std::nullopt;
  return out;
}

template <typename To>
std::optional<To> FloatToInteger(double value) {
  // The bounds are powers of two and so exact; the upper one is exclusive.
  const double rounded = std::nearbyint(value);
  const double upper = std::ldexp(1.0, std::numeric_limits<To>::digits);
  const double lower = std::is_signed_v<To> ? -upper : 0.0;
  if (!(rounded >= lower && rounded < upper)) return std::nullopt;
  return static_cast<To>(rounded);
}

// A decimal as a double. Whole and fractional digits are converted apart when the unscaled value
// has more than 53 bits, so that neither is rounded before they meet.
double DecimalToDouble(Int128 value, int scale) {
  const auto power = static_cast<double>(PowerOfTen(scale));
  constexpr Int128 kExact = Int128{1} << 53;
  if (scale == 0 || (value > -kExact && value < kExact)) return static_cast<double>(value) / power;
  const Int128 whole = value / PowerOfTen(scale);
  const Int128 part = value % PowerOfTen(scale);
  return static_cast<double>(whole) + static_cast<double>(part) / power;
}

std::optional<Int128> DoubleToDecimal(double value, int precision, int scale) {
  const double scaled = std::round(value * static_cast<double>(PowerOfTen(scale)));
  const auto bound = static_cast<double>(PowerOfTen(precision));
  if (!(scaled > -bound && scaled < bound)) return std::nullopt;
  return static_cast<Int128>(scaled);
}

// How one numeric value becomes another; nullopt when it does not fit.
template <typename From, typename To>
std::optional<To> Convert(From value, const arrow::DataType& from, const arrow::DataType& to) {
  const bool decimal_to = plan::IsDecimal(to);
  const int from_scale = plan::IsDecimal(from) ? plan::ShapeOf(from).scale : 0;
  if constexpr (std::is_floating_point_v<To>) {
    if constexpr (std::is_floating_point_v<From>) {
      const To out = static_cast<To>(value);
      if (std::isinf(out) && !std::isinf(value)) return std::nullopt;
      return out;
    } else {
      if (plan::IsDecimal(from)) return static_cast<To>(DecimalToDouble(value, from_scale));
      return static_cast<To>(value);
    }
  } else if constexpr (std::is_floating_point_v<From>) {
    if (!decimal_to) {
      if constexpr (sizeof(To) <= 8) return FloatToInteger<To>(static_cast<double>(value));
      return std::nullopt;
    }
    const auto shape = plan::ShapeOf(to);
    const auto out = DoubleToDecimal(static_cast<double>(value), shape.precision, shape.scale);
    return out.has_value() ? std::optional<To>(static_cast<To>(*out)) : std::nullopt;
  } else {
    const auto out =
        Rescale(static_cast<Int128>(value), from_scale, decimal_to ? plan::ShapeOf(to).scale : 0);
    if (!out.has_value()) return std::nullopt;
    if (decimal_to) {
      const Int128 bound = PowerOfTen(plan::ShapeOf(to).precision);
      if (*out <= -bound || *out >= bound) return std::nullopt;
    } else if (*out < static_cast<Int128>(std::numeric_limits<To>::min()) ||
               *out > static_cast<Int128>(std::numeric_limits<To>::max())) {
      return std::nullopt;
    }
    return static_cast<To>(*out);
  }
}

// Converts row by row; a value that does not fit is an error, or NULL for try_cast.
template <typename From, typename To, typename One>
Result<Column> ConvertRows(const plan::Expression& call, const Column& in, int64_t length,
                           One&& one) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<To>(length));
  auto valid = in.valid_buffer();
  std::shared_ptr<arrow::Buffer> own;
  const From* from = in.values<From>();
  To* to = MutableValues<To>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = To{};
    if (!in.IsValid(i)) continue;
    const std::optional<To> value = one(from[i]);
    if (value.has_value()) {
      to[i] = *value;
      continue;
    }
    if (call.function() == Function::kCast) {
      return base::Invalid("{}: {} does not fit {}", call.ToString(), ValueText(in, i),
                           call.type()->ToString());
    }
    if (own == nullptr) {
      ARROW_ASSIGN_OR_RAISE(own, AllocateValues<uint8_t>(length));
      for (int64_t row = 0; row < length; ++row) {
        own->mutable_data()[row] = static_cast<uint8_t>(in.IsValid(row));
      }
    }
    own->mutable_data()[i] = 0;
  }
  return Column::Flat(call.type(), length, std::move(out), own != nullptr ? own : valid);
}

Result<Column> Numeric(const plan::Expression& call, const Column& in, int64_t length) {
  const arrow::DataType& from_type = *in.type();
  const arrow::DataType& to_type = *call.type();
  return VisitPhysical(from_type, [&](auto from) {
    return VisitPhysical(to_type, [&](auto to) -> Result<Column> {
      using From = decltype(from);
      using To = decltype(to);
      if constexpr (std::is_same_v<From, TextView> || std::is_same_v<To, TextView>) {
        return base::UnsupportedPlan("{} has no kernel", call.ToString());
      } else {
        return ConvertRows<From, To>(call, in, length, [&](From value) {
          return Convert<From, To>(value, from_type, to_type);
        });
      }
    });
  });
}

std::optional<int64_t> Multiplied(int64_t value, int64_t factor) {
  int64_t out = 0;
  if (__builtin_mul_overflow(value, factor, &out)) return std::nullopt;
  return out;
}

Result<Column> Temporal(const plan::Expression& call, const Column& in, int64_t length) {
  const arrow::DataType& to = *call.type();
  if (in.type()->id() == Type::DATE32) {
    const int64_t per_day = kDaySeconds * TicksPerSecond(to);
    return ConvertRows<int32_t, int64_t>(call, in, length,
                                         [&](int32_t days) { return Multiplied(days, per_day); });
  }
  const int64_t per_second = TicksPerSecond(*in.type());
  if (to.id() == Type::DATE32) {
    return ConvertRows<int64_t, int32_t>(call, in, length, [&](int64_t ticks) {
      return std::optional<int32_t>(
          static_cast<int32_t>(FloorDivide(ticks, per_second * kDaySeconds)));
    });
  }
  const int64_t wanted = TicksPerSecond(to);
  return ConvertRows<int64_t, int64_t>(call, in, length, [&](int64_t ticks) {
    return wanted >= per_second ? Multiplied(ticks, wanted / per_second)
                                : std::optional(FloorDivide(ticks, per_second / wanted));
  });
}

}  // namespace

Result<Column> CastKernel(const plan::Expression& call, const Arguments& arguments,
                          int64_t length) {
  const Column& in = arguments[0];
  if (in.type()->Equals(*call.type())) return in;
  const auto id = in.type()->id();
  if (id == Type::DATE32 || id == Type::TIMESTAMP) return Temporal(call, in, length);
  return Numeric(call, in, length);
}

}  // namespace skyhook::exec
