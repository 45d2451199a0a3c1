#include <substrait/algebra.pb.h>

#include <algorithm>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/catalogue.h"
#include "skyhook/plan/substrait.h"
#include "skyhook/plan/substrait_call.h"
#include "skyhook/plan/substrait_expression.h"
#include "skyhook/plan/substrait_literal.h"
#include "skyhook/plan/substrait_message.h"
#include "skyhook/plan/substrait_options.h"
#include "skyhook/plan/substrait_type.h"

namespace skyhook::plan {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;
Status CheckType(const ForeignCall& call, const arrow::DataType& ours) {
  if (call.type == nullptr || call.type->Equals(ours)) return Status::OK();
  return base::UnsupportedPlan("{} gives {}, not {}", call.ToString(), ours.ToString(),
                               call.type->ToString());
}

// By the table, or in other words where the table has none.
Result<ExpressionPtr> ReadForeign(const ForeignCall& call) {
  auto read = ReadStandard(call);
  if (!read.ok() && CanLower(call.name)) read = Lower(call);
  ARROW_RETURN_NOT_OK(read.status());
  ARROW_RETURN_NOT_OK(CheckType(call, *(*read)->type()));
  return read;
}

Result<ExpressionPtr> ReadOwn(ForeignCall call) {
  const auto function = FunctionByName(call.name.name);
  if (!function.has_value() || !call.enumerations.empty()) {
    return base::UnsupportedPlan("{} is not understood", call.ToString());
  }
  CallOptions options;
  for (const auto& [option, choices] : call.options) {
    if (choices.size() != 1) {
      return base::UnsupportedPlan("{}: option {} needs one choice", call.ToString(), option);
    }
    ARROW_RETURN_NOT_OK(
        base::AddContext(SetOwnOption(option, choices[0], &options), call.ToString()));
  }
  return Call(*function, std::move(call.arguments), options, call.type);
}

Result<ExpressionPtr> ReadConnective(const ForeignCall& call) {
  ARROW_ASSIGN_OR_RAISE(auto result, call.name.name == "and"  ? And(call.arguments)
                                     : call.name.name == "or" ? Or(call.arguments)
                                                              : Coalesce(call.arguments));
  ARROW_RETURN_NOT_OK(CheckType(call, *result->type()));
  return result;
}

bool IsConnective(const ForeignCall& call) {
  const ExtensionName& name = call.name;
  return call.enumerations.empty() && call.options.empty() &&
         ((name.urn == kBooleanUrn && (name.name == "and" || name.name == "or")) ||
          (name.urn == kComparisonUrn && name.name == "coalesce"));
}

class Reader {
 public:
  Reader(const arrow::Schema& input, const ExtensionReader& extensions)
      : input_(input), extensions_(extensions) {}

  Result<ExpressionPtr> Read(const pb::Expression& expression) {
    if (++depth_ > kMaxExpressionDepth) {
      return base::UnsupportedPlan("an expression nested deeper than {}", kMaxExpressionDepth);
    }
    ARROW_ASSIGN_OR_RAISE(auto node, ReadNode(expression));
    --depth_;
    return node;
  }

 private:
  Result<ExpressionPtr> ReadNode(const pb::Expression& expression) {
    ARROW_RETURN_NOT_OK(CheckFields(expression, {"literal", "selection", "scalar_function", "cast",
                                                 "if_then", "singular_or_list"}));
    switch (expression.rex_type_case()) {
      case pb::Expression::kLiteral: {
        ARROW_ASSIGN_OR_RAISE(auto value, LiteralFromSubstrait(expression.literal(), extensions_));
        return Literal(value);
      }
      case pb::Expression::kSelection: {
        ARROW_ASSIGN_OR_RAISE(const int index, FieldFromSubstrait(expression, "a column"));
        if (index >= input_.num_fields()) {
          return base::Invalid("column #{} is not among the {} columns read", index,
                               input_.num_fields());
        }
        return Column(index, input_.field(index)->type());
      }
      case pb::Expression::kScalarFunction:
        return ReadFunction(expression.scalar_function());
      case pb::Expression::kCast:
        return ReadCast(expression.cast());
      case pb::Expression::kIfThen:
        return ReadCase(expression.if_then());
      case pb::Expression::kSingularOrList:
        return ReadIn(expression.singular_or_list());
      default:
        return base::UnsupportedPlan("an expression that does not say which");
    }
  }

  Result<ExpressionPtr> ReadFunction(const pb::Expression_ScalarFunction& function) {
    ARROW_RETURN_NOT_OK(
        CheckFields(function, {"function_reference", "arguments", "options", "output_type"}));
    ForeignCall call;
    ARROW_ASSIGN_OR_RAISE(call.name, extensions_.Function(function.function_reference()));
    ARROW_RETURN_NOT_OK(ReadArguments(function, &call));
    if (function.has_output_type()) {
      ARROW_ASSIGN_OR_RAISE(call.type, TypeFromSubstrait(function.output_type(), extensions_));
    }
    if (IsConnective(call)) return ReadConnective(call);
    if (call.name.urn == kSkyhookUrn) return ReadOwn(std::move(call));
    ModerniseOptions(&call);
    return ReadForeign(call);
  }

