#include "skyhook/plan/typed_literal.h"

#include <arrow/util/decimal.h>
#include <arrow/util/value_parsing.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/filter_tokens.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Status;
using arrow::Type;
using Kind = WrittenLiteral::Kind;
using TypePtr = std::shared_ptr<arrow::DataType>;

// Up to so many digits, DuckDB takes a number without an exponent for a DECIMAL.
constexpr size_t kMostDecimalDigits = 38;
// Integers of so many digits, and their quotients by powers of ten up to kMostExactScale, become
// doubles in their order, different ones different doubles.
constexpr size_t kMostDoubleDigits = 15;
constexpr int64_t kMostExactScale = 22;
// Any int64.
constexpr size_t kMostInt64Digits = 18;

// A number is `digits` * 10^`power`, or its negative.
struct Number {
  bool negative = false;
  std::string digits;  // without zeros before them; empty: 0
  int64_t power = 0;
  size_t written = 0;  // digits, with zeros before them
  bool exponent = false;

  // Whether SQL takes it for a DOUBLE.
  bool IsDouble() const { return exponent || written > kMostDecimalDigits; }
};

std::string_view TakeDigits(std::string_view* text) {
  const auto end =
      std::find_if(text->begin(), text->end(), [](char c) { return c < '0' || c > '9'; });
  const auto digits = text->substr(0, static_cast<size_t>(end - text->begin()));
  text->remove_prefix(digits.size());
  return digits;
}

bool TakeSign(std::string_view* text) {
  const bool negative = text->starts_with('-');
  if (negative || text->starts_with('+')) text->remove_prefix(1);
  return negative;
}

// The exponent; beyond all limits, a great one. nullopt where there are no digits.
std::optional<int64_t> TakeExponent(std::string_view* text) {
  constexpr int64_t kGreat = 1'000'000'000;
  const bool negative = TakeSign(text);
  const std::string_view digits = TakeDigits(text);
  if (digits.empty()) return std::nullopt;
  int64_t value = 0;
  for (const char c : digits) value = std::min(kGreat, value * 10 + (c - '0'));
  return negative ? -value : value;
}

std::optional<Number> ReadNumber(std::string_view text) {
  Number number;
  number.negative = TakeSign(&text);
  number.digits = TakeDigits(&text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string_view fraction = TakeDigits(&text);
    number.digits += fraction;
    number.power = -static_cast<int64_t>(fraction.size());
  }
  number.written = number.digits.size();
  if (number.written == 0) return std::nullopt;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    const auto exponent = TakeExponent(&text);
    if (!exponent.has_value()) return std::nullopt;
    number.power += *exponent;
    number.exponent = true;
  }
  if (!text.empty()) return std::nullopt;
  number.digits.erase(0, number.digits.find_first_not_of('0'));
  return number;
}

// The number times 10^scale, without a sign; nullopt where that is not whole, or too long.
std::optional<std::string> Scaled(const Number& number, int scale) {
  if (number.digits.empty()) return "0";
  std::string digits = number.digits;
  int64_t power = number.power + scale;
  for (; power < 0 && digits.ends_with('0'); ++power) digits.pop_back();
  if (power < 0) return std::nullopt;
  if (digits.size() + static_cast<size_t>(power) > kMostDecimalDigits) return std::nullopt;
  return digits.append(static_cast<size_t>(power), '0');
}

Status NoValue(const WrittenLiteral& literal, const arrow::DataType& type,
               std::string_view advice = "") {
  return base::Invalid("{} is no {}{}", Shown(literal.source), SqlTypeName(type), advice);
}

constexpr std::string_view kAsDouble = " as a DOUBLE: write numbers here without exponents";

// Of an integer or a decimal. As doubles, only small ones are told apart.
Result<ExpressionPtr> ExactNumber(const WrittenLiteral& literal, const Number& number,
                                  const TypePtr& type, bool as_double) {
  const bool decimal = IsDecimal(*type);
  const DecimalShape shape = ShapeOf(*type);
  const int scale = decimal ? shape.scale : 0;
  const auto digits = Scaled(number, scale);
  if (!digits.has_value()) return NoValue(literal, *type);
  if (as_double && (digits->size() > kMostDoubleDigits || scale > kMostExactScale)) {
    return NoValue(literal, *type, kAsDouble);
  }
  const std::string text = (number.negative && *digits != "0" ? "-" : "") + *digits;
  if (!decimal) {
    const auto scalar = arrow::Scalar::Parse(type, text);
    return scalar.ok() ? Literal(*scalar) : NoValue(literal, *type);
  }
  if (static_cast<int>(digits->size()) > shape.precision) return NoValue(literal, *type);
  ARROW_ASSIGN_OR_RAISE(const auto value, arrow::Decimal128::FromString(text));
  return Literal(std::make_shared<arrow::Decimal128Scalar>(
      value, arrow::decimal128(shape.precision, shape.scale)));
}

