#include "skyhook/plan/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skyhook/plan/listed_values.h"
#include "skyhook/plan/mirrored.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Scalar;
using arrow::Type;
using Kind = Expression::Kind;

// Which results a boolean expression may have over some set of rows.
struct Possible {
  bool yes = true;
  bool no = true;
  bool null = true;

  bool only_no() const { return no && !yes && !null; }
  bool only_yes() const { return yes && !no && !null; }
};

constexpr Possible kNullOnly{false, false, true};

template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

template <typename T>
T ValueOf(const Scalar& scalar) {
  T value;
  std::memcpy(&value, static_cast<const arrow::internal::PrimitiveScalarBase&>(scalar).data(),
              sizeof(T));
  return value;
}

template <typename T>
int OrderOf(const Scalar& a, const Scalar& b) {
  return Order(ValueOf<T>(a), ValueOf<T>(b));
}

template <typename T>
int OrderOfFloats(const Scalar& a, const Scalar& b) {
  const T x = ValueOf<T>(a);
  const T y = ValueOf<T>(b);
  if (std::isnan(x) || std::isnan(y)) return int{std::isnan(x)} - int{std::isnan(y)};
  return Order(x, y);
}

// The values of a column, as far as they matter here: an interval, and whether NaN and NULL occur.
struct Values {
  std::optional<ColumnStatistics> statistics;
  bool nan = false;
  bool null = true;
  bool any = true;  // whether there is a value that is not null

  const Scalar* min() const { return statistics ? statistics->min.get() : nullptr; }
  const Scalar* max() const { return statistics ? statistics->max.get() : nullptr; }
  bool at_most(const Scalar& v) const { return max() != nullptr && CompareScalars(*max(), v) <= 0; }
  bool below(const Scalar& v) const { return max() != nullptr && CompareScalars(*max(), v) < 0; }
  bool at_least(const Scalar& v) const {
    return min() != nullptr && CompareScalars(*min(), v) >= 0;
  }
  bool above(const Scalar& v) const { return min() != nullptr && CompareScalars(*min(), v) > 0; }
};

Values ValuesOf(const Expression& column, const StatisticsLookup& lookup) {
  Values out;
  out.statistics = lookup(column.column());
  out.nan = IsFloat(*column.type());
  if (!out.statistics.has_value()) return out;
  out.nan = out.nan && out.statistics->may_have_nan;
  out.null = out.statistics->null_count.value_or(1) > 0;
  out.any = !out.statistics->all_null();
  return out;
}

// `column < literal` and its kin over numbers other than NaN: may it be true, may it be false?
Possible CompareInterval(Function function, const Values& values, const Scalar& literal) {
  Possible out;
  switch (function) {
    case Function::kLess:
      out.yes = !values.at_least(literal);
      out.no = !values.below(literal);
      break;
    case Function::kLessEqual:
      out.yes = !values.above(literal);
      out.no = !values.at_most(literal);
      break;
    case Function::kGreater:
      out.yes = !values.at_most(literal);
      out.no = !values.above(literal);
      break;
    case Function::kGreaterEqual:
      out.yes = !values.below(literal);
      out.no = !values.at_least(literal);
      break;
    case Function::kEqual:
      out.yes = !values.below(literal) && !values.above(literal);
      out.no = !(values.at_least(literal) && values.at_most(literal));
      break;
    case Function::kNotEqual:
      out = CompareInterval(Function::kEqual, values, literal);
      std::swap(out.yes, out.no);
      break;
    default:
      break;
  }
  return out;
}

// What the comparison gives for a NaN in the column.
bool NanCompares(Function function, const Scalar& literal, CallOptions::Nan order) {
  if (order == CallOptions::Nan::kIeee) return function == Function::kNotEqual;
  const bool equal = IsNan(literal);
  switch (function) {
    case Function::kEqual:
    case Function::kLessEqual:
      return equal;
    case Function::kNotEqual:
    case Function::kGreater:
      return !equal;
    case Function::kLess:
      return false;
    default:
      return true;
  }
}

Possible Compare(const Expression& call, const StatisticsLookup& lookup) {
  const Expression* column = call.arguments()[0].get();
  const Expression* literal = call.arguments()[1].get();
  Function function = call.function();
  if (column->kind() == Kind::kLiteral) {
    std::swap(column, literal);
    function = Mirrored(function);
  }
  if (column->kind() != Kind::kColumn || literal->kind() != Kind::kLiteral) return {};
  if (!literal->literal()->is_valid) return kNullOnly;
  const Values values = ValuesOf(*column, lookup);
  if (!values.any) return kNullOnly;
  // A NaN literal under IEEE rules compares with nothing; leave that to evaluation.
  if (IsNan(*literal->literal()) && call.options().nan == CallOptions::Nan::kIeee) return {};
  Possible out = CompareInterval(function, values, *literal->literal());
  if (values.nan) {
    const bool result = NanCompares(function, *literal->literal(), call.options().nan);
    (result ? out.yes : out.no) = true;
  }
  out.null = values.null;
  return out;
}

