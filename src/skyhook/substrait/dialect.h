// What the calls of a plan mean, by who wrote it.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/plan/expression.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/substrait/extensions.h"

namespace skyhook::substrait {

struct ForeignCall;

/// An aggregate function with its arguments, as a plan says it.
struct ForeignAggregate {
  ExtensionName name;
  std::vector<std::string> enumerations;
  std::vector<plan::ExpressionPtr> arguments;
  bool distinct = false;
  std::shared_ptr<arrow::DataType> type;  ///< null when the plan does not say

  std::string ToString() const;
};

/// Adds a measure of such arguments to an aggregate; gives its column in the result. The type asked
/// for may be null.
using AddMeasure = std::function<arrow::Result<plan::ExpressionPtr>(
    plan::AggregateFunction, const std::vector<plan::ExpressionPtr>&,
    std::shared_ptr<arrow::DataType>)>;

/// One producer's meaning. What cannot be said exactly in terms of the catalogue is
/// kUnsupportedPlan, naming it. Immutable.
class Dialect {
 public:
  virtual ~Dialect() = default;

  virtual arrow::Result<plan::ExpressionPtr> ReadCall(ForeignCall call) const = 0;
  /// `function` is kCast or kTryCast.
  virtual arrow::Result<plan::ExpressionPtr> ReadCast(
      plan::Function function, plan::ExpressionPtr value,
      std::shared_ptr<arrow::DataType> type) const = 0;
  /// The value comes first, then the list.
  virtual arrow::Result<plan::ExpressionPtr> ReadIn(
      std::vector<plan::ExpressionPtr> arguments) const = 0;
  /// The condition of a branch that matches `base`, for a producer that writes CASE base WHEN value
  /// as a first branch without a result. Refused by default: the standard has no such thing.
  virtual arrow::Result<plan::ExpressionPtr> ReadMatch(plan::ExpressionPtr base,
                                                       plan::ExpressionPtr value) const;
  /// Whether `condition` may stand in an if-then.
  virtual arrow::Status CheckCondition(const plan::Expression& condition) const;
  /// The aggregate's final value, over the results of the measures it adds.
  virtual arrow::Result<plan::ExpressionPtr> ReadAggregate(const ForeignAggregate& aggregate,
                                                           const AddMeasure& add) const;
  /// Whether sorting and grouping by `type` mean what they mean here. By default of all but floats,
  /// whose NaN and -0.0 everyone orders in another way.
  virtual arrow::Status CheckOrder(const arrow::DataType& type) const;
};

/// Of our own plans: standard functions, those of our extension, and our order of floats.
const Dialect& OwnDialect();
/// Of plans that name functions by their extensions: what the standard says.
const Dialect& StandardDialect();

/// The call as the standard or our own extension defines it.
arrow::Result<plan::ExpressionPtr> ReadDefined(ForeignCall call);

}  // namespace skyhook::substrait
