#include "skyhook/exec/kernels/cast/write.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string_view>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/vector/calendar.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {
namespace {

// Exponents from which on, and below which, floats are written with one.
constexpr int kLargeExponent = 16;
constexpr int kSmallExponent = -4;

// `digits` with the point after the first 1 + exponent of them.
void WritePlain(std::string_view digits, int exponent, std::string* out) {
  const auto whole = static_cast<size_t>(std::max(exponent + 1, 0));
  if (whole == 0) {
    out->append("0.").append(static_cast<size_t>(-exponent - 1), '0').append(digits);
  } else if (digits.size() <= whole) {
    out->append(digits).append(whole - digits.size(), '0').append(".0");
  } else {
    out->append(digits.substr(0, whole)).append(".").append(digits.substr(whole));
  }
}

}  // namespace

void WriteInteger(vector::Int128 value, std::string* out) {
  const auto narrow = static_cast<int64_t>(value);
  if (narrow != value) {
    fmt::format_to(std::back_inserter(*out), "{}", value);
    return;
  }
  const fmt::format_int text(narrow);
  out->append(text.data(), text.size());
}

template <typename T>
void WriteFloat(T value, std::string* out) {
  if (std::signbit(value)) *out += '-';
  if (std::isnan(value)) {
    *out += "nan";
    return;
  }
  if (std::isinf(value)) {
    *out += "inf";
    return;
  }
  std::array<char, 32> buffer;
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                                     std::chars_format::scientific);
  const std::string_view text(buffer.data(), static_cast<size_t>(written.ptr - buffer.data()));
  const size_t e = text.find('e');
  int exponent = 0;
  const bool negative = text[e + 1] == '-';
  std::from_chars(text.data() + e + 2, text.data() + text.size(), exponent);
  if (negative) exponent = -exponent;
  if (exponent < kSmallExponent || exponent >= kLargeExponent) {
    *out += text;
    return;
  }
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  WritePlain(digits, exponent, out);
}

template void WriteFloat(float value, std::string* out);
template void WriteFloat(double value, std::string* out);

void WriteDecimal(vector::Int128 unscaled, int precision, int scale, std::string* out) {
  if (scale == 0) return WriteInteger(unscaled, out);
  using Magnitude = unsigned __int128;  // of the least value, too
  const auto power = static_cast<Magnitude>(vector::PowerOfTen(scale));
  const auto bits = static_cast<Magnitude>(unscaled);
  const Magnitude size = unscaled < 0 ? -bits : bits;
  if (unscaled < 0) *out += '-';
  if (precision > scale || size >= power)
    WriteInteger(static_cast<vector::Int128>(size / power), out);
  *out += '.';
  const size_t start = out->size();
  WriteInteger(static_cast<vector::Int128>(size % power), out);
  out->insert(start, static_cast<size_t>(scale) - (out->size() - start), '0');
}

void WriteDate(int64_t days, std::string* out) {
  const vector::CivilDate date = vector::CivilFromDays(days);
  const bool before_christ = date.year <= 0;
  fmt::format_to(std::back_inserter(*out), "{:04}-{:02}-{:02}{}",
                 before_christ ? 1 - date.year : date.year, date.month, date.day,
                 before_christ ? " (BC)" : "");
}

void WriteTime(int64_t ticks, int64_t ticks_per_second, std::string* out) {
  const int64_t seconds = ticks / ticks_per_second;
  fmt::format_to(std::back_inserter(*out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  int64_t fraction = ticks % ticks_per_second;
  if (fraction == 0) return;
  *out += '.';
  for (int64_t unit = ticks_per_second / 10; fraction != 0; unit /= 10) {
    *out += static_cast<char>('0' + fraction / unit);
    fraction %= unit;
  }
}

}  // namespace skyhook::exec