// Those of ascending `values` within the bounds that are known.
ScalarSpan Within(ScalarSpan values, const Scalar* min, const Scalar* max) {
  const auto before = [](const auto& value, const Scalar* bound) {
    return CompareScalars(*value, *bound) < 0;
  };
  const auto after = [](const Scalar* bound, const auto& value) {
    return CompareScalars(*bound, *value) < 0;
  };
  const auto begin =
      min == nullptr ? values.begin() : std::lower_bound(values.begin(), values.end(), min, before);
  const auto end =
      max == nullptr ? values.end() : std::upper_bound(begin, values.end(), max, after);
  return {begin, end};
}

Possible In(const Expression& call, const StatisticsLookup& lookup) {
  if (call.arguments()[0]->kind() != Kind::kColumn) return {};
  const Values values = ValuesOf(*call.arguments()[0], lookup);
  if (!values.any) return kNullOnly;
  const auto& listed = call.listed_values();
  const auto numbers = ScalarSpan(listed->sorted).first(listed->numbers);
  const bool nan_listed = listed->numbers < listed->sorted.size();
  Possible out{false, true, values.null || listed->null};
  out.yes = !Within(numbers, values.min(), values.max()).empty() || (nan_listed && values.nan);
  return out;
}

// The bytes that every match of a LIKE pattern begins with.
std::string LikePrefix(std::string_view pattern, char escape) {
  std::string prefix;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (escape != 0 && pattern[i] == escape) {
      if (++i == pattern.size()) break;
    } else if (pattern[i] == '%' || pattern[i] == '_') {
      break;
    }
    prefix += pattern[i];
  }
  return prefix;
}

// Bounds are of the values as they are: they say nothing of a comparison that ignores case.
Possible Prefix(const Expression& call, const StatisticsLookup& lookup) {
  if (call.options().text_case != CallOptions::Case::kSensitive) return {};
  const auto& arguments = call.arguments();
  if (arguments[0]->kind() != Kind::kColumn || arguments[1]->kind() != Kind::kLiteral) return {};
  if (!arguments[1]->literal()->is_valid) return kNullOnly;
  const Values values = ValuesOf(*arguments[0], lookup);
  if (!values.any) return kNullOnly;
  const auto view = [](const Scalar* bound) {
    return static_cast<const arrow::BaseBinaryScalar&>(*bound).view();
  };
  std::string prefix(view(arguments[1]->literal().get()));
  if (call.function() == Function::kLike) prefix = LikePrefix(prefix, call.options().escape);
  Possible out{true, true, values.null};
  const bool above =
      values.min() != nullptr && view(values.min()).substr(0, prefix.size()) > prefix;
  const bool below =
      values.max() != nullptr && view(values.max()).substr(0, prefix.size()) < prefix;
  out.yes = !above && !below;
  return out;
}

Possible NullTest(const Expression& call, const StatisticsLookup& lookup) {
  const Expression& argument = *call.arguments()[0];
  Possible is_null{true, true, false};
  if (argument.kind() == Kind::kColumn) {
    const Values values = ValuesOf(argument, lookup);
    is_null.yes = values.null;
    is_null.no = values.any;
  }
  if (call.function() == Function::kIsNotNull) std::swap(is_null.yes, is_null.no);
  return is_null;
}

Possible Evaluate(const Expression& expression, const StatisticsLookup& lookup);

Possible EvaluateCall(const Expression& call, const StatisticsLookup& lookup) {
  switch (call.function()) {
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
      return Compare(call, lookup);
    case Function::kIn:
      return In(call, lookup);
    case Function::kLike:
    case Function::kStartsWith:
      return Prefix(call, lookup);
    case Function::kIsNull:
    case Function::kIsNotNull:
      return NullTest(call, lookup);
    case Function::kNot: {
      Possible out = Evaluate(*call.arguments()[0], lookup);
      std::swap(out.yes, out.no);
      return out;
    }
    default:
      return {};
  }
}

Possible All(const std::vector<ExpressionPtr>& arguments, const StatisticsLookup& lookup) {
  Possible out{true, false, false};
  for (const auto& argument : arguments) {
    const Possible one = Evaluate(*argument, lookup);
    if (one.only_no()) return one;
    out.yes &= one.yes;
    out.no |= one.no;
    out.null |= one.null;
  }
  return out;
}

