// Which calls Substrait's standard functions say exactly, and how.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "skyhook/plan/expression.h"
#include "skyhook/plan/pipeline.h"

namespace skyhook::substrait {

/// A set of types, by their test.
using TypeTest = std::function<bool(const arrow::DataType&)>;

/// A standard function as it stands for calls of ours: those of `function` whose first argument
/// passes `first` and whose options are `options`.
struct StandardFunction {
  plan::Function function;
  std::string_view urn;
  std::string_view name;
  TypeTest first;
  plan::CallOptions options;
  /// Enumeration arguments that come before the values.
  std::vector<std::string_view> enumerations;
  /// Options and the choice that is ours; on reading, another choice is refused and none is fine.
  std::vector<std::pair<std::string_view, std::string_view>> choices;
  /// The signature says "any" for the values' types.
  bool generic = false;
  /// Numbers after the first argument are i32 there and i64 here.
  bool narrow_constants = false;
  /// How many values there must be; 0: as many as the catalogue takes.
  size_t arguments = 0;
};

const std::vector<StandardFunction>& StandardFunctions();

/// The standard function that says `call`, or null when only our own extension does.
const StandardFunction* FindStandard(const plan::Expression& call);

/// The decimal type that the standard's rule gives, or null where it has none that is ours.
std::shared_ptr<arrow::DataType> StandardDecimalType(plan::Function function,
                                                     const arrow::DataType& a,
                                                     const arrow::DataType& b);

/// An aggregate as a standard function; those without one are of our own extension.
struct StandardAggregate {
  plan::AggregateFunction function;
  std::string_view urn;
  std::string_view name;
  /// Test of the argument (of two arguments: of the first); absent for functions without one.
  TypeTest argument;
  /// The result type asked for, null for the catalogue's own.
  std::shared_ptr<arrow::DataType> result = nullptr;
  /// Enumeration arguments that come before the values.
  std::vector<std::string_view> enumerations = {};
  bool generic = false;
  bool distinct = false;
  /// Ours gives one of the results that the standard allows: understood, but not written.
  bool read_only = false;
};

const std::vector<StandardAggregate>& StandardAggregates();

/// Null when only our own extension says it. `argument` is null for count(*).
const StandardAggregate* FindStandard(const plan::Measure& measure,
                                      const arrow::DataType* argument);

}  // namespace skyhook::substrait
