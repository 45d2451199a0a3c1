// pyarrow 26: expressions of its compute functions, under the names that Acero gives them.
#include <map>
#include <optional>
#include <set>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/foreign_dialect.h"
#include "skyhook/plan/foreign_numbers.h"
#include "skyhook/plan/substrait_call.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using arrow::Result;
using arrow::Status;
using Overflow = CallOptions::Overflow;

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
Result<ExpressionPtr> Compare(Function function, ForeignCall call) {
  if (call.arguments.size() != 2) return NotUnderstood(call);
  const arrow::DataType& type = *call.arguments[0]->type();
  CallOptions options;
  if (IsFloat(type)) options.nan = CallOptions::Nan::kIeee;
  if (IsDecimal(type) && IsDecimal(*call.arguments[1]->type())) {
    ARROW_RETURN_NOT_OK(ToCommonNumber(&call.arguments));
  }
  return plan::Call(function, call.arguments, options);
}

// "add" wraps around, "add_checked" fails; which one it was is an option.
Result<ExpressionPtr> Arithmetic(Function function, const ForeignCall& call) {
  const bool checked = HasOption(call, "overflow", "ERROR");
  const arrow::DataType& type = *call.arguments[0]->type();
  if (!checked && !HasOption(call, "overflow", "SILENT")) {
    return NotUnderstood(call, "it does not say what happens on overflow");
  }
  CallOptions options;
  if (IsFloat(type)) {
    if (function == Function::kDivide) {
      options.division_by_zero =
          checked ? CallOptions::DivisionByZero::kError : CallOptions::DivisionByZero::kIeee;
    }
    return plan::Call(function, call.arguments, options);
  }
  if (!IsInteger(type)) return NotUnderstood(call);
  if (function != Function::kDivide) {
    options.overflow = checked ? Overflow::kError : Overflow::kWrap;
    return plan::Call(function, call.arguments, options);
  }
  if (!checked) return NotUnderstood(call, "its quotients outside the type are 0");
  options.division_by_zero = CallOptions::DivisionByZero::kError;
  return plan::Call(Function::kIntegerDivide, call.arguments, options);
}

const std::map<std::string, Function>& Comparisons() {
  static const std::map<std::string, Function> functions = {
      {"equal", Function::kEqual}, {"not_equal", Function::kNotEqual},
      {"lt", Function::kLess},     {"lte", Function::kLessEqual},
      {"gt", Function::kGreater},  {"gte", Function::kGreaterEqual},
  };
  return functions;
}

const std::map<std::string, Function>& Calculations() {
  static const std::map<std::string, Function> functions = {
      {"add", Function::kAdd},           {"subtract", Function::kSubtract},
      {"multiply", Function::kMultiply}, {"divide", Function::kDivide},
      {"negate", Function::kNegate},     {"abs", Function::kAbs},
  };
  return functions;
}

const std::map<std::string, Function>& Texts() {
  static const std::map<std::string, Function> functions = {
      {"starts_with", Function::kStartsWith},
      {"ends_with", Function::kEndsWith},
      {"contains", Function::kContains},
  };
  return functions;
}

// Functions without options.
const std::map<std::string, Function>& Tests() {
  static const std::map<std::string, Function> functions = {
      {"is_null", Function::kIsNull},
      {"is_not_null", Function::kIsNotNull},
      {"is_nan", Function::kIsNan},
      {"is_finite", Function::kIsFinite},
      {"is_infinite", Function::kIsInfinite},
      {"not", Function::kNot},
      {"xor", Function::kXor},
      {"bitwise_and", Function::kBitAnd},
      {"bitwise_or", Function::kBitOr},
      {"bitwise_xor", Function::kBitXor},
      {"bitwise_not", Function::kBitNot},
  };
  return functions;
}

std::optional<Function> Find(const std::map<std::string, Function>& functions,
                             const ForeignCall& call) {
  const auto found = functions.find(call.name.name);
  return found == functions.end() ? std::nullopt : std::optional(found->second);
}

bool NeverNull(const Expression& condition) {
  if (condition.kind() == Expression::Kind::kLiteral) return condition.literal()->is_valid;
  return condition.kind() == Expression::Kind::kCall &&
         (condition.function() == Function::kIsNull ||
          condition.function() == Function::kIsNotNull);
}

class ArrowFunctions : public Dialect {
 public:
  Result<ExpressionPtr> ReadCall(ForeignCall call) const override {
    ARROW_ASSIGN_OR_RAISE(auto read, ReadByName(call));
    if (call.type == nullptr || call.type->Equals(*read->type())) return read;
    return NotUnderstood(call, "it gives " + call.type->ToString());
  }

  Result<ExpressionPtr> ReadCast(Function, ExpressionPtr value, TypePtr type) const override {
    return base::UnsupportedPlan(
        "pyarrow's cast of {} to {} is not understood: what it checks does not travel",
        value->ToString(), type->ToString());
  }

  Result<ExpressionPtr> ReadIn(std::vector<ExpressionPtr> arguments) const override {
    ARROW_RETURN_NOT_OK(CheckOrder(*arguments[0]->type()));
    for (const ExpressionPtr& value : arguments) {
      const bool null = value->kind() == Expression::Kind::kLiteral && !value->literal()->is_valid;
      if (null) return base::UnsupportedPlan("pyarrow's is_in with a NULL in the list");
    }
    ARROW_RETURN_NOT_OK(ToListOfFirst(&arguments));
    if (arguments.size() == 1) return BoolLiteral(false);
    ARROW_ASSIGN_OR_RAISE(auto in, plan::Call(Function::kIn, std::move(arguments)));
    return Coalesce({in, BoolLiteral(false)});
  }

  Status CheckCondition(const Expression& condition) const override {
    if (NeverNull(condition)) return Status::OK();
    return base::UnsupportedPlan(
        "pyarrow's if_else over {}: it gives NULL where the condition is NULL",
        condition.ToString());
  }

  Result<ExpressionPtr> ReadAggregate(const ForeignAggregate& aggregate,
                                      const AddMeasure&) const override {
    return base::UnsupportedPlan("pyarrow's {} is not understood", aggregate.ToString());
  }

 private:
  static Result<ExpressionPtr> ReadByName(const ForeignCall& call) {
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
    if (call.name.name == "and") return And(call.arguments);
    if (call.name.name == "or") return Or(call.arguments);
    if (call.name.name == "coalesce") return Coalesce(call.arguments);
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

}  // namespace skyhook::plan
