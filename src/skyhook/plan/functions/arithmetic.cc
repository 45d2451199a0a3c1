// Arithmetic, rounding and bit operations on numbers; arithmetic of dates with days and intervals.
#include <algorithm>
#include <array>

#include "skyhook/plan/functions/rules.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Type;

bool IsAdditive(Function function) {
  return function == Function::kAdd || function == Function::kSubtract;
}

// The decimal that holds every result: of sums one digit more, of products the sum of both, of
// remainders the smaller of both.
DecimalShape NeededShape(Function function, DecimalShape a, DecimalShape b) {
  if (function == Function::kMultiply) return {a.precision + b.precision, a.scale + b.scale};
  const int scale = std::max(a.scale, b.scale);
  if (function == Function::kModulo) {
    return {std::min(a.precision - a.scale, b.precision - b.scale) + scale, scale};
  }
  const int whole = std::max(a.precision - a.scale, b.precision - b.scale);
  return {whole + scale + 1, scale};
}

// The most digits of a result that nobody asked for: more than 38 where an argument, or the type
// asked for, has more.
int MostDigits(const CallShape& call) {
  bool wide = call.wanted != nullptr && IsWideDecimal(*call.wanted);
  for (size_t i = 0; i < call.size(); ++i) wide |= IsWideDecimal(*call.type(i));
  return wide ? 76 : 38;
}

Result<TypePtr> DecimalArithmetic(const CallShape& call) {
  const DecimalShape a = ShapeOf(*call.type(0));
  const DecimalShape b = ShapeOf(*call.type(1));
  if (call.function != Function::kMultiply && a.scale != b.scale) {
    return NoSuchCall(call, "scales differ, cast first");
  }
  const DecimalShape needed = NeededShape(call.function, a, b);
  const int most = MostDigits(call);
  if (needed.scale > most)
    return NoSuchCall(call, "the scale would exceed " + std::to_string(most));
  if (call.options.overflow == CallOptions::Overflow::kWrap) {
    return NoSuchCall(call, "decimals do not wrap around");
  }
  if (call.wanted == nullptr) return DecimalType(std::min(needed.precision, most), needed.scale);
  if (!IsDecimal(*call.wanted) || ShapeOf(*call.wanted).scale != needed.scale) {
    return NoSuchCall(call, "the result cannot be " + call.wanted->ToString());
  }
  return call.wanted;
}

// Quotients have at least six digits after the point, and more as the divisor has digits: the rule
// of Substrait, which is SQL Server's.
TypePtr QuotientType(DecimalShape a, DecimalShape b, int most) {
  const int scale = std::max(6, a.scale + b.precision + 1);
  const int precision = a.precision - a.scale + b.scale + scale;
  if (precision <= most) return DecimalType(precision, scale);
  return DecimalType(most, std::max(scale - (precision - most), std::min(scale, 6)));
}

// Whether the kernel's 256 bits hold the dividend and the divisor, one of them multiplied by the
// power of ten that gives the quotient its scale.
bool IsDivisible(const CallShape& call, DecimalShape a, DecimalShape b, int scale) {
  const int power = scale - a.scale + b.scale;
  if (MostDigits(call) == 38) return power <= 38;
  return a.precision + std::max(power, 0) <= 76 && b.precision + std::max(-power, 0) <= 76;
}

Result<TypePtr> DecimalQuotient(const CallShape& call) {
  const DecimalShape a = ShapeOf(*call.type(0));
  const DecimalShape b = ShapeOf(*call.type(1));
  const TypePtr type = call.wanted != nullptr ? call.wanted : QuotientType(a, b, MostDigits(call));
  if (!IsDecimal(*type)) return NoSuchCall(call, "the result cannot be " + type->ToString());
  if (call.options.overflow == CallOptions::Overflow::kWrap) {
    return NoSuchCall(call, "decimals do not wrap around");
  }
  if (!IsDivisible(call, a, b, ShapeOf(*type).scale)) {
    return NoSuchCall(call, "the quotient would need more than 256 bits");
  }
  return type;
}

