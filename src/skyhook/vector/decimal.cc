#include "skyhook/vector/decimal.h"

#include <bit>

namespace skyhook::vector {

Int128 PowerOfTen(int exponent) {
  static const std::array<Int128, 39> kPowers = [] {
    std::array<Int128, 39> powers{};
    powers[0] = 1;
    for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
  }();
  return kPowers[static_cast<size_t>(exponent)];
}

Int256 WidePowerOfTen(int exponent) { return Int256::GetScaleMultiplier(exponent); }

int BitsOf(const Int256& value) {
  const auto words = Int256::Abs(value).native_endian_array();
  for (int word = 3; word >= 0; --word) {
    const uint64_t bits = words[static_cast<size_t>(word)];
    if (bits != 0) return 64 * word + std::bit_width(bits);
  }
  return 0;
}

std::optional<Int256> WideProduct(const Int256& a, const Int256& b) {
  // A product of factors of m and n bits is at least 2^(m + n - 2), and 2^254 has 77 digits.
  if (BitsOf(a) + BitsOf(b) > 255) return std::nullopt;
  return Int256(a * b);
}

Int256 RoundQuotient(const Int256& value, const Int256& divisor, RoundingMode mode) {
  const bool negative = value.IsNegative();
  Int256 quotient;
  Int256 rest;
  const Int256 magnitude = Int256::Abs(value);
  // Cannot fail: the divisor is not zero.
  static_cast<void>(magnitude.BasicDecimal256::Divide(divisor, &quotient, &rest));
  if (rest != Int256(0)) {
    Int256 other = divisor;
    other -= rest;
    const Place place = rest < other ? Place::kNear : rest == other ? Place::kMiddle : Place::kFar;
    const bool odd = quotient.low_bits() % 2 != 0;
    if (RoundsAway(mode, place, negative, odd)) quotient += Int256(1);
  }
  return negative ? Int256(-quotient) : quotient;
}

std::optional<Int256> WideRescale(const Int256& value, int from, int to) {
  if (to >= from) return WideProduct(value, WidePowerOfTen(to - from));
  return RoundQuotient(value, WidePowerOfTen(from - to), RoundingMode::kHalfAwayFromZero);
}

}  // namespace skyhook::vector
