#include <substrait/algebra.pb.h>

#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/substrait/expression.h"
#include "skyhook/substrait/function.h"
#include "skyhook/substrait/literal.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/options.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Status;
using Kind = plan::Expression::Kind;
using Arguments = std::vector<plan::ExpressionPtr>;

class Writer {
 public:
  explicit Writer(ExtensionWriter* extensions) : extensions_(extensions) {}

  Status Write(const plan::Expression& expression, pb::Expression* out) {
    if (++depth_ > kMaxExpressionDepth) {
      return base::UnsupportedPlan("an expression nested deeper than {}", kMaxExpressionDepth);
    }
    ARROW_RETURN_NOT_OK(WriteNode(expression, out));
    --depth_;
    return Status::OK();
  }

 private:
  Status WriteNode(const plan::Expression& expression, pb::Expression* out) {
    switch (expression.kind()) {
      case Kind::kColumn:
        FieldToSubstrait(expression.column(), out);
        return Status::OK();
      case Kind::kField:
        WriteField(expression, out);
        return Status::OK();
      case Kind::kLiteral:
        return LiteralToSubstrait(*expression.literal(), extensions_, out->mutable_literal());
      case Kind::kCall:
        return WriteCall(expression, out);
      case Kind::kAnd:
        return WriteFunction(kBooleanUrn, "and:bool", expression, out->mutable_scalar_function());
      case Kind::kOr:
        return WriteFunction(kBooleanUrn, "or:bool", expression, out->mutable_scalar_function());
      case Kind::kCoalesce:
        return WriteFunction(kComparisonUrn, "coalesce:any", expression,
                             out->mutable_scalar_function());
      case Kind::kCase:
        return WriteCase(expression.arguments(), out->mutable_if_then());
    }
    return base::UnsupportedPlan("an expression of kind {}", static_cast<int>(expression.kind()));
  }

  static void WriteField(const plan::Expression& field, pb::Expression* out) {
    const plan::FieldPath path = plan::PathOf(field);
    FieldToSubstrait(path.column, out);
    auto* segment = out->mutable_selection()->mutable_direct_reference()->mutable_struct_field();
    for (const int index : path.fields) {
      segment = segment->mutable_child()->mutable_struct_field();
      segment->set_field(index);
    }
  }

  Status WriteCall(const plan::Expression& call, pb::Expression* out) {
    if (plan::FindEntry(call.function()) == nullptr) {
      return base::UnsupportedPlan("{} is no function of the catalogue",
                                   plan::FunctionName(call.function()));
    }
    const bool defaults = call.options() == plan::CallOptions();
    if (call.function() == plan::Function::kIn && defaults && !IsFloating(*call.arguments()[0])) {
      return WriteIn(call.arguments(), out->mutable_singular_or_list());
    }
    if ((call.function() == plan::Function::kCast || call.function() == plan::Function::kTryCast) &&
        defaults) {
      return WriteCast(call, out->mutable_cast());
    }
    if (const StandardFunction* standard = FindStandard(call)) {
      return WriteStandard(*standard, call, out->mutable_scalar_function());
    }
    return WriteOwn(call, out->mutable_scalar_function());
  }

  static bool IsFloating(const plan::Expression& expression) {
    return arrow::is_floating(expression.type()->id());
  }

  Status WriteIn(const Arguments& arguments, pb::Expression_SingularOrList* out) {
    ARROW_RETURN_NOT_OK(Write(*arguments[0], out->mutable_value()));
    for (size_t i = 1; i < arguments.size(); ++i) {
      ARROW_RETURN_NOT_OK(Write(*arguments[i], out->add_options()));
    }
    return Status::OK();
  }

  Status WriteCast(const plan::Expression& cast, pb::Expression_Cast* out) {
    out->set_failure_behavior(cast.function() == plan::Function::kCast
                                  ? pb::Expression_Cast::FAILURE_BEHAVIOR_THROW_EXCEPTION
                                  : pb::Expression_Cast::FAILURE_BEHAVIOR_RETURN_NULL);
    ARROW_RETURN_NOT_OK(TypeToSubstrait(*cast.type(), true, extensions_, out->mutable_type()));
    return Write(*cast.arguments()[0], out->mutable_input());
  }