  Status ReadArguments(const pb::Expression_ScalarFunction& function, ForeignCall* call) {
    for (const auto& option : function.options()) {
      ARROW_RETURN_NOT_OK(CheckFields(option, {"name", "preference"}));
      call->options.emplace_back(
          option.name(),
          std::vector<std::string>(option.preference().begin(), option.preference().end()));
    }
    for (const auto& argument : function.arguments()) {
      ARROW_RETURN_NOT_OK(CheckFields(argument, {"enum", "value"}));
      if (argument.has_enum_()) {
        call->enumerations.push_back(argument.enum_());
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(auto value, Read(argument.value()));
      call->arguments.push_back(std::move(value));
    }
    return Status::OK();
  }

  Result<ExpressionPtr> ReadCast(const pb::Expression_Cast& cast) {
    ARROW_RETURN_NOT_OK(CheckFields(cast, {"type", "input", "failure_behavior"}));
    const auto behaviour = cast.failure_behavior();
    if (behaviour != pb::Expression_Cast::FAILURE_BEHAVIOR_THROW_EXCEPTION &&
        behaviour != pb::Expression_Cast::FAILURE_BEHAVIOR_RETURN_NULL) {
      return base::UnsupportedPlan("a cast of failure behaviour {}", static_cast<int>(behaviour));
    }
    ARROW_ASSIGN_OR_RAISE(auto type, TypeFromSubstrait(cast.type(), extensions_));
    ARROW_ASSIGN_OR_RAISE(auto input, Read(cast.input()));
    const bool fails = behaviour == pb::Expression_Cast::FAILURE_BEHAVIOR_THROW_EXCEPTION;
    return Call(fails ? Function::kCast : Function::kTryCast, {std::move(input)}, {},
                std::move(type));
  }

  Result<ExpressionPtr> ReadCase(const pb::Expression_IfThen& branches) {
    ARROW_RETURN_NOT_OK(CheckFields(branches, {"ifs", "else"}));
    std::vector<ExpressionPtr> arguments;
    for (const auto& branch : branches.ifs()) {
      ARROW_RETURN_NOT_OK(CheckFields(branch, {"if", "then"}));
      ARROW_ASSIGN_OR_RAISE(auto condition, Read(branch.if_()));
      ARROW_ASSIGN_OR_RAISE(auto value, Read(branch.then()));
      arguments.push_back(std::move(condition));
      arguments.push_back(std::move(value));
    }
    if (branches.has_else_() || arguments.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto otherwise, Read(branches.else_()));
      arguments.push_back(std::move(otherwise));
    } else {
      arguments.push_back(NullLiteral(arguments[1]->type()));
    }
    return Case(std::move(arguments));
  }

  Result<ExpressionPtr> ReadIn(const pb::Expression_SingularOrList& list) {
    ARROW_RETURN_NOT_OK(CheckFields(list, {"value", "options"}));
    std::vector<ExpressionPtr> arguments;
    ARROW_ASSIGN_OR_RAISE(auto value, Read(list.value()));
    if (arrow::is_floating(value->type()->id())) {
      return base::UnsupportedPlan("an IN list over {}: Substrait does not say what NaN equals",
                                   value->type()->ToString());
    }
    arguments.push_back(std::move(value));
    for (const auto& option : list.options()) {
      ARROW_ASSIGN_OR_RAISE(auto candidate, Read(option));
      arguments.push_back(std::move(candidate));
    }
    return Call(Function::kIn, std::move(arguments));
  }

  const arrow::Schema& input_;
  const ExtensionReader& extensions_;
  int depth_ = 0;
};

}  // namespace

Result<ExpressionPtr> ExpressionFromSubstrait(const pb::Expression& expression,
                                              const arrow::Schema& input,
                                              const ExtensionReader& extensions) {
  return Reader(input, extensions).Read(expression);
}

Result<int> FieldFromSubstrait(const pb::Expression& expression, const char* what) {
  ARROW_RETURN_NOT_OK(base::AddContext(CheckFields(expression, {"selection"}), what));
  const auto& selection = expression.selection();
  ARROW_RETURN_NOT_OK(CheckFields(selection, {"direct_reference", "root_reference"}));
  ARROW_RETURN_NOT_OK(CheckFields(selection.root_reference(), {}));
  ARROW_RETURN_NOT_OK(CheckFields(selection.direct_reference(), {"struct_field"}));
  const auto& field = selection.direct_reference().struct_field();
  ARROW_RETURN_NOT_OK(CheckFields(field, {"field"}));
  if (!selection.has_direct_reference() || !selection.direct_reference().has_struct_field()) {
    return base::UnsupportedPlan("{}: a reference that does not say which field", what);
  }
  if (field.field() < 0) return base::Invalid("{}: column #{}", what, field.field());
  return field.field();
}

}  // namespace skyhook::plan
