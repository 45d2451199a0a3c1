// Rounding by every mode of the catalogue.
#pragma once

#include "skyhook/plan/expression.h"
#include "skyhook/vector/column.h"

namespace skyhook::vector {

using RoundingMode = plan::CallOptions::Rounding;

/// Where a value lies between its neighbours: nearer to the one towards zero, in the middle, or
/// nearer to the other.
enum class Place : uint8_t { kNear, kMiddle, kFar };

/// Whether the neighbour away from zero is taken, for a value that is not whole; `odd` says of the
/// other neighbour what it is.
bool RoundsAway(RoundingMode mode, Place place, bool negative, bool odd);

/// value / divisor as a whole number; divisor > 0.
Int128 RoundQuotient(Int128 value, Int128 divisor, RoundingMode mode);

/// The whole number that `value` becomes; infinities and NaN stay.
double RoundToWhole(double value, RoundingMode mode);

}  // namespace skyhook::vector
