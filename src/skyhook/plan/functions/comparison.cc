// Comparisons, tests for NULL and NaN, and what depends on order alone.
#include <algorithm>
#include <array>

#include "skyhook/plan/functions/rules.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Type;

Result<TypePtr> Comparison(const CallShape& call) {
  if (!call.type(0)->Equals(*call.type(1)) || !IsComputable(*call.type(0))) return NoSuchCall(call);
  return arrow::boolean();
}

Result<TypePtr> Order(const CallShape& call) {
  if (!IsOrdered(*call.type(0))) return NoSuchCall(call);
  return Comparison(call);
}

Result<TypePtr> In(const CallShape& call) {
  if (!IsComputable(*call.type(0))) return NoSuchCall(call);
  for (size_t i = 1; i < call.size(); ++i) {
    if (call.arguments[i]->kind() != Expression::Kind::kLiteral ||
        !call.type(i)->Equals(*call.type(0))) {
      return NoSuchCall(call, "the list must be literals of the first type");
    }
  }
  return arrow::boolean();
}

Result<TypePtr> NullTest(const CallShape&) { return arrow::boolean(); }

Result<TypePtr> FloatTest(const CallShape& call) {
  if (!IsFloat(*call.type(0))) return NoSuchCall(call);
  return arrow::boolean();
}

Result<TypePtr> Logic(const CallShape& call) {
  for (size_t i = 0; i < call.size(); ++i) {
    if (call.type(i)->id() != Type::BOOL) return NoSuchCall(call);
  }
  return arrow::boolean();
}

Result<TypePtr> Extreme(const CallShape& call) {
  for (size_t i = 0; i < call.size(); ++i) {
    if (!call.type(i)->Equals(*call.type(0))) return NoSuchCall(call, "argument types differ");
  }
  if (!IsOrdered(*call.type(0))) return NoSuchCall(call);
  return call.type(0);
}

constexpr std::string_view kCompared = "(T, T) -> bool, T any type that can be computed with";
constexpr std::string_view kOrdered = "(T, T) -> bool, T any type that has an order";

