#include "skyhook/substrait/dialect.h"

#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/call.h"
#include "skyhook/substrait/measure.h"
#include "skyhook/substrait/numbers.h"
#include "skyhook/substrait/options.h"

namespace skyhook::substrait {
namespace {

using arrow::Result;
using arrow::Status;

Status CheckType(const ForeignCall& call, const arrow::DataType& ours) {
  if (call.type == nullptr || call.type->Equals(ours)) return Status::OK();
  return base::UnsupportedPlan("{} gives {}, not {}", call.ToString(), ours.ToString(),
                               call.type->ToString());
}

// By the table, or in other words where the table has none.
Result<plan::ExpressionPtr> ReadForeign(const ForeignCall& call) {
  auto read = ReadStandard(call);
  if (!read.ok() && CanLower(call.name)) read = Lower(call);
  ARROW_RETURN_NOT_OK(read.status());
  ARROW_RETURN_NOT_OK(CheckType(call, *(*read)->type()));
  return read;
}

Result<plan::ExpressionPtr> ReadOwn(ForeignCall call) {
  const auto function = plan::FunctionByName(call.name.name);
  if (!function.has_value() || !call.enumerations.empty()) {
    return base::UnsupportedPlan("{} is not understood", call.ToString());
  }
  plan::CallOptions options;
  for (const auto& [option, choices] : call.options) {
    if (choices.size() != 1) {
      return base::UnsupportedPlan("{}: option {} needs one choice", call.ToString(), option);
    }
    ARROW_RETURN_NOT_OK(
        base::AddContext(SetOwnOption(option, choices[0], &options), call.ToString()));
  }
  return plan::Call(*function, std::move(call.arguments), options, call.type);
}

Result<plan::ExpressionPtr> ReadConnective(const ForeignCall& call) {
  ARROW_ASSIGN_OR_RAISE(auto result, call.name.name == "and"  ? plan::And(call.arguments)
                                     : call.name.name == "or" ? plan::Or(call.arguments)
                                                              : plan::Coalesce(call.arguments));
  ARROW_RETURN_NOT_OK(CheckType(call, *result->type()));
  return result;
}

bool IsConnective(const ForeignCall& call) {
  const ExtensionName& name = call.name;
  return call.enumerations.empty() && call.options.empty() &&
         ((name.urn == kBooleanUrn && (name.name == "and" || name.name == "or")) ||
          (name.urn == kComparisonUrn && name.name == "coalesce"));
}

class Defined : public Dialect {
 public:
  Result<plan::ExpressionPtr> ReadCall(ForeignCall call) const override {
    return ReadDefined(std::move(call));
  }

  // The standard says nothing of how a cast rounds or parses.
  Result<plan::ExpressionPtr> ReadCast(plan::Function function, plan::ExpressionPtr value,
                                       TypePtr type) const override {
    return ExactCast(function, value, type);
  }

  Result<plan::ExpressionPtr> ReadIn(std::vector<plan::ExpressionPtr> arguments) const override {
    const arrow::DataType& type = *arguments[0]->type();
    if (plan::IsFloat(type)) {
      return base::UnsupportedPlan("an IN list over {}: Substrait does not say what NaN equals",
                                   type.ToString());
    }
    return plan::Call(plan::Function::kIn, std::move(arguments));
  }
};

class Own : public Defined {
 public:
  Result<plan::ExpressionPtr> ReadCast(plan::Function function, plan::ExpressionPtr value,
                                       TypePtr type) const override {
    return plan::Call(function, {std::move(value)}, {}, std::move(type));
  }

  Status CheckOrder(const arrow::DataType&) const override { return Status::OK(); }
};

}  // namespace

std::string ForeignAggregate::ToString() const {
  MeasureCall call{name, enumerations, {}, std::nullopt, distinct, nullptr};
  for (const plan::ExpressionPtr& argument : arguments) call.types.push_back(argument->type());
  return call.ToString();
}

Result<plan::ExpressionPtr> Dialect::ReadMatch(plan::ExpressionPtr base,
                                               plan::ExpressionPtr) const {
  return base::UnsupportedPlan("an if-then whose first branch, {}, has no result",
                               base->ToString());
}

Status Dialect::CheckCondition(const plan::Expression&) const { return Status::OK(); }

Result<plan::ExpressionPtr> Dialect::ReadAggregate(const ForeignAggregate& aggregate,
                                                   const AddMeasure& add) const {
  MeasureCall call{aggregate.name, aggregate.enumerations, {},
                   std::nullopt,   aggregate.distinct,     aggregate.type};
  for (const plan::ExpressionPtr& argument : aggregate.arguments)
    call.types.push_back(argument->type());
  ARROW_ASSIGN_OR_RAISE(const plan::Measure measure, FindMeasure(call));
  const bool ordered = measure.function == plan::AggregateFunction::kMin ||
                       measure.function == plan::AggregateFunction::kMax ||
                       measure.function == plan::AggregateFunction::kCountDistinct;
  if (ordered) ARROW_RETURN_NOT_OK(CheckOrder(*call.types[0]));
  return add(measure.function, aggregate.arguments, measure.type);
}

Status Dialect::CheckOrder(const arrow::DataType& type) const {
  if (!plan::IsFloat(type)) return Status::OK();
  return base::UnsupportedPlan(
      "the order of {}: where NaN and -0.0 stand differs from producer to producer",
      type.ToString());
}

Result<plan::ExpressionPtr> ReadDefined(ForeignCall call) {
  if (IsConnective(call)) return ReadConnective(call);
  if (call.name.urn == kSkyhookUrn) return ReadOwn(std::move(call));
  ModerniseOptions(&call);
  return ReadForeign(call);
}

const Dialect& OwnDialect() {
  static const Own dialect;
  return dialect;
}

const Dialect& StandardDialect() {
  static const Defined dialect;
  return dialect;
}

}  // namespace skyhook::substrait
