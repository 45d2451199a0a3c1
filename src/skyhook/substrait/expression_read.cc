#include <substrait/algebra.pb.h>

#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/call.h"
#include "skyhook/substrait/dialect.h"
#include "skyhook/substrait/expression.h"
#include "skyhook/substrait/literal.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

class Reader {
 public:
  Reader(const arrow::Schema& input, const ExtensionReader& extensions, const Dialect& dialect)
      : input_(input), extensions_(extensions), dialect_(dialect) {}

  Result<plan::ExpressionPtr> Read(const pb::Expression& expression) {
    if (++depth_ > kMaxExpressionDepth) {
      return base::UnsupportedPlan("an expression nested deeper than {}", kMaxExpressionDepth);
    }
    ARROW_ASSIGN_OR_RAISE(auto node, ReadNode(expression));
    --depth_;
    return node;
  }

 private:
  Result<plan::ExpressionPtr> ReadNode(const pb::Expression& expression) {
    ARROW_RETURN_NOT_OK(CheckFields(expression, {"literal", "selection", "scalar_function", "cast",
                                                 "if_then", "singular_or_list"}));
    switch (expression.rex_type_case()) {
      case pb::Expression::kLiteral: {
        ARROW_ASSIGN_OR_RAISE(auto value, LiteralFromSubstrait(expression.literal(), extensions_));
        return plan::Literal(value);
      }
      case pb::Expression::kSelection:
        return ReadPath(expression);
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

  Result<plan::ExpressionPtr> ReadPath(const pb::Expression& expression) {
    ARROW_ASSIGN_OR_RAISE(const plan::FieldPath path, PathFromSubstrait(expression, "a column"));
    if (path.column >= input_.num_fields()) {
      return base::Invalid("column #{} is not among the {} columns read", path.column,
                           input_.num_fields());
    }
    plan::ExpressionPtr node = plan::InputColumn(path.column, input_.field(path.column)->type());
    for (const int field : path.fields) {
      ARROW_ASSIGN_OR_RAISE(node, plan::Field(std::move(node), field));
    }
    return node;
  }

  Result<plan::ExpressionPtr> ReadFunction(const pb::Expression_ScalarFunction& function) {
    ARROW_RETURN_NOT_OK(
        CheckFields(function, {"function_reference", "arguments", "options", "output_type"}));
    ForeignCall call;
    ARROW_ASSIGN_OR_RAISE(call.name, extensions_.Function(function.function_reference()));
    ARROW_RETURN_NOT_OK(ReadArguments(function, &call));
    if (function.has_output_type()) {
      ARROW_ASSIGN_OR_RAISE(call.type, TypeFromSubstrait(function.output_type(), extensions_));
    }
    if (call.type != nullptr && call.name.urn != kSkyhookUrn)
      call.type = plan::EngineType(call.type);
    return dialect_.ReadCall(std::move(call));
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

  Result<plan::ExpressionPtr> ReadCast(const pb::Expression_Cast& cast) {
    ARROW_RETURN_NOT_OK(CheckFields(cast, {"type", "input", "failure_behavior"}));
    const auto behaviour = cast.failure_behavior();
    if (behaviour != pb::Expression_Cast::FAILURE_BEHAVIOR_THROW_EXCEPTION &&
        behaviour != pb::Expression_Cast::FAILURE_BEHAVIOR_RETURN_NULL) {
      return base::UnsupportedPlan("a cast of failure behaviour {}", static_cast<int>(behaviour));
    }
    ARROW_ASSIGN_OR_RAISE(auto type, TypeFromSubstrait(cast.type(), extensions_));
    ARROW_ASSIGN_OR_RAISE(auto input, Read(cast.input()));
    const bool fails = behaviour == pb::Expression_Cast::FAILURE_BEHAVIOR_THROW_EXCEPTION;
    return dialect_.ReadCast(fails ? plan::Function::kCast : plan::Function::kTryCast,
                             std::move(input), std::move(type));
  }

  Result<plan::ExpressionPtr> ReadCase(const pb::Expression_IfThen& branches) {
    ARROW_RETURN_NOT_OK(CheckFields(branches, {"ifs", "else"}));
    std::vector<plan::ExpressionPtr> arguments;
    plan::ExpressionPtr base;
    for (const auto& branch : branches.ifs()) {
      ARROW_RETURN_NOT_OK(CheckFields(branch, {"if", "then"}));
      ARROW_ASSIGN_OR_RAISE(auto condition, Read(branch.if_()));
      if (!branch.has_then() && base == nullptr && arguments.empty()) {
        base = std::move(condition);
        continue;
      }
      if (base != nullptr) {
        ARROW_ASSIGN_OR_RAISE(condition, dialect_.ReadMatch(base, std::move(condition)));
      }
      ARROW_RETURN_NOT_OK(dialect_.CheckCondition(*condition));
      ARROW_ASSIGN_OR_RAISE(auto value, Read(branch.then()));
      arguments.push_back(std::move(condition));
      arguments.push_back(std::move(value));
    }
    if (branches.has_else_() || arguments.empty()) {
      ARROW_ASSIGN_OR_RAISE(auto otherwise, Read(branches.else_()));
      arguments.push_back(std::move(otherwise));
    } else {
      arguments.push_back(plan::NullLiteral(arguments[1]->type()));
    }
    return plan::Case(std::move(arguments));
  }

  Result<plan::ExpressionPtr> ReadIn(const pb::Expression_SingularOrList& list) {
    ARROW_RETURN_NOT_OK(CheckFields(list, {"value", "options"}));
    std::vector<plan::ExpressionPtr> arguments;
    ARROW_ASSIGN_OR_RAISE(auto value, Read(list.value()));
    arguments.push_back(std::move(value));
    for (const auto& option : list.options()) {
      ARROW_ASSIGN_OR_RAISE(auto candidate, Read(option));
      arguments.push_back(std::move(candidate));
    }
    return dialect_.ReadIn(std::move(arguments));
  }

  const arrow::Schema& input_;
  const ExtensionReader& extensions_;
  const Dialect& dialect_;
  int depth_ = 0;
};

}  // namespace

Result<plan::ExpressionPtr> ExpressionFromSubstrait(const pb::Expression& expression,
                                                    const arrow::Schema& input,
                                                    const ExtensionReader& extensions,
                                                    const Dialect& dialect) {
  return Reader(input, extensions, dialect).Read(expression);
}

Result<plan::FieldPath> PathFromSubstrait(const pb::Expression& expression, const char* what) {
  ARROW_RETURN_NOT_OK(base::AddContext(CheckFields(expression, {"selection"}), what));
  const auto& selection = expression.selection();
  ARROW_RETURN_NOT_OK(CheckFields(selection, {"direct_reference", "root_reference"}));
  ARROW_RETURN_NOT_OK(CheckFields(selection.root_reference(), {}));
  plan::FieldPath path;
  const pb::Expression_ReferenceSegment* segment = &selection.direct_reference();
  for (int depth = 0; depth == 0 || segment != nullptr; ++depth) {
    ARROW_RETURN_NOT_OK(CheckFields(*segment, {"struct_field"}));
    if (!segment->has_struct_field()) {
      return base::UnsupportedPlan("{}: a reference that does not say which field", what);
    }
    const auto& field = segment->struct_field();
    ARROW_RETURN_NOT_OK(CheckFields(field, {"field", "child"}));
    if (field.field() < 0) return base::Invalid("{}: column #{}", what, field.field());
    if (depth > kMaxExpressionDepth) {
      return base::UnsupportedPlan("{}: a field nested deeper than {}", what, kMaxExpressionDepth);
    }
    if (depth == 0) {
      path.column = field.field();
    } else {
      path.fields.push_back(field.field());
    }
    segment = field.has_child() ? &field.child() : nullptr;
  }
  return path;
}

Result<int> FieldFromSubstrait(const pb::Expression& expression, const char* what) {
  ARROW_ASSIGN_OR_RAISE(const plan::FieldPath path, PathFromSubstrait(expression, what));
  if (path.fields.empty()) return path.column;
  return base::UnsupportedPlan("{}: a field of the struct in column #{}", what, path.column);
}

}  // namespace skyhook::substrait
