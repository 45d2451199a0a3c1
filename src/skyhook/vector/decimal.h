// The unscaled values of decimals: powers of ten, and whole numbers of 256 bits for those of more
// than 38 digits.
#pragma once

#include <optional>

#include "skyhook/vector/column.h"
#include "skyhook/vector/rounding.h"

namespace skyhook::vector {

/// `10^exponent`, exponent in [0, 38].
Int128 PowerOfTen(int exponent);

/// `10^exponent`, exponent in [0, 76].
Int256 WidePowerOfTen(int exponent);

inline Int256 Widen(Int128 value) {
  return Int256(arrow::Decimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value)));
}
/// The low 128 bits.
inline Int128 Narrow(const Int256& value) {
  const auto& words = value.native_endian_array();
  return static_cast<Int128>(static_cast<unsigned __int128>(words[1]) << 64 | words[0]);
}

/// Bits of the magnitude; 0 of 0.
int BitsOf(const Int256& value);

/// a * b; nothing when it may not fit: it then has more than 76 digits.
std::optional<Int256> WideProduct(const Int256& a, const Int256& b);

/// value / divisor as a whole number; divisor > 0.
Int256 RoundQuotient(const Int256& value, const Int256& divisor, RoundingMode mode);

/// `value * 10^(to - from)`, half away from zero; nothing when it has more than 76 digits.
std::optional<Int256> WideRescale(const Int256& value, int from, int to);

}  // namespace skyhook::vector