// Of one unit, so that nothing is rounded.
Result<TypePtr> DurationArithmetic(const CallShape& call) {
  const TypePtr& a = call.type(0);
  const TypePtr& b = call.type(1);
  if (call.options.overflow != CallOptions::Overflow::kError) {
    return NoSuchCall(call, "durations that overflow are an error");
  }
  const auto unit = [](const arrow::DataType& type) {
    return type.id() == Type::DURATION ? static_cast<const arrow::DurationType&>(type).unit()
                                       : static_cast<const arrow::TimestampType&>(type).unit();
  };
  if (unit(*a) != unit(*b)) return NoSuchCall(call, "the units differ");
  if (b->id() == Type::DURATION) return a;
  if (!a->Equals(*b)) return NoSuchCall(call, "one of them has another zone");
  return arrow::duration(unit(*a));
}

// Durations added to each other and to timestamps, and the difference of timestamps.
bool IsDurationArithmetic(const CallShape& call) {
  const Type::type a = call.type(0)->id();
  const Type::type b = call.type(1)->id();
  if (b == Type::DURATION) return a == Type::DURATION || a == Type::TIMESTAMP;
  return a == Type::TIMESTAMP && b == Type::TIMESTAMP && call.function == Function::kSubtract;
}

Result<TypePtr> DateArithmetic(const CallShape& call) {
  const TypePtr& a = call.type(0);
  const TypePtr& b = call.type(1);
  if (IsZoned(*a)) return NoSuchCall(call, "cast to a timestamp without zone first");
  if (b->id() == Type::INTERVAL_MONTH_DAY_NANO) {
    if (a->id() != Type::DATE32) return a;
    const bool date = call.wanted != nullptr && call.wanted->id() == Type::DATE32;
    return date ? a : arrow::timestamp(arrow::TimeUnit::MICRO);
  }
  if (a->id() == Type::DATE32 && b->id() == Type::INT32) return a;
  if (a->id() == Type::DATE32 && b->id() == Type::DATE32 && call.function == Function::kSubtract) {
    return arrow::int64();
  }
  return NoSuchCall(call);
}

Result<TypePtr> Arithmetic(const CallShape& call) {
  const TypePtr& a = call.type(0);
  const TypePtr& b = call.type(1);
  if (IsAdditive(call.function) && IsDurationArithmetic(call)) return DurationArithmetic(call);
  if (IsAdditive(call.function) && IsTemporal(*a)) return DateArithmetic(call);
  if (IsDecimal(*a) && IsDecimal(*b)) {
    if (call.function == Function::kDivide) return DecimalQuotient(call);
    if (call.function != Function::kIntegerDivide) return DecimalArithmetic(call);
  }
  if (!a->Equals(*b)) return NoSuchCall(call, "argument types differ, cast first");
  const bool integers = IsInteger(*a) && call.function != Function::kDivide;
  const bool floats = IsFloat(*a) && call.function != Function::kIntegerDivide;
  if (!integers && !floats) return NoSuchCall(call);
  return a;
}

Result<TypePtr> SameNumber(const CallShape& call) {
  if (!IsNumeric(*call.type(0))) return NoSuchCall(call);
  const bool negates = call.function == Function::kNegate || call.function == Function::kAbs;
  if (negates && arrow::is_unsigned_integer(call.type(0)->id())) return NoSuchCall(call);
  return call.type(0);
}

Result<TypePtr> Sign(const CallShape& call) {
  if (!IsNumeric(*call.type(0))) return NoSuchCall(call);
  const bool narrow = call.wanted != nullptr && call.wanted->id() == Type::INT8;
  return narrow ? call.wanted : call.type(0);
}

