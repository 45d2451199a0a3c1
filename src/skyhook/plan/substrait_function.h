// Which calls Substrait's standard functions say exactly, and how.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skyhook/plan/expression.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::plan {

/// A set of types, by their test.
using TypeTest = std::function<bool(const arrow::DataType&)>;

/// A standard function as it stands for calls of ours: those of `function` whose first argument
/// passes `first` and whose options are `options`.
struct StandardFunction {
  Function function;
  std::string_view urn;
  std::string_view name;
  TypeTest first;
  CallOptions options;
  /// Enumeration arguments that come before the values.
  std::vector<std::string_view> enumerations;
  /// Options and the choice that is ours; on reading, another choice is refused and none is fine.
  std::vector<std::pair<std::string_view, std::string_view>> choices;
  /// The signature says "any" for the values' types.
  bool generic = false;
  /// Integer constants after the first argument are i32 there and i64 here.
  bool narrow_constants = false;
};

const std::vector<StandardFunction>& StandardFunctions();

/// The standard function that says `call`, or null when only our own extension does.
const StandardFunction* FindStandard(const Expression& call);

/// The decimal type that the standard's rule gives, or null where it has none that is ours.
std::shared_ptr<arrow::DataType> StandardDecimalType(Function function, const arrow::DataType& a,
                                                     const arrow::DataType& b);

/// An aggregate as a standard function; those without one are of our own extension.
struct StandardAggregate {
  AggregateFunction function;
  std::string_view urn;
  std::string_view name;
  /// Test of the argument; absent for functions without one.
  TypeTest argument;
  bool generic = false;
  bool distinct = false;
};

const std::vector<StandardAggregate>& StandardAggregates();

/// Null when only our own extension says it. `argument` is null for count(*).
const StandardAggregate* FindStandard(AggregateFunction function, const arrow::DataType* argument);

/// The name of an aggregate in our own extension: "count_distinct".
std::string_view OwnName(AggregateFunction function);

/// The options of a call of our own extension that differ from the defaults, and back.
std::vector<std::pair<std::string, std::string>> OwnOptions(const CallOptions& options);
/// kUnsupportedPlan, naming option and choice, when there is no such thing.
arrow::Status SetOwnOption(std::string_view name, std::string_view choice, CallOptions* options);

}  // namespace skyhook::plan
