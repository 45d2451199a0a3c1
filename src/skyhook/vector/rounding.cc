#include "skyhook/vector/rounding.h"

#include <cmath>

namespace skyhook::vector {

bool RoundsAway(RoundingMode mode, Place place, bool negative, bool odd) {
  switch (mode) {
    case RoundingMode::kTowardsZero:
      return false;
    case RoundingMode::kAwayFromZero:
      return true;
    case RoundingMode::kDown:
      return negative;
    case RoundingMode::kUp:
      return !negative;
    default:
      break;
  }
  if (place != Place::kMiddle) return place == Place::kFar;
  switch (mode) {
    case RoundingMode::kHalfToEven:
      return odd;
    case RoundingMode::kHalfToOdd:
      return !odd;
    case RoundingMode::kHalfTowardsZero:
      return false;
    case RoundingMode::kHalfUp:
      return !negative;
    case RoundingMode::kHalfDown:
      return negative;
    default:
      return true;
  }
}

Int128 RoundQuotient(Int128 value, Int128 divisor, RoundingMode mode) {
  const Int128 quotient = value / divisor;
  const Int128 signed_rest = value % divisor;
  if (signed_rest == 0) return quotient;
  const bool negative = value < 0;
  const Int128 rest = negative ? -signed_rest : signed_rest;
  // rest + rest could leave 128 bits.
  const Int128 other = divisor - rest;
  const Place place = rest < other ? Place::kNear : rest == other ? Place::kMiddle : Place::kFar;
  if (!RoundsAway(mode, place, negative, quotient % 2 != 0)) return quotient;
  return negative ? quotient - 1 : quotient + 1;
}

double RoundToWhole(double value, RoundingMode mode) {
  const double whole = std::trunc(value);
  const double rest = std::fabs(value - whole);
  if (!(rest > 0)) return value;
  const Place place = rest < 0.5 ? Place::kNear : rest == 0.5 ? Place::kMiddle : Place::kFar;
  const bool odd = std::fmod(whole, 2.0) != 0;
  if (!RoundsAway(mode, place, std::signbit(value), odd)) return std::copysign(whole, value);
  return whole + std::copysign(1.0, value);
}

}  // namespace skyhook::vector
