#include "skyhook/plan/catalogue.h"

#include <array>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Type;
using TypePtr = std::shared_ptr<arrow::DataType>;

constexpr std::array kEntries = {
    CatalogueEntry{Function::kEqual, "equal", "=",
                   "True when both are equal. Text compares by bytes."},
    CatalogueEntry{Function::kNotEqual, "not_equal", "<>", "True when both differ."},
    CatalogueEntry{Function::kLess, "lt", "<",
                   "Order of numbers, dates and times; text and bytes by unsigned bytes; false < "
                   "true."},
    CatalogueEntry{Function::kLessEqual, "lte", "<=", "Not greater."},
    CatalogueEntry{Function::kGreater, "gt", ">", "Less with the arguments swapped."},
    CatalogueEntry{Function::kGreaterEqual, "gte", ">=", "Not less."},
    CatalogueEntry{Function::kIsDistinctFrom, "is_distinct_from", "IS DISTINCT FROM",
                   "Never NULL: NULL differs from every value and not from NULL."},
    CatalogueEntry{Function::kIsNotDistinctFrom, "is_not_distinct_from", "IS NOT DISTINCT FROM",
                   "The negation of is_distinct_from."},
    CatalogueEntry{Function::kNot, "not", "NOT", "Negation; NULL for NULL."},
    CatalogueEntry{Function::kIsNull, "is_null", "IS NULL", "Never NULL. NaN is not NULL."},
    CatalogueEntry{Function::kIsNotNull, "is_not_null", "IS NOT NULL", "Never NULL."},
    CatalogueEntry{Function::kIn, "in", "IN",
                   "True when the first argument equals one of the literals that follow; NULL when "
                   "it does not and one of them is NULL."},
    CatalogueEntry{Function::kAdd, "add", "+",
                   "Sum. Overflow of integers and decimals is an error. date + int32 days; date or "
                   "timestamp + interval literal (months clamp to the month's last day)."},
    CatalogueEntry{Function::kSubtract, "subtract", "-",
                   "Difference; as add. date - date gives days as int64."},
    CatalogueEntry{Function::kMultiply, "multiply", "*",
                   "Product; scales of decimals add up; overflow is an error."},
    CatalogueEntry{Function::kDivide, "divide", "/", "Quotient of floats; see division_by_zero."},
    CatalogueEntry{Function::kIntegerDivide, "integer_divide", "//",
                   "Quotient of integers, truncated towards zero; the smallest value by -1 is an "
                   "overflow error; see division_by_zero."},
    CatalogueEntry{Function::kModulo, "modulus", "%",
                   "Remainder with the sign of the dividend, of integers and floats; see "
                   "division_by_zero."},
    CatalogueEntry{Function::kNegate, "negate", "-", "The smallest integer is an overflow error."},
    CatalogueEntry{Function::kAbs, "abs", "", "The smallest integer is an overflow error."},
    CatalogueEntry{Function::kLike, "like", "LIKE",
                   "Whole text against a pattern: % any text, _ one character, escape takes the "
                   "next one literally."},
    CatalogueEntry{Function::kILike, "ilike", "ILIKE", "LIKE of both in lower case."},
    CatalogueEntry{Function::kStartsWith, "starts_with", "", "Bytes of text."},
    CatalogueEntry{Function::kEndsWith, "ends_with", "", "Bytes of text."},
    CatalogueEntry{Function::kContains, "contains", "", "Bytes of text; true for the empty text."},
    CatalogueEntry{Function::kSubstring, "substring", "",
                   "Characters from a literal position >= 1 on, at most a literal length >= 0 of "
                   "them."},
    CatalogueEntry{Function::kLength, "char_length", "", "Number of code points, int64."},
    CatalogueEntry{Function::kLower, "lower", "", "Unicode simple case mapping."},
    CatalogueEntry{Function::kUpper, "upper", "", "Unicode simple case mapping."},
    CatalogueEntry{Function::kExtract, "extract", "",
                   "A field of a date, or of a timestamp without zone, as int64."},
    CatalogueEntry{
        Function::kCast, "cast", "",
        "Another type, or an error when the value does not fit. Decimals round half away "
        "from zero, floats to integers half to even."},
    CatalogueEntry{Function::kTryCast, "try_cast", "", "cast, with NULL in place of the error."},
};