  Status WriteCase(const Arguments& arguments, pb::Expression_IfThen* out) {
    for (size_t i = 0; i + 1 < arguments.size(); i += 2) {
      auto* branch = out->add_ifs();
      ARROW_RETURN_NOT_OK(Write(*arguments[i], branch->mutable_if_()));
      ARROW_RETURN_NOT_OK(Write(*arguments[i + 1], branch->mutable_then()));
    }
    return Write(*arguments.back(), out->mutable_else_());
  }

  Status WriteStandard(const StandardFunction& standard, const plan::Expression& call,
                       pb::Expression_ScalarFunction* out) {
    for (const auto& enumeration : standard.enumerations) {
      out->add_arguments()->set_enum_(std::string(enumeration));
    }
    for (const auto& [name, choice] : standard.choices) AddOption(name, choice, out);
    if (!standard.narrow_constants) {
      return WriteFunction(standard.urn, Signature(standard, call), call, out);
    }
    return WriteNarrow(standard, call, out);
  }

  static std::string Signature(const StandardFunction& standard, const plan::Expression& call) {
    std::string signature = std::string(standard.name) + ":";
    const char* separator = "";
    const auto add = [&](const std::string& type) {
      signature += separator + type;
      separator = "_";
    };
    for (size_t i = 0; i < standard.enumerations.size(); ++i) add("req");
    for (const auto& argument : call.arguments()) {
      add(standard.generic ? "any" : ShortName(*argument->type()));
    }
    return signature;
  }

  // Numbers of characters as constants of 32 bits.
  Status WriteNarrow(const StandardFunction& standard, const plan::Expression& call,
                     pb::Expression_ScalarFunction* out) {
    std::string signature = std::string(standard.name) + ":";
    const char* separator = "";
    for (const auto& argument : call.arguments()) {
      auto* value = out->add_arguments()->mutable_value();
      const bool number = argument->type()->id() == arrow::Type::INT64;
      signature += separator + (number ? std::string("i32") : ShortName(*argument->type()));
      separator = "_";
      if (!number) {
        ARROW_RETURN_NOT_OK(Write(*argument, value));
        continue;
      }
      const auto& constant = static_cast<const arrow::Int64Scalar&>(*argument->literal());
      value->mutable_literal()->set_i32(static_cast<int32_t>(constant.value));
    }
    out->set_function_reference(extensions_->Function(standard.urn, signature));
    return TypeToSubstrait(*call.type(), true, extensions_, out->mutable_output_type());
  }

  Status WriteOwn(const plan::Expression& call, pb::Expression_ScalarFunction* out) {
    for (const auto& [name, choice] : OwnOptions(call.options())) {
      ARROW_RETURN_NOT_OK(CheckText(choice, "the escape character of LIKE"));
      AddOption(name, choice, out);
    }
    std::string signature = std::string(plan::EntryOf(call.function()).name) + ":any";
    const bool variadic = plan::EntryOf(call.function()).arity.most == plan::kVariadic;
    for (size_t i = 1; i < call.arguments().size() && !variadic; ++i) signature += "_any";
    return WriteFunction(kSkyhookUrn, signature, call, out);
  }

  static void AddOption(std::string_view name, std::string_view choice,
                        pb::Expression_ScalarFunction* out) {
    auto* option = out->add_options();
    option->set_name(std::string(name));
    option->add_preference(std::string(choice));
  }

  Status WriteFunction(std::string_view urn, std::string_view signature,
                       const plan::Expression& expression, pb::Expression_ScalarFunction* out) {
    out->set_function_reference(extensions_->Function(urn, signature));
    for (const auto& argument : expression.arguments()) {
      ARROW_RETURN_NOT_OK(Write(*argument, out->add_arguments()->mutable_value()));
    }
    return TypeToSubstrait(*expression.type(), true, extensions_, out->mutable_output_type());
  }

  ExtensionWriter* extensions_;
  int depth_ = 0;
};

}  // namespace

Status ExpressionToSubstrait(const plan::Expression& expression, ExtensionWriter* extensions,
                             pb::Expression* out) {
  return Writer(extensions).Write(expression, out);
}

void FieldToSubstrait(int index, pb::Expression* out) {
  auto* selection = out->mutable_selection();
  selection->mutable_root_reference();
  selection->mutable_direct_reference()->mutable_struct_field()->set_field(index);
}

}  // namespace skyhook::substrait