Possible Any(const std::vector<ExpressionPtr>& arguments, const StatisticsLookup& lookup) {
  Possible out{false, true, false};
  for (const auto& argument : arguments) {
    const Possible one = Evaluate(*argument, lookup);
    if (one.only_yes()) return one;
    out.yes |= one.yes;
    out.no &= one.no;
    out.null |= one.null;
  }
  return out;
}

Possible Evaluate(const Expression& expression, const StatisticsLookup& lookup) {
  switch (expression.kind()) {
    case Kind::kLiteral: {
      if (!expression.literal()->is_valid) return kNullOnly;
      const bool value = static_cast<const arrow::BooleanScalar&>(*expression.literal()).value;
      return {value, !value, false};
    }
    case Kind::kColumn: {
      const Values values = ValuesOf(expression, lookup);
      if (!values.any) return kNullOnly;
      const Possible is_true =
          CompareInterval(Function::kEqual, values, arrow::BooleanScalar(true));
      return {is_true.yes, is_true.no, values.null};
    }
    case Kind::kAnd:
      return All(expression.arguments(), lookup);
    case Kind::kOr:
      return Any(expression.arguments(), lookup);
    case Kind::kCall:
      return EvaluateCall(expression, lookup);
    default:
      return {};
  }
}

}  // namespace

Verdict Decide(const Expression& predicate, const StatisticsLookup& statistics) {
  if (CanFail(predicate)) return Verdict::kMaybe;
  const Possible possible = Evaluate(predicate, statistics);
  if (!possible.yes) return Verdict::kNever;
  return possible.only_yes() ? Verdict::kAlways : Verdict::kMaybe;
}

std::optional<EqualityProbe> EqualityProbeOf(const Expression& predicate) {
  if (predicate.kind() != Kind::kCall) return std::nullopt;
  const auto& arguments = predicate.arguments();
  if (predicate.function() == Function::kEqual) {
    const bool swapped = arguments[0]->kind() == Kind::kLiteral;
    const auto& column = arguments[swapped ? 1 : 0];
    const auto& literal = arguments[swapped ? 0 : 1];
    if (column->kind() != Kind::kColumn || literal->kind() != Kind::kLiteral) return std::nullopt;
    return EqualityProbe{column->column(),
                         ScalarSpan(&literal->literal(), literal->literal()->is_valid ? 1 : 0)};
  }
  if (predicate.function() != Function::kIn || arguments[0]->kind() != Kind::kColumn) {
    return std::nullopt;
  }
  return EqualityProbe{arguments[0]->column(), predicate.listed_values()->sorted};
}

ScalarSpan ValuesWithin(const EqualityProbe& probe,
                        const std::optional<ColumnStatistics>& statistics) {
  // Statistics bound no NaN.
  if (!statistics.has_value() || probe.values.empty() || IsNan(*probe.values.back())) {
    return probe.values;
  }
  return Within(probe.values, statistics->min.get(), statistics->max.get());
}

bool IsNan(const Scalar& value) {
  if (value.type->id() == Type::FLOAT) {
    return std::isnan(static_cast<const arrow::FloatScalar&>(value).value);
  }
  return value.type->id() == Type::DOUBLE &&
         std::isnan(static_cast<const arrow::DoubleScalar&>(value).value);
}

int CompareScalars(const Scalar& a, const Scalar& b) {
  switch (a.type->id()) {
    case Type::BOOL:
    case Type::UINT8:
      return OrderOf<uint8_t>(a, b);
    case Type::INT8:
      return OrderOf<int8_t>(a, b);
    case Type::INT16:
      return OrderOf<int16_t>(a, b);
    case Type::UINT16:
      return OrderOf<uint16_t>(a, b);
    case Type::INT32:
    case Type::DATE32:
    case Type::TIME32:
      return OrderOf<int32_t>(a, b);
    case Type::UINT32:
      return OrderOf<uint32_t>(a, b);
    case Type::UINT64:
      return OrderOf<uint64_t>(a, b);
    case Type::FLOAT:
      return OrderOfFloats<float>(a, b);
    case Type::DOUBLE:
      return OrderOfFloats<double>(a, b);
    case Type::DECIMAL128:
      return Order(static_cast<const arrow::Decimal128Scalar&>(a).value,
                   static_cast<const arrow::Decimal128Scalar&>(b).value);
    case Type::DECIMAL256:
      return Order(static_cast<const arrow::Decimal256Scalar&>(a).value,
                   static_cast<const arrow::Decimal256Scalar&>(b).value);
    case Type::DECIMAL64:
      return Order(static_cast<const arrow::Decimal64Scalar&>(a).value,
                   static_cast<const arrow::Decimal64Scalar&>(b).value);
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      return static_cast<const arrow::BaseBinaryScalar&>(a).view().compare(
          static_cast<const arrow::BaseBinaryScalar&>(b).view());
    default:
      return OrderOf<int64_t>(a, b);
  }
}

}  // namespace skyhook::plan