// Digits that the result keeps after the point; of floor, ceil and trunc none.
Result<int64_t> KeptDigits(const CallShape& call) {
  if (call.size() == 1) return 0;
  const Expression& digits = *call.arguments[1];
  if (digits.kind() != Expression::Kind::kLiteral || digits.type()->id() != Type::INT32 ||
      !digits.literal()->is_valid) {
    return NoSuchCall(call, "the number of digits must be an int32 literal");
  }
  return static_cast<const arrow::Int32Scalar&>(*digits.literal()).value;
}

Result<TypePtr> Rounding(const CallShape& call) {
  if (!IsNumeric(*call.type(0))) return NoSuchCall(call);
  ARROW_ASSIGN_OR_RAISE(const int64_t digits, KeptDigits(call));
  if (!IsDecimal(*call.type(0))) return call.type(0);
  if (call.options.overflow == CallOptions::Overflow::kWrap) {
    return NoSuchCall(call, "decimals do not wrap around");
  }
  const DecimalShape from = ShapeOf(*call.type(0));
  const int scale = static_cast<int>(std::clamp<int64_t>(digits, 0, from.scale));
  if (call.wanted != nullptr) {
    if (!IsDecimal(*call.wanted) || ShapeOf(*call.wanted).scale != scale) {
      return NoSuchCall(call, "the result cannot be " + call.wanted->ToString());
    }
    return call.wanted;
  }
  // Rounding may carry into one more whole digit.
  const int carry = scale < from.scale || digits < 0 ? 1 : 0;
  const int needed = from.precision - from.scale + scale + carry;
  return DecimalType(std::clamp(needed, 1, MostDigits(call)), scale);
}

bool RoundingFails(const Expression& call) {
  const arrow::DataType& type = *call.arguments()[0]->type();
  if (IsFloat(type) || call.options().overflow != CallOptions::Overflow::kError) return false;
  if (IsInteger(type)) return call.arguments().size() == 2;  // carries into a digit too many
  const DecimalShape from = ShapeOf(type);
  const DecimalShape to = ShapeOf(*call.type());
  return to.precision - to.scale < from.precision - from.scale + 1;
}

Result<TypePtr> Bits(const CallShape& call) {
  const bool shift = call.function == Function::kShiftLeft ||
                     call.function == Function::kShiftRight ||
                     call.function == Function::kShiftRightUnsigned;
  const auto takes = [&](const arrow::DataType& type) {
    return IsInteger(type) || (!shift && IsNarrowDecimal(type) && ShapeOf(type).scale == 0);
  };
  if (!takes(*call.type(0))) return NoSuchCall(call);
  if (call.size() == 2 && !call.type(0)->Equals(*call.type(1))) {
    return NoSuchCall(call, "argument types differ, cast first");
  }
  return call.type(0);
}

bool BitsFail(const Expression& call) { return IsDecimal(*call.type()) && OverflowFails(call); }

bool AdditionFails(const Expression& call) {
  const auto& arguments = call.arguments();
  if (!IsDecimal(*arguments[0]->type())) return OverflowFails(call);
  const DecimalShape needed =
      NeededShape(call.function(), ShapeOf(*arguments[0]->type()), ShapeOf(*arguments[1]->type()));
  return ShapeOf(*call.type()).precision < needed.precision && OverflowFails(call);
}

// Whether a divisor is an integer constant by which every integer of its type can be divided.
bool DividesAll(const Expression& divisor) {
  if (divisor.kind() != Expression::Kind::kLiteral || !divisor.literal()->is_valid) return false;
  if (!IsInteger(*divisor.type())) return false;
  const auto is = [&](int value) {
    const auto other = arrow::MakeScalar(divisor.type(), value);
    return other.ok() && divisor.literal()->Equals(**other);
  };
  return !is(0) && (arrow::is_unsigned_integer(divisor.type()->id()) || !is(-1));
}

bool DivisionFails(const Expression& call) {
  if (DividesAll(*call.arguments()[1])) return false;
  const arrow::DataType& type = *call.type();
  const bool fits = IsFloat(type) || arrow::is_unsigned_integer(type.id()) ||
                    (IsDecimal(type) && call.function() == Function::kModulo);
  return call.options().division_by_zero == CallOptions::DivisionByZero::kError ||
         (!fits && OverflowFails(call));
}

