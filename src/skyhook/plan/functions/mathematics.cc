// Functions of real numbers.
#include <algorithm>
#include <array>

#include "skyhook/plan/functions/rules.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;

Result<TypePtr> Unary(const CallShape& call) {
  if (!IsFloat(*call.type(0))) return NoSuchCall(call);
  return call.type(0);
}

Result<TypePtr> Binary(const CallShape& call) {
  if (!IsFloat(*call.type(0)) || !call.type(0)->Equals(*call.type(1))) return NoSuchCall(call);
  return call.type(0);
}

Result<TypePtr> Power(const CallShape& call) {
  if (!IsInteger(*call.type(0)) || !call.type(0)->Equals(*call.type(1))) return Binary(call);
  return call.type(0);
}

Result<TypePtr> Factorial(const CallShape& call) {
  if (IsInteger(*call.type(0))) return call.type(0);
  if (!IsNarrowDecimal(*call.type(0)) || ShapeOf(*call.type(0)).scale != 0) return NoSuchCall(call);
  return DecimalType(38, 0);
}

bool DomainFails(const Expression& call) {
  const CallOptions& options = call.options();
  return options.domain_error == CallOptions::DomainError::kError ||
         (EntryOf(call.function()).options.find("logarithm_of_zero") != std::string_view::npos &&
          options.logarithm_of_zero == CallOptions::LogarithmOfZero::kError);
}

bool PowerFails(const Expression& call) {
  return IsFloat(*call.type()) ? DomainFails(call) : OverflowFails(call);
}

