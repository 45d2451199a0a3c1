// What is known of the values of a column without reading it, and what that decides.
#pragma once

#include <arrow/scalar.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "skyhook/plan/expression.h"

namespace skyhook::plan {

/// Facts about the values of one column in a set of rows. Absent fields mean "unknown"; present
/// ones are true of every row.
struct ColumnStatistics {
  /// Bounds of the values that are neither null nor NaN: min <= v <= max, in the order SQL uses
  /// (text by bytes). They may be wider than the values. Null pointers: unknown.
  std::shared_ptr<arrow::Scalar> min;
  std::shared_ptr<arrow::Scalar> max;
  /// Whether both are there, and values that the column has: the bounds are not wider.
  bool are_values = false;
  int64_t num_rows = 0;
  std::optional<int64_t> null_count;
  /// False only when no NaN can be there (always false for types without NaN).
  bool may_have_nan = true;

  bool all_null() const { return null_count.has_value() && *null_count == num_rows; }
};

/// What statistics say of a predicate.
enum class Verdict : uint8_t {
  kNever,   ///< true for no row: the rows can be skipped
  kAlways,  ///< true for every row: the predicate need not be evaluated
  kMaybe,
};

/// Statistics of an input column, or nullopt for none.
using StatisticsLookup = std::function<std::optional<ColumnStatistics>(int column)>;

/// Decides a predicate from statistics alone. Never wrong: kMaybe when in doubt. A predicate that
/// could raise an error is never decided.
Verdict Decide(const Expression& predicate, const StatisticsLookup& statistics);

using ScalarSpan = std::span<const std::shared_ptr<arrow::Scalar>>;

/// The literals that `predicate` requires `column` to be equal to one of (`c = 5`,
/// `c IN (1, 2)`): what a bloom filter can be asked about. Empty when it is no such predicate.
struct EqualityProbe {
  int column = -1;
  /// In SQL's order, NaN last, without NULL; belongs to the predicate.
  ScalarSpan values;
};
std::optional<EqualityProbe> EqualityProbeOf(const Expression& predicate);

/// The values of `probe` that may be in a column with such statistics. Takes time that grows with
/// the logarithm of their number.
ScalarSpan ValuesWithin(const EqualityProbe& probe,
                        const std::optional<ColumnStatistics>& statistics);

/// Three-way order of two non-null scalars of one engine type, as SQL orders them.
int CompareScalars(const arrow::Scalar& a, const arrow::Scalar& b);
/// Whether a scalar is a float that is no number.
bool IsNan(const arrow::Scalar& value);

}  // namespace skyhook::plan
