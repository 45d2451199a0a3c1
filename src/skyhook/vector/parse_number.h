// Numbers and booleans from text, for casts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "skyhook/vector/column.h"

namespace skyhook::vector {

// Each gives nullopt for text that is no such value, or one that does not fit.

/// true, t, yes, y, 1, false, f, no, n or 0, in any case.
std::optional<bool> ReadBool(std::string_view text);

/// As DuckDB 1.5.6 reads it: spaces around it; a sign; digits with single underscores between them;
/// a fraction, by whose first digit the number is rounded half away from zero; an exponent; or 0x
/// or 0b and digits. T is a fixed-width integer.
template <typename T>
std::optional<T> ReadInteger(std::string_view text);

/// The nearest value: decimal digits as above, inf, infinity or nan. Too large a number is
/// infinite. T is float or double.
template <typename T>
std::optional<T> ReadFloat(std::string_view text);

/// The unscaled decimal nearest to the number; half away from zero. T is Int128 for up to 38
/// digits, else Int256.
template <typename T>
std::optional<T> ReadDecimal(std::string_view text, int precision, int scale);

}  // namespace skyhook::vector