arrow::Status Refuse(Function function, const std::vector<ExpressionPtr>& arguments,
                     const std::string& why = "") {
  std::string types;
  for (const auto& argument : arguments) {
    types += (types.empty() ? "" : ", ") + argument->type()->ToString();
  }
  return base::UnsupportedPlan("no function {}({}){}", EntryOf(function).name, types,
                               why.empty() ? "" : ": " + why);
}

bool IsTemporal(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

bool IsIntervalLiteral(const Expression& expression) {
  return expression.kind() == Expression::Kind::kLiteral &&
         expression.type()->id() == Type::INTERVAL_MONTH_DAY_NANO;
}

bool IsZoned(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP &&
         !static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

// The decimal that holds every result: of sums one digit more, of products the sum of both.
DecimalShape NeededShape(Function function, DecimalShape a, DecimalShape b) {
  if (function == Function::kMultiply) return {a.precision + b.precision, a.scale + b.scale};
  const int scale = std::max(a.scale, b.scale);
  const int whole = std::max(a.precision - a.scale, b.precision - b.scale);
  return {whole + scale + 1, scale};
}

arrow::Result<TypePtr> DecimalArithmetic(Function function,
                                         const std::vector<ExpressionPtr>& arguments,
                                         const TypePtr& wanted) {
  const DecimalShape a = ShapeOf(*arguments[0]->type());
  const DecimalShape b = ShapeOf(*arguments[1]->type());
  if (function != Function::kMultiply && a.scale != b.scale) {
    return Refuse(function, arguments, "scales differ, cast first");
  }
  const DecimalShape needed = NeededShape(function, a, b);
  if (needed.scale > 38) return Refuse(function, arguments, "the scale would exceed 38");
  if (wanted == nullptr) return DecimalType(std::min(needed.precision, 38), needed.scale);
  if (!IsDecimal(*wanted) || ShapeOf(*wanted).scale != needed.scale) {
    return Refuse(function, arguments, "the result cannot be " + wanted->ToString());
  }
  return wanted;
}

arrow::Result<TypePtr> DateArithmetic(Function function,
                                      const std::vector<ExpressionPtr>& arguments) {
  const auto& a = arguments[0]->type();
  const auto& b = arguments[1]->type();
  if (IsZoned(*a)) return Refuse(function, arguments, "time zones stay with the client");
  if (IsIntervalLiteral(*arguments[1])) {
    return a->id() == Type::DATE32 ? arrow::timestamp(arrow::TimeUnit::MICRO) : a;
  }
  if (a->id() == Type::DATE32 && b->id() == Type::INT32) return a;
  if (a->id() == Type::DATE32 && b->id() == Type::DATE32 && function == Function::kSubtract) {
    return arrow::int64();
  }
  return Refuse(function, arguments);
}

arrow::Result<TypePtr> Arithmetic(Function function, const std::vector<ExpressionPtr>& arguments,
                                  const TypePtr& wanted) {
  if (arguments.size() != 2) return Refuse(function, arguments);
  const auto& a = arguments[0]->type();
  const auto& b = arguments[1]->type();
  const bool additive = function == Function::kAdd || function == Function::kSubtract;
  if (additive && IsTemporal(*a)) return DateArithmetic(function, arguments);
  if (IsDecimal(*a) && IsDecimal(*b) && (additive || function == Function::kMultiply)) {
    return DecimalArithmetic(function, arguments, wanted);
  }
  if (!a->Equals(*b)) return Refuse(function, arguments, "argument types differ, cast first");
  const bool integers = IsInteger(*a) && function != Function::kDivide;
  const bool floats = IsFloat(*a) && function != Function::kIntegerDivide;
  if (!integers && !floats) return Refuse(function, arguments);
  return a;
}

arrow::Result<TypePtr> Comparison(Function function, const std::vector<ExpressionPtr>& arguments) {
  if (arguments.size() != 2 || !arguments[0]->type()->Equals(*arguments[1]->type()) ||
      !IsComputable(*arguments[0]->type())) {
    return Refuse(function, arguments);
  }
  return arrow::boolean();
}

arrow::Result<TypePtr> In(const std::vector<ExpressionPtr>& arguments) {
  if (arguments.size() < 2 || !IsComputable(*arguments[0]->type())) {
    return Refuse(Function::kIn, arguments);
  }
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i]->kind() != Expression::Kind::kLiteral ||
        !arguments[i]->type()->Equals(*arguments[0]->type())) {
      return Refuse(Function::kIn, arguments, "the list must be literals of the first type");
    }
  }
  return arrow::boolean();
}

