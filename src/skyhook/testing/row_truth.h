// Simple predicates over one column, evaluated row by row in the plainest way: an oracle that
// shares nothing with the kernel.
#pragma once

#include <arrow/array.h>
#include <arrow/util/decimal.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "skyhook/plan/expression.h"

namespace skyhook::testing {

/// A value as something with an order: whole numbers, dates, times and decimals (of one scale) as
/// integers, floats as doubles, text and bytes by their bytes. nullopt is NULL.
using Key = std::variant<arrow::Decimal256, double, std::string>;
using Keys = std::vector<std::optional<Key>>;

/// Negative, zero or positive, of keys of one kind; NaN equals NaN and is greater than every
/// number.
int Order(const Key& a, const Key& b);

/// The values of a flat array; nullopt when its type has no such order.
std::optional<Keys> KeysOf(const arrow::Array& array);

/// A predicate over one column, and what it says of each of its values (nullopt: NULL).
struct ColumnPredicate {
  plan::ExpressionPtr expression;
  std::function<std::optional<bool>(const std::optional<Key>&)> truth;
};

/// Every comparison, [not] distinct from, IN and negations of them, against up to `constants` (two
/// or more) values out of the column, and the tests for NULL. `column` is the column reference,
/// `values` its values: their type is the engine type, or what it is without views.
std::vector<ColumnPredicate> PredicatesOn(const plan::ExpressionPtr& column,
                                          const arrow::Array& values, int constants);

}  // namespace skyhook::testing
