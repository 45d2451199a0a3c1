// Dates, times and timestamps from text, for casts: what DuckDB 1.5.6 reads, and as it reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace skyhook::vector {

// Each gives nullopt for text that is no such value, or one outside the type.

/// "2024-2-29", also with '/', '\' or ' ' for '-', "44-3-15 (BC)", a year below 1 as it counts,
/// "epoch", "infinity" or "inf", with '-' for minus infinity. Spaces may come before it, and
/// anything but a digit after a date of numbers.
std::optional<int32_t> ReadDate(std::string_view text);

/// "23:59:59.999999999", after which anything may come, "23:59", or the time of day of a timestamp;
/// in ticks since midnight, digits below a tick left out.
std::optional<int64_t> ReadTime(std::string_view text, int64_t ticks_per_second);

/// A date; or a date and, after ' ', 'T' or nothing, a time, then "Z", an offset ("+02", "+0230",
/// "+02:30:15") or " UTC", then spaces. An offset counts for nanoseconds only and is passed over
/// else. Seconds and milliseconds are rounded half away from 1970, nanoseconds are exact, of
/// microseconds digits below are left out.
std::optional<int64_t> ReadTimestamp(std::string_view text, int64_t ticks_per_second);

}  // namespace skyhook::vector