// The nearest value of the text, whose sign may be a minus; nullopt beyond the type.
template <typename T>
std::optional<T> Nearest(const Number& number, std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (std::isinf(value) || (value == 0 && !number.digits.empty())) return std::nullopt;
  return value;
}

// What DuckDB makes of a DECIMAL: as exec/kernels/cast does of a column's.
template <typename T>
T OfDecimal(const Number& number) {
  constexpr int64_t kExact = int64_t{1} << std::numeric_limits<T>::digits;
  const bool wide = number.power < 0 && number.written > kMostInt64Digits;
  const auto convert = [&](int64_t value) {
    if (!wide) return static_cast<T>(value);
    // It converts 128 bits by halves.
    return static_cast<T>(value < 0 ? -static_cast<double>(-(value + 1)) - 1
                                    : static_cast<double>(value));
  };
  int64_t value = 0;
  std::from_chars(number.digits.data(), number.digits.data() + number.digits.size(), value);
  if (number.negative) value = -value;
  const auto scale = static_cast<size_t>(-number.power);
  const std::string power = "1" + std::string(scale, '0');
  double divisor = 1;
  std::from_chars(power.data(), power.data() + power.size(), divisor);
  if (scale == 0 || (value >= -kExact && value <= kExact)) {
    return convert(value) / static_cast<T>(divisor);
  }
  int64_t whole = std::numeric_limits<int64_t>::max();
  std::from_chars(power.data(), power.data() + power.size(), whole);
  return convert(value / whole) + convert(value % whole) / static_cast<T>(divisor);
}

template <typename T>
std::optional<T> NotANumber(std::string_view text) {
  const bool negative = TakeSign(&text);
  const std::string word = Lowered(text);
  if (word == "nan") return std::numeric_limits<T>::quiet_NaN();
  if (word != "inf" && word != "infinity") return std::nullopt;
  constexpr T kInfinity = std::numeric_limits<T>::infinity();
  return negative ? -kInfinity : kInfinity;
}

template <typename T>
Result<T> FloatingPoint(const WrittenLiteral& literal, const arrow::DataType& type) {
  const bool text = literal.kind == Kind::kText;
  const auto special = text ? NotANumber<T>(literal.text) : std::nullopt;
  if (special.has_value()) return *special;
  const auto number = ReadNumber(literal.text);
  if (!number.has_value()) return NoValue(literal, type);
  if (text || number->IsDouble()) {
    const auto value = Nearest<T>(*number, literal.text);
    return value.has_value() ? Result<T>(*value) : NoValue(literal, type);
  }
  if (number->digits.size() > kMostInt64Digits) {
    return NoValue(literal, type, ": write more than 18 digits with an exponent");
  }
  return OfDecimal<T>(*number);
}

Result<float> FloatOf(const WrittenLiteral& literal, const arrow::DataType& type, bool as_double) {
  if (!as_double) return FloatingPoint<float>(literal, type);
  ARROW_ASSIGN_OR_RAISE(const double wide, FloatingPoint<double>(literal, type));
  const bool in_range = std::abs(wide) <= std::numeric_limits<float>::max();
  if (in_range && wide != static_cast<float>(wide)) return NoValue(literal, type, kAsDouble);
  if (!in_range && std::isfinite(wide)) return NoValue(literal, type);
  return static_cast<float>(wide);
}

Result<ExpressionPtr> NumberOf(const WrittenLiteral& literal, const TypePtr& type, bool as_double) {
  if (literal.kind != Kind::kNumber && literal.kind != Kind::kText) return NoValue(literal, *type);
  if (type->id() == Type::FLOAT) {
    ARROW_ASSIGN_OR_RAISE(const float value, FloatOf(literal, *type, as_double));
    return Literal(std::make_shared<arrow::FloatScalar>(value));
  }
  if (type->id() == Type::DOUBLE) {
    ARROW_ASSIGN_OR_RAISE(const double value, FloatingPoint<double>(literal, *type));
    return Literal(std::make_shared<arrow::DoubleScalar>(value));
  }
  const auto number = ReadNumber(literal.text);
  if (!number.has_value()) return NoValue(literal, *type);
  return ExactNumber(literal, *number, type, as_double);
}

Result<ExpressionPtr> BoolOf(const WrittenLiteral& literal, const TypePtr& type) {
  const std::string word = Lowered(literal.text);
  const bool either = literal.kind == Kind::kBool || literal.kind == Kind::kText;
  if (!either || (word != "true" && word != "false")) return NoValue(literal, *type);
  return BoolLiteral(word == "true");
}

Result<ExpressionPtr> TextOf(const WrittenLiteral& literal, const TypePtr& type) {
  if (literal.kind != Kind::kText) {
    return NoValue(literal, *type, ": text stands in single quotes");
  }
  return Literal(
      std::make_shared<arrow::StringViewScalar>(arrow::Buffer::FromString(literal.text)));
}

Result<ExpressionPtr> DateOf(const WrittenLiteral& literal, const TypePtr& type) {
  if (literal.kind == Kind::kText || literal.kind == Kind::kDate) {
    const auto scalar = arrow::Scalar::Parse(type, literal.text);
    if (scalar.ok()) return Literal(*scalar);
  }
  return NoValue(literal, *type, ": write 'YYYY-MM-DD'");
}

