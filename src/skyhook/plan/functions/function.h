// The functions that a call may name, and the options that say what dialects disagree on.
#pragma once

#include <cstdint>

namespace skyhook::plan {

/// The id of a function. It is open: those named here are the catalogue's, and catalogue.h says
/// what each one means; any other value may be the id of a function that somebody brings along
/// (exec/prepared_calls.h).
enum class Function : uint32_t {
  // Comparisons and tests.
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsDistinctFrom,
  kIsNotDistinctFrom,
  kIn,
  kIsNull,
  kIsNotNull,
  kIsNan,
  kIsFinite,
  kIsInfinite,
  kNot,
  kXor,
  kGreatest,
  kLeast,
  // Arithmetic, rounding and bits.
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kIntegerDivide,
  kModulo,
  kNegate,
  kAbs,
  kSign,
  kRound,
  kFloor,
  kCeil,
  kTrunc,
  kBitAnd,
  kBitOr,
  kBitXor,
  kBitNot,
  kShiftLeft,
  kShiftRight,
  kShiftRightUnsigned,
  // Mathematics.
  kSqrt,
  kCbrt,
  kExp,
  kLn,
  kLog2,
  kLog10,
  kLog,
  kPower,
  kFactorial,
  kSin,
  kCos,
  kTan,
  kAsin,
  kAcos,
  kAtan,
  kAtan2,
  kSinh,
  kCosh,
  kTanh,
  kAsinh,
  kAcosh,
  kAtanh,
  kRadians,
  kDegrees,
  // Text.
  kLike,
  kILike,
  kRegexpMatches,
  kRegexpFullMatch,
  kRegexpExtract,
  kRegexpReplace,
  kStartsWith,
  kEndsWith,
  kContains,
  kPosition,
  kCountSubstring,
  kLength,
  kOctetLength,
  kBitLength,
  kLower,
  kUpper,
  kConcat,
  kConcatSeparated,
  kSubstring,
  kLeft,
  kRight,
  kTrim,
  kTrimLeft,
  kTrimRight,
  kPadLeft,
  kPadRight,
  kRepeat,
  kReverse,
  kReplace,
  kSplitPart,
  // Dates and times.
  kExtract,
  kDateTrunc,
  // Conversions.
  kCast,
  kTryCast,
};

/// What dialects disagree on, said by each call. The defaults are SQL's (DuckDB 1.5.6).
struct CallOptions {
  /// kTotal: NaN equals NaN and is greater than every number. kIeee: comparisons with NaN are
  /// false, except `!=`.
  enum class Nan : uint8_t { kTotal, kIeee };
  /// Division of numbers by zero: NULL, an error, or (floats) infinity and NaN.
  enum class DivisionByZero : uint8_t { kNull, kError, kIeee };
  /// Results outside the type: an error, modulo the type's range, its nearest value, or NULL.
  enum class Overflow : uint8_t { kError, kWrap, kSaturate, kNull };
  /// Arguments outside a function's domain (the logarithm of -1): an error, NaN, or NULL.
  enum class DomainError : uint8_t { kError, kNan, kNull };
  /// The logarithm of zero: an error, negative infinity, NaN, or NULL.
  enum class LogarithmOfZero : uint8_t { kError, kMinusInfinity, kNan, kNull };
  /// Which neighbour a value between two of them becomes. The first six decide ties only.
  enum class Rounding : uint8_t {
    kHalfAwayFromZero,
    kHalfToEven,
    kHalfTowardsZero,
    kHalfUp,
    kHalfDown,
    kHalfToOdd,
    kTowardsZero,
    kAwayFromZero,
    kDown,
    kUp,
  };
  /// Text: as it is, or after Unicode's (or only ASCII's) simple mapping to lower case.
  enum class Case : uint8_t { kSensitive, kInsensitive, kAsciiInsensitive };
  /// NULL among the arguments of a function of many: passed over, or the result is NULL.
  enum class Nulls : uint8_t { kSkip, kPropagate };
  /// kRegexpReplace: the first match, or every one.
  enum class Occurrence : uint8_t { kFirst, kAll };
  /// kExtract, kDateTrunc: which field of a date or timestamp. Weeks are ISO's; kDayOfWeek is 0 on
  /// Sunday, kIsoDayOfWeek 1 on Monday to 7 on Sunday. kMillisecond and smaller hold the seconds of
  /// the minute too; kEpoch is seconds since 1970, kEpochMilliseconds and so on its multiples.
  enum class DateField : uint8_t {
    kYear,
    kQuarter,
    kMonth,
    kWeek,
    kDay,
    kDayOfWeek,
    kIsoDayOfWeek,
    kDayOfYear,
    kHour,
    kMinute,
    kSecond,
    kMillisecond,
    kMicrosecond,
    kNanosecond,
    kIsoYear,
    kDecade,
    kCentury,
    kMillennium,
    kEra,
    kEpochSecond,
    kEpochMillisecond,
    kEpochMicrosecond,
    kEpochNanosecond,
  };

  Nan nan = Nan::kTotal;
  DivisionByZero division_by_zero = DivisionByZero::kNull;
  Overflow overflow = Overflow::kError;
  DomainError domain_error = DomainError::kError;
  LogarithmOfZero logarithm_of_zero = LogarithmOfZero::kError;
  Rounding rounding = Rounding::kHalfAwayFromZero;
  Case text_case = Case::kSensitive;
  Nulls nulls = Nulls::kSkip;
  Occurrence occurrence = Occurrence::kFirst;
  DateField date_field = DateField::kYear;
  /// kLike, kILike: the escape character, 0 for none.
  char escape = 0;

  bool operator==(const CallOptions&) const = default;
};

}  // namespace skyhook::plan