bool IsNonNegativeLiteral(const Expression& expression, int64_t least) {
  return expression.kind() == Expression::Kind::kLiteral && expression.literal()->is_valid &&
         static_cast<const arrow::Int64Scalar&>(*expression.literal()).value >= least;
}

arrow::Result<TypePtr> Text(Function function, const std::vector<ExpressionPtr>& arguments) {
  const bool substring = function == Function::kSubstring;
  const bool unary =
      function == Function::kLength || function == Function::kLower || function == Function::kUpper;
  const size_t least = substring || !unary ? 2 : 1;
  const size_t most = substring ? 3 : least;
  if (arguments.size() < least || arguments.size() > most) return Refuse(function, arguments);
  if (arguments[0]->type()->id() != Type::STRING_VIEW) return Refuse(function, arguments);
  if (function == Function::kLength) return arrow::int64();
  if (unary) return arrow::utf8_view();
  if (substring) {
    for (size_t i = 1; i < arguments.size(); ++i) {
      if (arguments[i]->type()->id() != Type::INT64 ||
          !IsNonNegativeLiteral(*arguments[i], i == 1 ? 1 : 0)) {
        return Refuse(function, arguments, "position and length must be literals, from 1 and 0 on");
      }
    }
    return arrow::utf8_view();
  }
  if (arguments[1]->type()->id() != Type::STRING_VIEW) return Refuse(function, arguments);
  return arrow::boolean();
}

bool IsTimeField(CallOptions::DateField field) {
  return field == CallOptions::DateField::kHour || field == CallOptions::DateField::kMinute ||
         field == CallOptions::DateField::kSecond;
}

arrow::Result<TypePtr> Extract(const std::vector<ExpressionPtr>& arguments,
                               const CallOptions& options) {
  if (arguments.size() != 1 || !IsTemporal(*arguments[0]->type()) ||
      IsZoned(*arguments[0]->type())) {
    return Refuse(Function::kExtract, arguments);
  }
  if (arguments[0]->type()->id() == Type::DATE32 && IsTimeField(options.date_field)) {
    return Refuse(Function::kExtract, arguments, "a date has no time of day");
  }
  return arrow::int64();
}

bool IsCast(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.Equals(to)) return true;
  if (IsNumeric(from) && IsNumeric(to)) return true;
  if (from.id() == Type::BOOL && IsInteger(to)) return true;
  if (IsZoned(from) || IsZoned(to)) return false;
  return IsTemporal(from) && IsTemporal(to);
}

arrow::Result<TypePtr> Cast(Function function, const std::vector<ExpressionPtr>& arguments,
                            const TypePtr& wanted) {
  if (wanted == nullptr) return base::Invalid("{} needs a type to cast to", EntryOf(function).name);
  if (arguments.size() != 1 || !IsCast(*arguments[0]->type(), *wanted)) {
    return Refuse(function, arguments, "to " + wanted->ToString());
  }
  return wanted;
}

arrow::Result<TypePtr> Unary(Function function, const std::vector<ExpressionPtr>& arguments) {
  if (arguments.size() != 1) return Refuse(function, arguments);
  const auto& type = arguments[0]->type();
  switch (function) {
    case Function::kNot:
      if (type->id() != Type::BOOL) return Refuse(function, arguments);
      return type;
    case Function::kIsNull:
    case Function::kIsNotNull:
      return arrow::boolean();
    default:
      if (!IsNumeric(*type) || arrow::is_unsigned_integer(type->id())) {
        return Refuse(function, arguments);
      }
      return type;
  }
}