constexpr std::array kEntries = {
    CatalogueEntry{
        .function = Function::kSqrt,
        .family = Family::kMathematics,
        .name = "sqrt",
        .takes = "(float) -> float",
        .definition = "Square root. Negative numbers are outside the domain.",
        .options = "domain_error",
        .duckdb = "sqrt",
        .pyarrow = "sqrt, with domain_error = NAN; sqrt_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kCbrt,
        .family = Family::kMathematics,
        .name = "cbrt",
        .takes = "(float) -> float",
        .definition = "Cube root.",
        .duckdb = "cbrt",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kExp,
        .family = Family::kMathematics,
        .name = "exp",
        .takes = "(float) -> float",
        .definition = "e to the power of the argument.",
        .duckdb = "exp",
        .pyarrow = "exp",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kLn,
        .family = Family::kMathematics,
        .name = "ln",
        .takes = "(float) -> float",
        .definition = "Natural logarithm. Negative numbers are outside the domain.",
        .options = "domain_error, logarithm_of_zero",
        .duckdb = "ln",
        .pyarrow = "ln, with NAN and MINUS_INFINITY; ln_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kLog2,
        .family = Family::kMathematics,
        .name = "log2",
        .takes = "(float) -> float",
        .definition = "Logarithm to the base of 2; domain as ln.",
        .options = "domain_error, logarithm_of_zero",
        .duckdb = "log2",
        .pyarrow = "log2, with NAN and MINUS_INFINITY; log2_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kLog10,
        .family = Family::kMathematics,
        .name = "log10",
        .takes = "(float) -> float",
        .definition = "Logarithm to the base of 10; domain as ln.",
        .options = "domain_error, logarithm_of_zero",
        .duckdb = "log10, log",
        .pyarrow = "log10, with NAN and MINUS_INFINITY; log10_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kLog,
        .family = Family::kMathematics,
        .name = "log",
        .arity = {2, 2},
        .takes = "(float, float) -> float",
        .definition = "Logarithm of the second argument to the base of the first: the quotient of "
                      "their natural logarithms. The domain of both is that of ln; a base of 1 "
                      "gives what division by zero does.",
        .options = "domain_error, logarithm_of_zero",
        .pyarrow = "logb, with the arguments swapped",
        .differs = "DuckDB's log(b, x) is the quotient of decimal logarithms and an error for a "
                   "base of 1: such a call is a division here.",
        .rule = Binary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kPower,
        .family = Family::kMathematics,
        .name = "power",
        .arity = {2, 2},
        .takes = "(T, T) -> T, T a float or integer",
        .definition = "The first argument to the power of the second, as IEEE 754 has it for "
                      "floats: NaN where a negative number has a fractional exponent, which is "
                      "outside the domain. Integers are exact; a negative exponent truncates "
                      "towards zero, and of 0 it overflows.",
        .options = "domain_error, overflow",
        .duckdb = "power, pow, **, of floats, with domain_error = NAN",
        .pyarrow = "power of floats, with domain_error = NAN; power_checked of integers",
        .differs = "DuckDB has powers of DOUBLE only.",
        .rule = Power,
        .can_fail = PowerFails,
    },
    CatalogueEntry{
        .function = Function::kFactorial,
        .family = Family::kMathematics,
        .name = "factorial",
        .takes = "(T) -> T, T an integer; (decimal(p, 0)) -> decimal(38, 0)",
        .definition = "Product of 1 to the argument; 1 for 0. Negative numbers are an error.",
        .options = "overflow",
        .differs = "DuckDB's factorial gives a 128-bit integer.",
        .rule = Factorial,
        .can_fail = MayFail,
    },
    CatalogueEntry{
        .function = Function::kSin,
        .family = Family::kMathematics,
        .name = "sin",
        .takes = "(float) -> float",
        .definition = "Sine of radians. The infinities are outside the domain.",
        .options = "domain_error",
        .duckdb = "sin",
        .pyarrow = "sin, with domain_error = NAN; sin_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kCos,
        .family = Family::kMathematics,
        .name = "cos",
        .takes = "(float) -> float",
        .definition = "Cosine of radians. The infinities are outside the domain.",
        .options = "domain_error",
        .duckdb = "cos",
        .pyarrow = "cos, with domain_error = NAN; cos_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kTan,
        .family = Family::kMathematics,
        .name = "tan",
        .takes = "(float) -> float",
        .definition = "Tangent of radians. The infinities are outside the domain.",
        .options = "domain_error",
        .duckdb = "tan",
        .pyarrow = "tan, with domain_error = NAN; tan_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kAsin,
        .family = Family::kMathematics,
        .name = "asin",
        .takes = "(float) -> float",
        .definition = "Arc sine. Numbers outside [-1, 1] are outside the domain.",
        .options = "domain_error",
        .duckdb = "asin",
        .pyarrow = "asin, with domain_error = NAN; asin_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kAcos,
        .family = Family::kMathematics,
        .name = "acos",
        .takes = "(float) -> float",
        .definition = "Arc cosine. Numbers outside [-1, 1] are outside the domain.",
        .options = "domain_error",
        .duckdb = "acos",
        .pyarrow = "acos, with domain_error = NAN; acos_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kAtan,
        .family = Family::kMathematics,
        .name = "atan",
        .takes = "(float) -> float",
        .definition = "Arc tangent.",
        .duckdb = "atan",
        .pyarrow = "atan",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kAtan2,
        .family = Family::kMathematics,
        .name = "atan2",
        .arity = {2, 2},
        .takes = "(float, float) -> float",
        .definition = "The angle of the point (x, y), given as (y, x).",
        .duckdb = "atan2",
        .pyarrow = "atan2",
        .rule = Binary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kSinh,
        .family = Family::kMathematics,
        .name = "sinh",
        .takes = "(float) -> float",
        .definition = "Hyperbolic sine.",
        .duckdb = "sinh",
        .pyarrow = "sinh",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kCosh,
        .family = Family::kMathematics,
        .name = "cosh",
        .takes = "(float) -> float",
        .definition = "Hyperbolic cosine.",
        .duckdb = "cosh",
        .pyarrow = "cosh",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kTanh,
        .family = Family::kMathematics,
        .name = "tanh",
        .takes = "(float) -> float",
        .definition = "Hyperbolic tangent.",
        .duckdb = "tanh",
        .pyarrow = "tanh",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kAsinh,
        .family = Family::kMathematics,
        .name = "asinh",
        .takes = "(float) -> float",
        .definition = "Inverse hyperbolic sine.",
        .duckdb = "asinh",
        .pyarrow = "asinh",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kAcosh,
        .family = Family::kMathematics,
        .name = "acosh",
        .takes = "(float) -> float",
        .definition = "Inverse hyperbolic cosine. Numbers below 1 are outside the domain.",
        .options = "domain_error",
        .duckdb = "acosh, with domain_error = NAN",
        .pyarrow = "acosh, with domain_error = NAN; acosh_checked",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kAtanh,
        .family = Family::kMathematics,
        .name = "atanh",
        .takes = "(float) -> float",
        .definition = "Inverse hyperbolic tangent; infinite for -1 and 1. Numbers outside [-1, 1] "
                      "are outside the domain.",
        .options = "domain_error",
        .pyarrow = "atanh, with domain_error = NAN",
        .differs = "DuckDB's atanh is positive infinity for -1.",
        .rule = Unary,
        .can_fail = DomainFails,
    },
    CatalogueEntry{
        .function = Function::kRadians,
        .family = Family::kMathematics,
        .name = "radians",
        .takes = "(float) -> float",
        .definition = "Degrees as radians: times pi / 180.",
        .duckdb = "radians",
        .rule = Unary,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kDegrees,
        .family = Family::kMathematics,
        .name = "degrees",
        .takes = "(float) -> float",
        .definition = "Radians as degrees: times 180 / pi.",
        .duckdb = "degrees",
        .rule = Unary,
        .can_fail = NeverFails,
    },
};

}  // namespace

std::span<const CatalogueEntry> MathematicsEntries() { return kEntries; }

}  // namespace skyhook::plan
