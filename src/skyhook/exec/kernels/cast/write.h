// Values as text, for casts: the forms of DuckDB 1.5.6. Each appends to `out`.
#pragma once

#include <cstdint>
#include <string>

#include "skyhook/vector/column.h"

namespace skyhook::exec {

void WriteInteger(vector::Int128 value, std::string* out);

/// The shortest digits that give the value back: "1.0", "0.0001", "1e-05", "1000000000000000.0",
/// "1e+16", "-0.0", "inf", "-nan". T is float or double.
template <typename T>
void WriteFloat(T value, std::string* out);

/// As many digits after the point as the scale; no 0 before it where every digit is after it.
void WriteDecimal(vector::Int128 unscaled, int precision, int scale, std::string* out);

/// The same of more than 38 digits.
void WriteWideDecimal(const vector::Int256& unscaled, int precision, int scale, std::string* out);

/// "2024-02-29"; "0044-03-15 (BC)" for the year -43.
void WriteDate(int64_t days, std::string* out);

/// "23:59:59" and the fraction without trailing zeros. `ticks` is in [0, a day].
void WriteTime(int64_t ticks, int64_t ticks_per_second, std::string* out);

}  // namespace skyhook::exec