constexpr std::array kEntries = {
    CatalogueEntry{
        .function = Function::kEqual,
        .family = Family::kComparison,
        .name = "equal",
        .symbol = "=",
        .arity = {2, 2},
        .takes = kCompared,
        .definition =
            "True when both are equal. Text compares by bytes; -0.0 equals 0.0. Intervals "
            "are equal when their months, days and nanoseconds are.",
        .options = "nan",
        .duckdb = "a = b",
        .pyarrow = "equal, with nan = IEEE",
        .differs = "DuckDB compares intervals in months of 30 days of 24 hours: they stay with the "
                   "client.",
        .rule = Comparison,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kNotEqual,
        .family = Family::kComparison,
        .name = "not_equal",
        .symbol = "<>",
        .arity = {2, 2},
        .takes = kCompared,
        .definition = "True when both differ.",
        .options = "nan",
        .duckdb = "a <> b",
        .pyarrow = "not_equal, with nan = IEEE",
        .rule = Comparison,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kLess,
        .family = Family::kComparison,
        .name = "lt",
        .symbol = "<",
        .arity = {2, 2},
        .takes = kOrdered,
        .definition =
            "Order of numbers, dates, times and durations; text and bytes by unsigned bytes; false "
            "before true.",
        .options = "nan",
        .duckdb = "a < b",
        .pyarrow = "less, with nan = IEEE",
        .differs = "A collation other than binary stays with the client.",
        .rule = Order,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kLessEqual,
        .family = Family::kComparison,
        .name = "lte",
        .symbol = "<=",
        .arity = {2, 2},
        .takes = kOrdered,
        .definition = "Less or equal.",
        .options = "nan",
        .duckdb = "a <= b",
        .pyarrow = "less_equal, with nan = IEEE",
        .rule = Order,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kGreater,
        .family = Family::kComparison,
        .name = "gt",
        .symbol = ">",
        .arity = {2, 2},
        .takes = kOrdered,
        .definition = "Less with the arguments swapped.",
        .options = "nan",
        .duckdb = "a > b",
        .pyarrow = "greater, with nan = IEEE",
        .rule = Order,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kGreaterEqual,
        .family = Family::kComparison,
        .name = "gte",
        .symbol = ">=",
        .arity = {2, 2},
        .takes = kOrdered,
        .definition = "Greater or equal.",
        .options = "nan",
        .duckdb = "a >= b",
        .pyarrow = "greater_equal, with nan = IEEE",
        .rule = Order,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kIsDistinctFrom,
        .family = Family::kComparison,
        .name = "is_distinct_from",
        .symbol = "IS DISTINCT FROM",
        .nulls = NullRule::kOwn,
        .arity = {2, 2},
        .takes = kCompared,
        .definition = "Never NULL: NULL differs from every value and not from NULL.",
        .options = "nan",
        .duckdb = "a IS DISTINCT FROM b",
        .rule = Comparison,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kIsNotDistinctFrom,
        .family = Family::kComparison,
        .name = "is_not_distinct_from",
        .symbol = "IS NOT DISTINCT FROM",
        .nulls = NullRule::kOwn,
        .arity = {2, 2},
        .takes = kCompared,
        .definition = "The negation of is_distinct_from.",
        .options = "nan",
        .duckdb = "a IS NOT DISTINCT FROM b",
        .rule = Comparison,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kIn,
        .family = Family::kComparison,
        .name = "in",
        .symbol = "IN",
        .nulls = NullRule::kOwn,
        .arity = {2, kVariadic},
        .takes = "(T, T literal, ...) -> bool",
        .definition = "True when the first argument equals one of the literals that follow; NULL "
                      "when it is NULL, or equals none and one of them is NULL.",
        .options = "nan",
        .duckdb = "a IN (...)",
        .differs = "pyarrow's is_in never gives NULL.",
        .rule = In,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kIsNull,
        .family = Family::kTest,
        .name = "is_null",
        .symbol = "IS NULL",
        .nulls = NullRule::kOwn,
        .takes = "(any) -> bool",
        .definition = "Never NULL. NaN is not NULL.",
        .duckdb = "a IS NULL",
        .pyarrow = "is_null",
        .rule = NullTest,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kIsNotNull,
        .family = Family::kTest,
        .name = "is_not_null",
        .symbol = "IS NOT NULL",
        .nulls = NullRule::kOwn,
        .takes = "(any) -> bool",
        .definition = "Never NULL.",
        .duckdb = "a IS NOT NULL",
        .pyarrow = "is_valid",
        .rule = NullTest,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kIsNan,
        .family = Family::kTest,
        .name = "is_nan",
        .takes = "(float) -> bool",
        .definition = "True for NaN of any sign and payload.",
        .duckdb = "isnan",
        .pyarrow = "is_nan",
        .rule = FloatTest,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kIsFinite,
        .family = Family::kTest,
        .name = "is_finite",
        .takes = "(float) -> bool",
        .definition = "True for all but NaN and the infinities.",
        .duckdb = "isfinite",
        .pyarrow = "is_finite",
        .rule = FloatTest,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kIsInfinite,
        .family = Family::kTest,
        .name = "is_infinite",
        .takes = "(float) -> bool",
        .definition = "True for the infinities.",
        .duckdb = "isinf",
        .pyarrow = "is_inf",
        .rule = FloatTest,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kNot,
        .family = Family::kTest,
        .name = "not",
        .symbol = "NOT",
        .takes = "(bool) -> bool",
        .definition = "Negation.",
        .duckdb = "NOT a",
        .pyarrow = "invert",
        .rule = Logic,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kXor,
        .family = Family::kTest,
        .name = "xor",
        .arity = {2, 2},
        .takes = "(bool, bool) -> bool",
        .definition = "True when exactly one is true.",
        .pyarrow = "xor",
        .rule = Logic,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kGreatest,
        .family = Family::kComparison,
        .name = "greatest",
        .nulls = NullRule::kOwn,
        .arity = {1, kVariadic},
        .takes = "(T, ...) -> T",
        .definition = "The last of the arguments in the order of lt; of equal ones the first.",
        .options = "nulls, nan (IEEE: a number comes before NaN)",
        .duckdb = "greatest",
        .pyarrow = "max_element_wise, with nan = IEEE",
        .differs = "DuckDB's of FLOAT gives 0.0 for -0.0.",
        .rule = Extreme,
        .can_fail = NeverFails,
    },
    CatalogueEntry{
        .function = Function::kLeast,
        .family = Family::kComparison,
        .name = "least",
        .nulls = NullRule::kOwn,
        .arity = {1, kVariadic},
        .takes = "(T, ...) -> T",
        .definition = "The first of the arguments in the order of lt; of equal ones the first.",
        .options = "nulls, nan (IEEE: a number comes before NaN)",
        .duckdb = "least",
        .pyarrow = "min_element_wise, with nan = IEEE",
        .differs = "DuckDB's of FLOAT gives 0.0 for -0.0.",
        .rule = Extreme,
        .can_fail = NeverFails,
    },
};

}  // namespace

std::span<const CatalogueEntry> ComparisonEntries() { return kEntries; }

}  // namespace skyhook::plan