arrow::Result<TypePtr> RuleType(Function function, const std::vector<ExpressionPtr>& arguments,
                                const CallOptions& options, const TypePtr& wanted) {
  switch (function) {
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
    case Function::kIsDistinctFrom:
    case Function::kIsNotDistinctFrom:
      return Comparison(function, arguments);
    case Function::kNot:
    case Function::kIsNull:
    case Function::kIsNotNull:
    case Function::kNegate:
    case Function::kAbs:
      return Unary(function, arguments);
    case Function::kIn:
      return In(arguments);
    case Function::kAdd:
    case Function::kSubtract:
    case Function::kMultiply:
    case Function::kDivide:
    case Function::kIntegerDivide:
    case Function::kModulo:
      return Arithmetic(function, arguments, wanted);
    case Function::kLike:
    case Function::kILike:
    case Function::kStartsWith:
    case Function::kEndsWith:
    case Function::kContains:
    case Function::kSubstring:
    case Function::kLength:
    case Function::kLower:
    case Function::kUpper:
      return Text(function, arguments);
    case Function::kExtract:
      return Extract(arguments, options);
    case Function::kCast:
    case Function::kTryCast:
      return Cast(function, arguments, wanted);
  }
  return base::UnsupportedPlan("function number {} is not in the catalogue",
                               static_cast<int>(function));
}

bool CastCanFail(const arrow::DataType& from, const arrow::DataType& to) {
  if (from.Equals(to) || from.id() == Type::BOOL) return false;
  if (IsTemporal(from)) {
    return !(from.id() == Type::TIMESTAMP && to.id() == Type::DATE32);
  }
  if (IsFloat(from)) return !(from.id() == Type::FLOAT && to.id() == Type::DOUBLE);
  if (IsFloat(to)) return to.id() == Type::FLOAT && IsDecimal(from);
  const DecimalShape a = ShapeOf(from);
  const DecimalShape b = ShapeOf(to);
  if (IsInteger(from) && IsInteger(to)) {
    const bool same_sign =
        arrow::is_unsigned_integer(from.id()) == arrow::is_unsigned_integer(to.id());
    return !(same_sign && b.precision >= a.precision) &&
           !(arrow::is_unsigned_integer(from.id()) && b.precision > a.precision);
  }
  if (IsInteger(to)) return true;
  // Rounding away digits may carry into one more whole digit.
  const int carry = b.scale < a.scale ? 1 : 0;
  return b.precision - b.scale < a.precision - a.scale + carry;
}

}  // namespace

std::span<const CatalogueEntry> Catalogue() { return kEntries; }

const CatalogueEntry& EntryOf(Function function) { return kEntries[static_cast<size_t>(function)]; }

std::optional<Function> FunctionByName(std::string_view name) {
  for (const CatalogueEntry& entry : kEntries) {
    if (entry.name == name) return entry.function;
  }
  return std::nullopt;
}

arrow::Result<std::shared_ptr<arrow::DataType>> ResultType(
    Function function, const std::vector<ExpressionPtr>& arguments, const CallOptions& options,
    const std::shared_ptr<arrow::DataType>& wanted) {
  ARROW_ASSIGN_OR_RAISE(auto type, RuleType(function, arguments, options, wanted));
  if (wanted != nullptr && !type->Equals(*wanted)) {
    return Refuse(function, arguments,
                  "the result is " + type->ToString() + ", not " + wanted->ToString());
  }
  return type;
}

bool CallCanFail(const Expression& call) {
  const auto& arguments = call.arguments();
  const arrow::DataType& first = *arguments[0]->type();
  switch (call.function()) {
    case Function::kAdd:
    case Function::kSubtract:
    case Function::kMultiply: {
      if (IsFloat(first)) return false;
      if (!IsDecimal(first) || !IsDecimal(*arguments[1]->type())) return true;
      const DecimalShape needed =
          NeededShape(call.function(), ShapeOf(first), ShapeOf(*arguments[1]->type()));
      return ShapeOf(*call.type()).precision < needed.precision;
    }
    case Function::kDivide:
    case Function::kModulo:
      return call.options().division_by_zero == CallOptions::DivisionByZero::kError;
    case Function::kIntegerDivide:
      return true;
    case Function::kNegate:
    case Function::kAbs:
      return IsInteger(first);
    case Function::kCast:
      return CastCanFail(first, *call.type());
    default:
      return false;
  }
}

const char* DateFieldName(CallOptions::DateField field) {
  static constexpr std::array kNames = {"year", "quarter",   "month",  "week",
                                        "day",  "dayofweek", "isodow", "dayofyear",
                                        "hour", "minute",    "second"};
  return kNames[static_cast<size_t>(field)];
}

}  // namespace skyhook::plan
