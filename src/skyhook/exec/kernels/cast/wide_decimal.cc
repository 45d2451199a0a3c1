// Casts between decimals of more than 38 digits and other numbers.
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>

#include "skyhook/exec/kernels/cast/casts.h"
#include "skyhook/exec/kernels/cast/write.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;

namespace {

template <typename From>
vector::Int256 WideOf(From value) {
  if constexpr (std::is_same_v<From, vector::Int256>) return value;
  if constexpr (std::is_same_v<From, vector::Int128>) return vector::Widen(value);
  if constexpr (std::is_integral_v<From>) return vector::Int256(value);
  return vector::Int256();
}

// value * 10^scale, exactly, and then half away from zero to a whole number: 10^scale is 5^scale of
// at most 177 bits, and a power of two.
std::optional<vector::Int256> ScaledFloat(double value, int scale) {
  if (!std::isfinite(value)) return std::nullopt;
  constexpr int kDigits = std::numeric_limits<double>::digits;
  int exponent = 0;
  const auto mantissa = static_cast<int64_t>(std::ldexp(std::frexp(value, &exponent), kDigits));
  const vector::Int256 power_of_five =
      vector::WidePowerOfTen(scale) >> static_cast<uint32_t>(scale);
  const vector::Int256 product = vector::Int256(mantissa) * power_of_five;
  const int shift = exponent - kDigits + scale;
  if (shift >= 0) {
    if (vector::BitsOf(product) + shift > 254)
      return product == vector::Int256(0) ? std::optional(product) : std::nullopt;
    return vector::Int256(product << static_cast<uint32_t>(shift));
  }
  if (vector::BitsOf(product) < -shift) return vector::Int256(0);
  const vector::Int256 divisor = vector::Int256(1) << static_cast<uint32_t>(-shift);
  return vector::RoundQuotient(product, divisor, vector::RoundingMode::kHalfAwayFromZero);
}

// The nearest float to value * 10^-scale; nothing when that is infinite.
template <typename To>
std::optional<To> NearestFloat(const vector::Int256& value, int scale) {
  const std::string text = value.ToIntegerString() + "e-" + std::to_string(scale);
  To out{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc::result_out_of_range) return out;
  // Not given for numbers that are too large, nor for those that become 0.
  return vector::BitsOf(value) > vector::BitsOf(vector::WidePowerOfTen(scale))
             ? std::nullopt
             : std::optional(To{0});
}

template <typename From>
std::optional<vector::Int256> ToWide(From value, int from_scale, int to_scale) {
  if constexpr (std::is_floating_point_v<From>) {
    return ScaledFloat(static_cast<double>(value), to_scale);
  } else {
    return vector::WideRescale(WideOf(value), from_scale, to_scale);
  }
}

// An integer or narrower decimal.
template <typename To>
std::optional<To> FromWide(const vector::Int256& value, int from_scale, const arrow::DataType& to) {
  const plan::DecimalShape shape = plan::ShapeOf(to);
  const std::optional<vector::Int256> whole = vector::WideRescale(value, from_scale, shape.scale);
  if (!whole.has_value()) return std::nullopt;
  const auto narrow = static_cast<To>(vector::Narrow(*whole));
  if (WideOf(narrow) != *whole) return std::nullopt;
  if (!plan::IsDecimal(to)) return narrow;
  const vector::Int256 most = vector::Int256::GetMaxValue(shape.precision);
  return *whole <= most && *whole >= -most ? std::optional(narrow) : std::nullopt;
}

template <typename To>
Result<vector::Column> Narrower(const plan::Expression& call, const vector::Column& in,
                                int64_t length) {
  const vector::Int256* from = in.values<vector::Int256>();
  const int scale = plan::ShapeOf(*in.type()).scale;
  return ConvertRows<To>(call, in, call.type(), length, [&](int64_t row) -> std::optional<To> {
    if constexpr (std::is_floating_point_v<To>) {
      return NearestFloat<To>(from[row], scale);
    } else {
      return FromWide<To>(from[row], scale, *call.type());
    }
  });
}

template <typename From>
Result<vector::Column> Wider(const plan::Expression& call, const vector::Column& in,
                             int64_t length) {
  const From* from = in.values<From>();
  const plan::DecimalShape shape = plan::ShapeOf(*call.type());
  const int scale = plan::IsDecimal(*in.type()) ? plan::ShapeOf(*in.type()).scale : 0;
  const vector::Int256 most = vector::Int256::GetMaxValue(shape.precision);
  return ConvertRows<vector::Int256>(call, in, call.type(), length, [&](int64_t row) {
    std::optional<vector::Int256> value = ToWide(from[row], scale, shape.scale);
    const bool fits = value.has_value() && *value <= most && *value >= -most;
    return fits ? value : std::nullopt;
  });
}

}  // namespace

Result<vector::Column> CastWideDecimal(const plan::Expression& call, const vector::Column& in,
                                       int64_t length) {
  const bool narrows = plan::IsWideDecimal(*in.type()) && !plan::IsWideDecimal(*call.type());
  const arrow::DataType& other = narrows ? *call.type() : *in.type();
  return vector::VisitPhysical(other, [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      return NoKernel(call);
    } else {
      if constexpr (!std::is_same_v<T, vector::Int256>) {
        if (narrows) return Narrower<T>(call, in, length);
      }
      return Wider<T>(call, in, length);
    }
  });
}

void WriteWideDecimal(const vector::Int256& unscaled, int precision, int scale, std::string* out) {
  std::string digits = vector::Int256(vector::Int256::Abs(unscaled)).ToIntegerString();
  if (unscaled.IsNegative()) *out += '-';
  const auto fraction = static_cast<size_t>(scale);
  if (digits.size() <= fraction) digits.insert(0, fraction + 1 - digits.size(), '0');
  const size_t whole = digits.size() - fraction;
  if (precision > scale) out->append(digits, 0, whole);
  if (scale > 0) out->append(".").append(digits, whole);
}

}  // namespace skyhook::exec