// Ticks since 1970; nullopt for what is no timestamp, or beyond the unit's range or precision.
std::optional<int64_t> ReadTimestamp(const std::string& text, arrow::TimeUnit::type unit,
                                     bool zoned) {
  int64_t ticks = 0;
  bool has_offset = false;
  if (!arrow::internal::ParseTimestampISO8601(text.data(), text.size(), unit, &ticks,
                                              &has_offset) ||
      has_offset != zoned) {
    return std::nullopt;
  }
  return ticks;
}

// Whether SQL reads the literal, or converts it, as what is written: DATE and TIMESTAMP, which is
// of microseconds, have no time zone, and SQL gives them the session's.
bool IsTimestamp(const WrittenLiteral& literal, bool zoned) {
  switch (literal.kind) {
    case Kind::kText:
      return true;
    case Kind::kDate:
      return !zoned && literal.text.size() == std::string_view("YYYY-MM-DD").size();
    case Kind::kTimestamp:
      return !zoned && ReadTimestamp(literal.text, arrow::TimeUnit::MICRO, false).has_value();
    default:
      return false;
  }
}

Result<ExpressionPtr> TimestampOf(const WrittenLiteral& literal, const TypePtr& type) {
  const auto& timestamp = static_cast<const arrow::TimestampType&>(*type);
  const bool zoned = !timestamp.timezone().empty();
  const auto ticks = IsTimestamp(literal, zoned)
                         ? ReadTimestamp(literal.text, timestamp.unit(), zoned)
                         : std::nullopt;
  if (!ticks.has_value()) {
    return NoValue(literal, *type,
                   zoned ? ": write 'YYYY-MM-DD hh:mm:ss' and an offset, '+00' or 'Z'"
                         : ": write 'YYYY-MM-DD hh:mm:ss', without an offset");
  }
  return Literal(std::make_shared<arrow::TimestampScalar>(*ticks, type));
}

std::string TimestampName(const arrow::TimestampType& type) {
  if (!type.timezone().empty()) return "TIMESTAMP WITH TIME ZONE";
  switch (type.unit()) {
    case arrow::TimeUnit::SECOND:
      return "TIMESTAMP_S";
    case arrow::TimeUnit::MILLI:
      return "TIMESTAMP_MS";
    case arrow::TimeUnit::MICRO:
      return "TIMESTAMP";
    case arrow::TimeUnit::NANO:
      return "TIMESTAMP_NS";
  }
  return "TIMESTAMP";
}

}  // namespace

bool HasLiterals(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
    case Type::STRING_VIEW:
    case Type::DATE32:
    case Type::TIMESTAMP:
      return true;
    default:
      return IsNumeric(type) && !IsWideDecimal(type);
  }
}

std::string SqlTypeName(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
      return "BOOLEAN";
    case Type::INT8:
      return "TINYINT";
    case Type::INT16:
      return "SMALLINT";
    case Type::INT32:
      return "INTEGER";
    case Type::INT64:
      return "BIGINT";
    case Type::UINT8:
      return "UTINYINT";
    case Type::UINT16:
      return "USMALLINT";
    case Type::UINT32:
      return "UINTEGER";
    case Type::UINT64:
      return "UBIGINT";
    case Type::FLOAT:
      return "FLOAT";
    case Type::DOUBLE:
      return "DOUBLE";
    case Type::STRING_VIEW:
      return "VARCHAR";
    case Type::BINARY_VIEW:
      return "BLOB";
    case Type::DATE32:
      return "DATE";
    case Type::TIMESTAMP:
      return TimestampName(static_cast<const arrow::TimestampType&>(type));
    default:
      break;
  }
  if (!IsDecimal(type)) return type.ToString();
  const DecimalShape shape = ShapeOf(type);
  return fmt::format("DECIMAL({}, {})", shape.precision, shape.scale);
}

bool IsDoubleLiteral(const WrittenLiteral& literal) {
  if (literal.kind != Kind::kNumber) return false;
  const auto number = ReadNumber(literal.text);
  return number.has_value() && number->IsDouble();
}

Result<ExpressionPtr> LiteralOfType(const WrittenLiteral& literal, const TypePtr& type,
                                    bool as_double) {
  if (literal.kind == Kind::kNumber && !ReadNumber(literal.text).has_value()) {
    return base::Invalid("{} is no number", Shown(literal.source));
  }
  switch (type->id()) {
    case Type::BOOL:
      return BoolOf(literal, type);
    case Type::STRING_VIEW:
      return TextOf(literal, type);
    case Type::DATE32:
      return DateOf(literal, type);
    case Type::TIMESTAMP:
      return TimestampOf(literal, type);
    default:
      return HasLiterals(*type) ? NumberOf(literal, type, as_double) : NoValue(literal, *type);
  }
}

}  // namespace skyhook::plan