bool NegationFails(const Expression& call) {
  return IsInteger(*call.type()) && OverflowFails(call);
}

constexpr std::string_view kBinary =
    "(T, T) -> T, T an integer or float; (decimal(p, s), decimal(q, s)) -> decimal";

constexpr std::array kEntries = {
    CatalogueEntry{
        .function = Function::kAdd,
        .family = Family::kArithmetic,
        .name = "add",
        .symbol = "+",
        .arity = {2, 2},
        .takes = "(T, T) -> T, T an integer or float; (decimal(p, s), decimal(q, s)) -> decimal("
                 "max(p, q) + 1, s); (date, int32) -> date; (date, interval) -> "
                 "timestamp(us) or date; (timestamp, interval) -> timestamp; (duration, "
                 "duration) -> duration; (timestamp, duration) -> timestamp, both of one unit",
        .definition =
            "Sum. Results outside the type are as overflow says; a date or timestamp outside its "
            "type is always an error. Days are added to a date as days; an interval's months "
            "first, clamped to the month's last day, then days, then the time. A duration is added "
            "to "
            "an instant, and an infinite timestamp stays. A date as the "
            "result keeps whole days only. A decimal result has at most 38 digits, or 76 where an "
            "argument has more than 38, or as many as are asked for.",
        .options = "overflow",
        .duckdb = "a + b",
        .pyarrow = "add_checked; add, with overflow = WRAP",
        .differs = "DuckDB's 128-bit integers, and decimals of more than 38 digits, stay with the "
                   "client.",
        .rule = Arithmetic,
        .can_fail = AdditionFails,
    },
    CatalogueEntry{
        .function = Function::kSubtract,
        .family = Family::kArithmetic,
        .name = "subtract",
        .symbol = "-",
        .arity = {2, 2},
        .takes = "as add; (date, date) -> int64; (timestamp, timestamp) -> duration, both of one "
                 "unit and zone",
        .definition = "Difference, as add. The difference of dates is a number of days; that of "
                      "timestamps, where one is infinite, is an error.",
        .options = "overflow",
        .duckdb = "a - b",
        .pyarrow = "subtract_checked; subtract, with overflow = WRAP",
        .rule = Arithmetic,
        .can_fail = AdditionFails,
    },
    CatalogueEntry{
        .function = Function::kMultiply,
        .family = Family::kArithmetic,
        .name = "multiply",
        .symbol = "*",
        .arity = {2, 2},
        .takes = "(T, T) -> T, T an integer or float; (decimal(p, s), decimal(q, t)) -> decimal("
                 "p + q, s + t)",
        .definition = "Product.",
        .options = "overflow",
        .duckdb = "a * b",
        .pyarrow = "multiply_checked; multiply, with overflow = WRAP",
        .rule = Arithmetic,
        .can_fail = AdditionFails,
    },
    CatalogueEntry{
        .function = Function::kDivide,
        .family = Family::kArithmetic,
        .name = "divide",
        .symbol = "/",
        .arity = {2, 2},
        .takes = "(float, float) -> float; (decimal, decimal) -> decimal",
        .definition =
            "Quotient; of decimals rounded to the result's scale as rounding says. Without a type "
            "asked for, decimal(p, s) by decimal(q, t) has scale max(6, s + q + 1) and the "
            "precision that holds every quotient, both cut to 38 digits, or 76 where an argument "
            "has more "
            "than 38, the scale not below 6. One that would need more than 256 bits is refused.",
        .options = "division_by_zero, overflow, rounding",
        .duckdb = "a / b of floats",
        .pyarrow = "divide of floats, with division_by_zero = IEEE; divide_checked with ERROR",
        .differs = "DuckDB divides decimals as DOUBLE; such a call is a division of casts here.",
        .rule = Arithmetic,
        .can_fail = DivisionFails,
    },
    CatalogueEntry{
        .function = Function::kIntegerDivide,
        .family = Family::kArithmetic,
        .name = "integer_divide",
        .symbol = "//",
        .arity = {2, 2},
        .takes = "(T, T) -> T, T an integer",
        .definition = "Quotient truncated towards zero; the smallest value by -1 overflows.",
        .options = "division_by_zero (IEEE means ERROR), overflow",
        .duckdb = "a // b",
        .pyarrow = "divide_checked of integers, with division_by_zero = ERROR",
        .rule = Arithmetic,
        .can_fail = DivisionFails,
    },
    CatalogueEntry{
        .function = Function::kModulo,
        .family = Family::kArithmetic,
        .name = "modulus",
        .symbol = "%",
        .arity = {2, 2},
        .takes = kBinary,
        .definition =
            "Remainder of the truncated quotient: it has the dividend's sign. Of the smallest "
            "integer by -1 it overflows as the quotient does; overflow = WRAP and SATURATE "
            "give 0.",
        .options = "division_by_zero (IEEE means ERROR for integers and decimals), overflow",
        .duckdb = "a % b of integers and floats",
        .differs = "DuckDB takes remainders of decimals as DOUBLE.",
        .rule = Arithmetic,
        .can_fail = DivisionFails,
    },
    CatalogueEntry{
        .function = Function::kNegate,
        .family = Family::kArithmetic,
        .name = "negate",
        .symbol = "-",
        .takes = "(T) -> T, T signed",
        .definition = "The smallest integer overflows.",
        .options = "overflow",
        .duckdb = "-a",
        .pyarrow = "negate_checked; negate, with overflow = WRAP",
        .rule = SameNumber,
        .can_fail = NegationFails,
    },
    CatalogueEntry{
        .function = Function::kAbs,
        .family = Family::kArithmetic,
        .name = "abs",
        .takes = "(T) -> T, T signed",
        .definition = "The smallest integer overflows.",
        .options = "overflow",
        .duckdb = "abs, @",
        .pyarrow = "abs_checked; abs, with overflow = WRAP",
        .rule = SameNumber,
        .can_fail = NegationFails,
    },
    CatalogueEntry{
        .function = Function::kSign,
        .family = Family::kArithmetic,
        .name = "sign",
        .takes = "(T) -> T or int8",
        .definition = "-1, 0 or 1. NaN gives NaN as a float and 0 as int8.",
        .duckdb = "sign, as int8",
        .pyarrow = "sign",
        .rule = Sign,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kRound,
        .family = Family::kRounding,
        .name = "round",
        .arity = {1, 2},
        .takes = "(number[, int32 literal]) -> number",
        .definition =
            "A multiple of 10 to the power of minus the literal (0 without one), as rounding says. "
            "A float is multiplied or divided by that power, rounded, and brought back; where that "
            "is infinite it stays as it is, and where a negative number of digits makes it not "
            "finite it becomes 0. Decimals keep as many digits after the point as the literal "
            "says.",
        .options = "rounding, overflow",
        .duckdb = "round",
        .pyarrow = "round of integers and decimals, with its round_mode",
        .differs = "With negative digits DuckDB does not check integers and decimals for overflow, "
                   "and gives 0 for decimals with so many digits before the point. pyarrow's round "
                   "of floats keeps values that are close to a multiple.",
        .rule = Rounding,
        .can_fail = RoundingFails,
    },
    CatalogueEntry{
        .function = Function::kFloor,
        .family = Family::kRounding,
        .name = "floor",
        .takes = "(number) -> number",
        .definition = "The nearest whole number that is not greater.",
        .duckdb = "floor",
        .pyarrow = "floor",
        .rule = Rounding,
        .can_fail = RoundingFails,
    },
    CatalogueEntry{
        .function = Function::kCeil,
        .family = Family::kRounding,
        .name = "ceil",
        .takes = "(number) -> number",
        .definition = "The nearest whole number that is not less.",
        .duckdb = "ceil, ceiling",
        .pyarrow = "ceil",
        .rule = Rounding,
        .can_fail = RoundingFails,
    },
    CatalogueEntry{
        .function = Function::kTrunc,
        .family = Family::kRounding,
        .name = "trunc",
        .takes = "(number) -> number",
        .definition = "The whole part.",
        .duckdb = "trunc",
        .pyarrow = "trunc",
        .rule = Rounding,
        .can_fail = RoundingFails,
    },
    CatalogueEntry{
        .function = Function::kBitAnd,
        .family = Family::kBits,
        .name = "bitwise_and",
        .symbol = "&",
        .arity = {2, 2},
        .takes = "(T, T) -> T, T an integer or a decimal of scale 0",
        .definition = "Of two's complements. A decimal result of more digits than its type "
                      "overflows.",
        .options = "overflow",
        .duckdb = "a & b",
        .pyarrow = "bit_wise_and",
        .rule = Bits,
        .can_fail = BitsFail,
    },
    CatalogueEntry{
        .function = Function::kBitOr,
        .family = Family::kBits,
        .name = "bitwise_or",
        .symbol = "|",
        .arity = {2, 2},
        .takes = "as bitwise_and",
        .definition = "Of two's complements.",
        .options = "overflow",
        .duckdb = "a | b",
        .pyarrow = "bit_wise_or",
        .rule = Bits,
        .can_fail = BitsFail,
    },
    CatalogueEntry{
        .function = Function::kBitXor,
        .family = Family::kBits,
        .name = "bitwise_xor",
        .arity = {2, 2},
        .takes = "as bitwise_and",
        .definition = "Of two's complements.",
        .options = "overflow",
        .duckdb = "xor",
        .pyarrow = "bit_wise_xor",
        .rule = Bits,
        .can_fail = BitsFail,
    },
    CatalogueEntry{
        .function = Function::kBitNot,
        .family = Family::kBits,
        .name = "bitwise_not",
        .takes = "(T) -> T, T an integer",
        .definition = "Every bit of the two's complement turned.",
        .duckdb = "~a",
        .pyarrow = "bit_wise_not",
        .rule = Bits,
        .can_fail = BitsFail,
    },
    CatalogueEntry{
        .function = Function::kShiftLeft,
        .family = Family::kBits,
        .name = "shift_left",
        .symbol = "<<",
        .arity = {2, 2},
        .takes = "(T, T) -> T, T an integer",
        .definition =
            "With overflow = ERROR, an error for a negative number, for a negative distance, and "
            "where a bit that is set would leave the type; with WRAP bits fall off, and distances "
            "count modulo the width of T.",
        .options = "overflow (ERROR or WRAP)",
        .duckdb = "a << b",
        .rule = Bits,
        .can_fail = OverflowFails,
    },
    CatalogueEntry{
        .function = Function::kShiftRight,
        .family = Family::kBits,
        .name = "shift_right",
        .symbol = ">>",
        .arity = {2, 2},
        .takes = "(T, T) -> T, T an integer",
        .definition =
            "The sign stays. A distance below 0, or of at least the width of T, gives 0; with "
            "overflow = WRAP distances count modulo the width.",
        .options = "overflow (ERROR or WRAP)",
        .duckdb = "a >> b",
        .rule = Bits,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kShiftRightUnsigned,
        .family = Family::kBits,
        .name = "shift_right_unsigned",
        .arity = {2, 2},
        .takes = "(T, T) -> T, T an integer",
        .definition = "Zeros come in from the left; distances as in shift_right.",
        .options = "overflow (ERROR or WRAP)",
        .rule = Bits,
        .can_fail = NeverFails,
    },
};

}  // namespace

bool OverflowFails(const Expression& call) {
  if (call.options().overflow != CallOptions::Overflow::kError) {
    return IsTemporal(*call.type());
  }
  return !IsFloat(*call.type());
}

std::span<const CatalogueEntry> ArithmeticEntries() { return kEntries; }

}  // namespace skyhook::plan
