#include "skyhook/vector/parse_number.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <type_traits>

#include "skyhook/vector/decimal.h"
#include "skyhook/vector/parse_characters.h"

namespace skyhook::vector {
namespace {

// Steps over one underscore, which has to stand before another digit.
bool SkipUnderscore(std::string_view text, size_t* at) {
  if (*at == text.size() || text[*at] != '_') return true;
  ++*at;
  return *at < text.size() && IsDigit(text[*at]);
}

// Hands the parts of a decimal number to `sink`, whose calls return false to stop: Digit and
// Fraction get digits one by one, Exponent at most one number, Finish comes last if that does not.
// `text` is not empty and begins with the sign if `negative`.
template <typename Sink>
bool ScanNumber(std::string_view text, bool negative, Sink* sink);

// An exponent is a whole number of 16 bits.
struct ExponentSink {
  int32_t value = 0;
  bool negative = false;

  bool Digit(int digit) {
    value = value * 10 + digit;
    return value <= (negative ? 32'768 : 32'767);
  }
  bool Fraction(int) { return false; }
  bool Finish() {
    if (negative) value = -value;
    return true;
  }
};

template <typename Sink>
bool ReadExponent(std::string_view text, Sink* sink) {
  if (text.empty()) return false;
  ExponentSink exponent;
  exponent.negative = text[0] == '-';
  return ScanNumber(text, exponent.negative, &exponent) && sink->Exponent(exponent.value);
}

template <typename Sink>
bool ScanFraction(std::string_view text, size_t* at, Sink* sink) {
  while (*at < text.size() && IsDigit(text[*at])) {
    if (!sink->Fraction(text[*at] - '0')) return false;
    ++*at;
    if (!SkipUnderscore(text, at)) return false;
  }
  return true;
}

template <typename Sink>
bool ScanNumber(std::string_view text, bool negative, Sink* sink) {
  const size_t start = negative || text[0] == '+' ? 1 : 0;
  size_t at = start;
  while (at < text.size() && IsDigit(text[at])) {
    if (!sink->Digit(text[at] - '0')) return false;
    ++at;
    if (!SkipUnderscore(text, &at)) return false;
  }
  if (at < text.size() && text[at] == '.') {
    const bool whole = at > start;
    const size_t first = ++at;
    if (!ScanFraction(text, &at, sink) || (!whole && at == first)) return false;
  }
  if (at < text.size() && !IsSpace(text[at])) {
    if constexpr (std::is_same_v<Sink, ExponentSink>) {
      return false;  // it has none of its own
    } else {
      const bool exponent = Lowered(text[at]) == 'e' && at > start;
      return exponent && ReadExponent(text.substr(at + 1), sink);
    }
  }
  return SkipSpaces(text.substr(at)).empty() && text.size() > start && sink->Finish();
}

// A number as DuckDB 1.5.6 gathers it to round it to an integer, in 64 bits.
template <typename Store>
class IntegerSink {
 public:
  explicit IntegerSink(bool negative) : negative_(negative) {}

  Store whole() const { return whole_; }
  bool rounds_away() const { return rounds_away_; }

  bool Digit(int digit) {
    const auto next = static_cast<Store>(negative_ ? -digit : digit);
    return !__builtin_mul_overflow(whole_, Store{10}, &whole_) &&
           !__builtin_add_overflow(whole_, next, &whole_);
  }

  // Digits that do not fit are left out.
  bool Fraction(int digit) {
    const auto next = static_cast<Store>(digit);
    if (fraction_ > (std::numeric_limits<Store>::max() - next) / 10) return true;
    ++fraction_digits_;
    fraction_ = static_cast<Store>(fraction_ * 10 + next);
    return true;
  }

  bool Exponent(int exponent) {
    if (exponent < 0) {
      ShiftRight(exponent);
      return Finish();
    }
    return ShiftLeft(exponent) && Finish();
  }

  bool Finish() {
    while (fraction_ > 10) {
      fraction_ /= 10;
      --fraction_digits_;
    }
    rounds_away_ = fraction_digits_ == 1 && fraction_ >= 5;
    return true;
  }

 private:
  void ShiftRight(int exponent) {
    Store last = 0;
    while (exponent++ < 0) {
      last = whole_ % 10;
      whole_ /= 10;
      if (whole_ == 0 && last == 0) break;
    }
    fraction_ = negative_ ? static_cast<Store>(-last) : last;
    fraction_digits_ = 1;
  }

