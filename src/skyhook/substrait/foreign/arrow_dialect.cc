// pyarrow 26: expressions of its compute functions, under the names that Acero gives them.
#include <map>
#include <optional>
#include <set>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/call.h"
#include "skyhook/substrait/foreign/dialect.h"
#include "skyhook/substrait/numbers.h"

namespace skyhook::substrait {
namespace {

using arrow::Result;
using arrow::Status;
using Overflow = plan::CallOptions::Overflow;

constexpr char kStandardUrns[] = "extension:io.substrait:";

Status NotUnderstood(const ForeignCall& call, const std::string& why = "") {
  return base::UnsupportedPlan("pyarrow's {}{}{} is not understood", call.ToString(),
                               call.options.empty() ? "" : " with options " + call.OptionsText(),
                               why.empty() ? "" : " (" + why + ")");
}

bool HasOption(const ForeignCall& call, const std::string& name, const std::string& choice) {
  return call.options.size() == 1 && call.options[0].first == name &&
         call.options[0].second == std::vector<std::string>{choice};
}

// Decimals of two types are brought to one that holds both.
Result<plan::ExpressionPtr> Compare(plan::Function function, ForeignCall call) {
  if (call.arguments.size() != 2) return NotUnderstood(call);
  const arrow::DataType& type = *call.arguments[0]->type();
  plan::CallOptions options;
  if (plan::IsFloat(type)) options.nan = plan::CallOptions::Nan::kIeee;
  if (plan::IsDecimal(type) && plan::IsDecimal(*call.arguments[1]->type())) {
    ARROW_RETURN_NOT_OK(ToCommonNumber(&call.arguments));
  }
  return plan::Call(function, call.arguments, options);
}

// "add" wraps around, "add_checked" fails; which one it was is an option.
Result<plan::ExpressionPtr> Arithmetic(plan::Function function, const ForeignCall& call) {
  const bool checked = HasOption(call, "overflow", "ERROR");
  const arrow::DataType& type = *call.arguments[0]->type();
  if (!checked && !HasOption(call, "overflow", "SILENT")) {
    return NotUnderstood(call, "it does not say what happens on overflow");
  }
  plan::CallOptions options;
  if (plan::IsFloat(type)) {
    if (function == plan::Function::kDivide) {
      options.division_by_zero = checked ? plan::CallOptions::DivisionByZero::kError
                                         : plan::CallOptions::DivisionByZero::kIeee;
    }
    return plan::Call(function, call.arguments, options);
  }
  if (!plan::IsInteger(type)) return NotUnderstood(call);
  if (function != plan::Function::kDivide) {
    options.overflow = checked ? Overflow::kError : Overflow::kWrap;
    return plan::Call(function, call.arguments, options);
  }
  if (!checked) return NotUnderstood(call, "its quotients outside the type are 0");
  options.division_by_zero = plan::CallOptions::DivisionByZero::kError;
  return plan::Call(plan::Function::kIntegerDivide, call.arguments, options);
}

const std::map<std::string, plan::Function>& Comparisons() {
  static const std::map<std::string, plan::Function> functions = {
      {"equal", plan::Function::kEqual}, {"not_equal", plan::Function::kNotEqual},
      {"lt", plan::Function::kLess},     {"lte", plan::Function::kLessEqual},
      {"gt", plan::Function::kGreater},  {"gte", plan::Function::kGreaterEqual},
  };
  return functions;
}

const std::map<std::string, plan::Function>& Calculations() {
  static const std::map<std::string, plan::Function> functions = {
      {"add", plan::Function::kAdd},           {"subtract", plan::Function::kSubtract},
      {"multiply", plan::Function::kMultiply}, {"divide", plan::Function::kDivide},
      {"negate", plan::Function::kNegate},     {"abs", plan::Function::kAbs},
  };
  return functions;
}

const std::map<std::string, plan::Function>& Texts() {
  static const std::map<std::string, plan::Function> functions = {
      {"starts_with", plan::Function::kStartsWith},
      {"ends_with", plan::Function::kEndsWith},
      {"contains", plan::Function::kContains},
  };
  return functions;
}

// Functions without options.
const std::map<std::string, plan::Function>& Tests() {
  static const std::map<std::string, plan::Function> functions = {
      {"is_null", plan::Function::kIsNull},
      {"is_not_null", plan::Function::kIsNotNull},
      {"is_nan", plan::Function::kIsNan},
      {"is_finite", plan::Function::kIsFinite},
      {"is_infinite", plan::Function::kIsInfinite},
      {"not", plan::Function::kNot},
      {"xor", plan::Function::kXor},
      {"bitwise_and", plan::Function::kBitAnd},
      {"bitwise_or", plan::Function::kBitOr},
      {"bitwise_xor", plan::Function::kBitXor},
      {"bitwise_not", plan::Function::kBitNot},
  };
  return functions;
}

std::optional<plan::Function> Find(const std::map<std::string, plan::Function>& functions,
                                   const ForeignCall& call) {
  const auto found = functions.find(call.name.name);
  return found == functions.end() ? std::nullopt : std::optional(found->second);
}

bool NeverNull(const plan::Expression& condition) {
  if (condition.kind() == plan::Expression::Kind::kLiteral) return condition.literal()->is_valid;
  return condition.kind() == plan::Expression::Kind::kCall &&
         (condition.function() == plan::Function::kIsNull ||
          condition.function() == plan::Function::kIsNotNull);
}

class ArrowFunctions : public Dialect {
 public:
  Result<plan::ExpressionPtr> ReadCall(ForeignCall call) const override {
    ARROW_ASSIGN_OR_RAISE(auto read, ReadByName(call));
    if (call.type == nullptr || call.type->Equals(*read->type())) return read;
    return NotUnderstood(call, "it gives " + call.type->ToString());
  }

