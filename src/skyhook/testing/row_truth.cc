#include "skyhook/testing/row_truth.h"

#include <arrow/util/float16.h>
#include <arrow/visit_array_inline.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::testing {
namespace {

using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using Truth = std::optional<bool>;
using MaybeKey = std::optional<Key>;

struct KeyVisitor {
  Keys keys;

  template <typename Array, typename ToKey>
  arrow::Status Append(const Array& array, ToKey to_key) {
    for (int64_t row = 0; row < array.length(); ++row) {
      keys.push_back(array.IsNull(row) ? MaybeKey() : MaybeKey(to_key(row)));
    }
    return arrow::Status::OK();
  }

  template <typename T>
  arrow::Status Visit(const arrow::NumericArray<T>& array) {
    return Append(array, [&](int64_t row) -> Key {
      if constexpr (std::is_same_v<T, arrow::HalfFloatType>) {
        return arrow::util::Float16::FromBits(array.Value(row)).ToDouble();
      } else if constexpr (std::is_floating_point_v<typename T::c_type>) {
        return static_cast<double>(array.Value(row));
      } else {
        return arrow::Decimal256(array.Value(row));
      }
    });
  }
  arrow::Status Visit(const arrow::BooleanArray& array) {
    return Append(array, [&](int64_t row) -> Key {
      return arrow::Decimal256(static_cast<int64_t>(array.Value(row)));
    });
  }
  arrow::Status Visit(const arrow::Decimal64Array& array) {
    return Append(array, [&](int64_t row) -> Key {
      return arrow::Decimal256(arrow::Decimal64(array.GetValue(row)).value());
    });
  }
  arrow::Status Visit(const arrow::Decimal128Array& array) {
    return Append(array, [&](int64_t row) -> Key {
      return arrow::Decimal256(arrow::Decimal128(array.GetValue(row)));
    });
  }
  arrow::Status Visit(const arrow::Decimal256Array& array) {
    return Append(array,
                  [&](int64_t row) -> Key { return arrow::Decimal256(array.GetValue(row)); });
  }
  template <typename T>
  arrow::Status Visit(const arrow::BaseBinaryArray<T>& array) {
    return Append(array, [&](int64_t row) -> Key { return std::string(array.GetView(row)); });
  }
  arrow::Status Visit(const arrow::Array& array) {
    return arrow::Status::NotImplemented("no order of ", array.type()->ToString());
  }
};

bool IsNan(const Key& key) {
  const double* value = std::get_if<double>(&key);
  return value != nullptr && std::isnan(*value);
}

bool Holds(Function comparison, int order) {
  switch (comparison) {
    case Function::kEqual:
      return order == 0;
    case Function::kNotEqual:
      return order != 0;
    case Function::kLess:
      return order < 0;
    case Function::kLessEqual:
      return order <= 0;
    case Function::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

Truth Compare(Function comparison, bool ieee, const MaybeKey& value, const Key& constant) {
  if (!value.has_value()) return std::nullopt;
  if (ieee && (IsNan(*value) || IsNan(constant))) return comparison == Function::kNotEqual;
  return Holds(comparison, Order(*value, constant));
}

Truth Negated(Truth truth) { return truth.has_value() ? Truth(!*truth) : truth; }

constexpr Function kComparisons[] = {Function::kEqual,   Function::kNotEqual,
                                     Function::kLess,    Function::kLessEqual,
                                     Function::kGreater, Function::kGreaterEqual};

class PredicateMaker {
 public:
  PredicateMaker(ExpressionPtr column, const arrow::Array& values, Keys keys)
      : column_(std::move(column)), values_(values), keys_(std::move(keys)) {}

  std::vector<ColumnPredicate> Make(int constants) {
    const std::vector<int64_t> rows = ConstantRows(constants);
    for (int64_t row : rows) AddComparisons(row);
    if (rows.size() > 1) AddIn(rows.front(), rows.back());
    return std::move(out_);
  }

 private:
  /// The rows of the smallest and the largest value, and of others in between.
  std::vector<int64_t> ConstantRows(int constants) const {
    std::vector<int64_t> rows;
    for (int64_t row = 0; row < values_.length(); ++row) {
      if (KeyOf(row).has_value()) rows.push_back(row);
    }
    const auto before = [&](int64_t a, int64_t b) { return Order(*KeyOf(a), *KeyOf(b)) < 0; };
    const auto same = [&](int64_t a, int64_t b) { return Order(*KeyOf(a), *KeyOf(b)) == 0; };
    std::stable_sort(rows.begin(), rows.end(), before);
    rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
    const auto found = static_cast<int64_t>(rows.size());
    if (found <= constants) return rows;
    std::vector<int64_t> some;
    for (int64_t i = 0; i < constants; ++i) {
      some.push_back(rows[static_cast<size_t>(i * (found - 1) / (constants - 1))]);
    }
    return some;
  }

  const MaybeKey& KeyOf(int64_t row) const { return keys_[static_cast<size_t>(row)]; }
  ExpressionPtr ConstantOf(int64_t row) const { return Lit(Require(values_.GetScalar(row))); }

  void AddComparisons(int64_t row) {
    const Key constant = *KeyOf(row);
    for (const bool ieee : {false, true}) {
      if (ieee && !std::holds_alternative<double>(constant)) continue;
      CallOptions options;
      if (ieee) options.nan = CallOptions::Nan::kIeee;
      for (const Function comparison : kComparisons) {
        Add(Require(plan::Call(comparison, {column_, ConstantOf(row)}, options)),
            [=](const MaybeKey& value) { return Compare(comparison, ieee, value, constant); });
      }
    }
    AddBare(Fn(Function::kIsDistinctFrom, {column_, ConstantOf(row)}),
            [=](const MaybeKey& value) -> Truth {
              return !value.has_value() || Order(*value, constant) != 0;
            });
  }

  void AddIn(int64_t first, int64_t second) {
    const Key one = *KeyOf(first);
    const Key other = *KeyOf(second);
    Add(Fn(Function::kIn, {column_, ConstantOf(first), ConstantOf(second)}),
        [=](const MaybeKey& value) -> Truth {
          if (!value.has_value()) return std::nullopt;
          return Order(*value, one) == 0 || Order(*value, other) == 0;
        });
  }

  void AddBare(ExpressionPtr expression, std::function<Truth(const MaybeKey&)> truth) {
    out_.push_back({std::move(expression), std::move(truth)});
  }

  /// The predicate and its negation.
  void Add(const ExpressionPtr& expression, const std::function<Truth(const MaybeKey&)>& truth) {
    AddBare(expression, truth);
    AddBare(Fn(Function::kNot, {expression}),
            [=](const MaybeKey& value) { return Negated(truth(value)); });
  }

  ExpressionPtr column_;
  const arrow::Array& values_;
  Keys keys_;
  std::vector<ColumnPredicate> out_;
};

}  // namespace

int Order(const Key& a, const Key& b) {
  if (const double* x = std::get_if<double>(&a)) {
    const double y = std::get<double>(b);
    if (std::isnan(*x) || std::isnan(y)) return int{std::isnan(*x)} - int{std::isnan(y)};
    return int{*x > y} - int{*x < y};
  }
  return int{b < a} - int{a < b};
}

std::optional<Keys> KeysOf(const arrow::Array& array) {
  KeyVisitor visitor;
  if (!arrow::VisitArrayInline(array, &visitor).ok()) return std::nullopt;
  return std::move(visitor.keys);
}

std::vector<ColumnPredicate> PredicatesOn(const ExpressionPtr& column, const arrow::Array& values,
                                          int constants) {
  auto keys = KeysOf(values);
  if (!keys.has_value()) return {};
  auto out = PredicateMaker(column, values, *std::move(keys)).Make(constants);
  out.push_back({Fn(Function::kIsNull, {column}),
                 [](const MaybeKey& value) -> Truth { return !value.has_value(); }});
  out.push_back({Fn(Function::kIsNotNull, {column}),
                 [](const MaybeKey& value) -> Truth { return value.has_value(); }});
  return out;
}

}  // namespace skyhook::testing