  bool ShiftLeft(int exponent) {
    for (int left = exponent; left > 0 && whole_ != 0; --left) {
      if (__builtin_mul_overflow(whole_, Store{10}, &whole_)) return false;
    }
    if (fraction_ == 0) return true;
    Store rest = 0;
    if (!SplitFraction(exponent, &rest)) return false;
    fraction_digits_ = static_cast<uint16_t>(fraction_digits_ - exponent);
    const bool lost = negative_ ? __builtin_sub_overflow(whole_, fraction_, &whole_)
                                : __builtin_add_overflow(whole_, fraction_, &whole_);
    fraction_ = rest;
    return !lost;
  }

  // Leaves the digits that the exponent makes whole, and the others in `rest`.
  bool SplitFraction(int exponent, Store* rest) {
    const int places = static_cast<int16_t>(exponent - fraction_digits_);
    for (int left = places; left > 0; --left) {
      if (__builtin_mul_overflow(fraction_, Store{10}, &fraction_)) return false;
    }
    if (places >= 0) return true;
    if (-places > std::numeric_limits<Store>::digits10 + 1) {
      fraction_ = 0;
      return true;
    }
    // The last of these powers leaves 64 bits: DuckDB goes on with what is left of it.
    uint64_t power = 1;
    for (int i = 0; i < -places; ++i) power *= 10;
    *rest = fraction_ % static_cast<Store>(power);
    fraction_ /= static_cast<Store>(power);
    return true;
  }

  bool negative_;
  bool rounds_away_ = false;
  Store whole_ = 0;
  Store fraction_ = 0;
  uint16_t fraction_digits_ = 0;
};

template <typename T>
std::optional<T> ReadDecimalInteger(std::string_view text, bool negative) {
  using Store = std::conditional_t<std::is_same_v<T, uint64_t>, uint64_t, int64_t>;
  IntegerSink<Store> sink(negative);
  if (!ScanNumber(text, negative, &sink)) return std::nullopt;
  auto value = static_cast<T>(sink.whole());
  if (value != sink.whole()) return std::nullopt;
  if (!sink.rounds_away()) return value;
  const bool lost = negative ? __builtin_sub_overflow(value, T{1}, &value)
                             : __builtin_add_overflow(value, T{1}, &value);
  return lost ? std::nullopt : std::optional(value);
}

// Digits to the base of 16 or 2.
template <typename T>
std::optional<T> ReadBinaryInteger(std::string_view digits, int base) {
  T value = 0;
  for (size_t at = 0; at < digits.size(); ++at) {
    const bool grouped = at > 0 && digits[at] == '_' && at + 1 < digits.size();
    if (grouped && digits[at - 1] != '_') continue;
    const char c = Lowered(digits[at]);
    const int digit = IsDigit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : base;
    if (digit >= base || __builtin_mul_overflow(value, static_cast<T>(base), &value) ||
        __builtin_add_overflow(value, static_cast<T>(digit), &value)) {
      return std::nullopt;
    }
  }
  return digits.empty() ? std::nullopt : std::optional(value);
}

// Gathers the digits of a number of any length.
struct DigitSink {
  std::string digits;  // without leading zeros
  int64_t point = 0;   // digits before the decimal point, negative for zeros after it

  bool Digit(int digit) {
    if (Add(digit)) ++point;
    return true;
  }
  bool Fraction(int digit) {
    if (!Add(digit)) --point;
    return true;
  }
  bool Exponent(int exponent) {
    point += exponent;
    return true;
  }
  bool Finish() { return true; }