  Result<plan::ExpressionPtr> ReadCast(plan::Function, plan::ExpressionPtr value,
                                       TypePtr type) const override {
    return base::UnsupportedPlan(
        "pyarrow's cast of {} to {} is not understood: what it checks does not travel",
        value->ToString(), type->ToString());
  }

  Result<plan::ExpressionPtr> ReadIn(std::vector<plan::ExpressionPtr> arguments) const override {
    ARROW_RETURN_NOT_OK(CheckOrder(*arguments[0]->type()));
    for (const plan::ExpressionPtr& value : arguments) {
      const bool null =
          value->kind() == plan::Expression::Kind::kLiteral && !value->literal()->is_valid;
      if (null) return base::UnsupportedPlan("pyarrow's is_in with a NULL in the list");
    }
    ARROW_RETURN_NOT_OK(ToListOfFirst(&arguments));
    if (arguments.size() == 1) return plan::BoolLiteral(false);
    ARROW_ASSIGN_OR_RAISE(auto in, plan::Call(plan::Function::kIn, std::move(arguments)));
    return plan::Coalesce({in, plan::BoolLiteral(false)});
  }

  Status CheckCondition(const plan::Expression& condition) const override {
    if (NeverNull(condition)) return Status::OK();
    return base::UnsupportedPlan(
        "pyarrow's if_else over {}: it gives NULL where the condition is NULL",
        condition.ToString());
  }

  Result<plan::ExpressionPtr> ReadAggregate(const ForeignAggregate& aggregate,
                                            const AddMeasure&) const override {
    return base::UnsupportedPlan("pyarrow's {} is not understood", aggregate.ToString());
  }

 private:
  static Result<plan::ExpressionPtr> ReadByName(const ForeignCall& call) {
    // Functions under pyarrow's own URI have its names: its "and" is not the standard's.
    const bool standard = call.name.urn.empty() || call.name.urn.starts_with(kStandardUrns);
    if (!standard || !call.enumerations.empty() || call.arguments.empty()) {
      return NotUnderstood(call);
    }
    if (const auto function = Find(Calculations(), call)) return Arithmetic(*function, call);
    if (const auto function = Find(Texts(), call)) {
      if (!HasOption(call, "case_sensitivity", "CASE_SENSITIVE")) return NotUnderstood(call);
      return plan::Call(*function, call.arguments);
    }
    if (!call.options.empty()) return NotUnderstood(call);
    if (call.name.name == "and") return plan::And(call.arguments);
    if (call.name.name == "or") return plan::Or(call.arguments);
    if (call.name.name == "coalesce") return plan::Coalesce(call.arguments);
    if (const auto function = Find(Comparisons(), call)) return Compare(*function, call);
    if (const auto function = Find(Tests(), call)) return plan::Call(*function, call.arguments);
    return NotUnderstood(call);
  }
};

}  // namespace

const Dialect& ArrowDialect() {
  static const ArrowFunctions dialect;
  return dialect;
}

}  // namespace skyhook::substrait