 private:
  bool Add(int digit) {
    if (digit == 0 && digits.empty()) return false;
    digits += static_cast<char>('0' + digit);
    return true;
  }
};

// What std::from_chars does not give for a number outside the type: an infinity or zero.
template <typename T>
T BeyondRange(std::string_view text, bool negative) {
  DigitSink sink;
  ScanNumber(text, negative, &sink);
  const T value = sink.point > 0 ? std::numeric_limits<T>::infinity() : T{0};
  return negative ? -value : value;
}

}  // namespace

std::optional<bool> ReadBool(std::string_view text) {
  static constexpr std::array<std::string_view, 5> kTrue = {"true", "t", "yes", "y", "1"};
  static constexpr std::array<std::string_view, 5> kFalse = {"false", "f", "no", "n", "0"};
  for (const std::string_view word : kTrue) {
    if (IsWord(text, word)) return true;
  }
  for (const std::string_view word : kFalse) {
    if (IsWord(text, word)) return false;
  }
  return std::nullopt;
}

template <typename T>
std::optional<T> ReadInteger(std::string_view text) {
  text = SkipSpaces(text);
  if (text.empty()) return std::nullopt;
  if (text[0] == '-') {
    const bool zero = text.find_first_not_of('0', 1) == std::string_view::npos;
    if (std::is_unsigned_v<T> && !zero) return std::nullopt;
    return ReadDecimalInteger<T>(text, true);
  }
  const char base = text.size() > 1 && text[0] == '0' ? Lowered(text[1]) : '0';
  if (base == 'x') return ReadBinaryInteger<T>(text.substr(2), 16);
  if (base == 'b') return ReadBinaryInteger<T>(text.substr(2), 2);
  return ReadDecimalInteger<T>(text, false);
}

template std::optional<int8_t> ReadInteger(std::string_view text);
template std::optional<int16_t> ReadInteger(std::string_view text);
template std::optional<int32_t> ReadInteger(std::string_view text);
template std::optional<int64_t> ReadInteger(std::string_view text);
template std::optional<uint8_t> ReadInteger(std::string_view text);
template std::optional<uint16_t> ReadInteger(std::string_view text);
template std::optional<uint32_t> ReadInteger(std::string_view text);
template std::optional<uint64_t> ReadInteger(std::string_view text);

template <typename T>
std::optional<T> ReadFloat(std::string_view text) {
  text = SkipSpaces(text);
  if (text.empty()) return std::nullopt;
  text = text.substr(0, text.find_last_not_of(kSpaces) + 1);
  const bool negative = text[0] == '-';
  const std::string_view word = text.substr(negative || text[0] == '+' ? 1 : 0);
  T value{};
  if (IsWord(word, "inf") || IsWord(word, "infinity")) {
    value = std::numeric_limits<T>::infinity();
    return negative ? -value : value;
  }
  if (IsWord(word, "nan")) return std::numeric_limits<T>::quiet_NaN();
  DigitSink any;
  if (word.empty() || !ScanNumber(text, negative, &any)) return std::nullopt;
  std::string plain;
  for (const char c : word) {
    if (c != '_') plain += c;
  }
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error == std::errc::result_out_of_range) return BeyondRange<T>(text, negative);
  if (error != std::errc() || end != plain.data() + plain.size()) return std::nullopt;
  return negative ? -value : value;
}

template std::optional<float> ReadFloat(std::string_view text);
template std::optional<double> ReadFloat(std::string_view text);

namespace {

template <typename T>
T PowerOf(int exponent) {
  if constexpr (std::is_same_v<T, Int256>) {
    return WidePowerOfTen(exponent);
  } else {
    return PowerOfTen(exponent);
  }
}

}  // namespace

template <typename T>
std::optional<T> ReadDecimal(std::string_view text, int precision, int scale) {
  text = SkipSpaces(text);
  if (text.empty()) return std::nullopt;
  const bool negative = text[0] == '-';
  DigitSink sink;
  if (!ScanNumber(text, negative, &sink)) return std::nullopt;
  const int64_t kept = sink.digits.empty() ? 0 : sink.point + scale;
  if (kept > precision) return std::nullopt;
  T value = 0;
  for (int64_t i = 0; i < kept; ++i) {
    const auto at = static_cast<size_t>(i);
    value = value * T{10} + T{at < sink.digits.size() ? sink.digits[at] - '0' : 0};
  }
  const bool rounds = kept >= 0 && static_cast<size_t>(kept) < sink.digits.size() &&
                      sink.digits[static_cast<size_t>(kept)] >= '5';
  value += T{rounds};
  if (value >= PowerOf<T>(precision)) return std::nullopt;
  return negative ? T(-value) : value;
}

template std::optional<Int128> ReadDecimal(std::string_view text, int precision, int scale);
template std::optional<Int256> ReadDecimal(std::string_view text, int precision, int scale);

}  // namespace skyhook::vector
