#include "skyhook/substrait/call.h"

#include <algorithm>
#include <array>

#include "skyhook/base/status.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/function.h"

namespace skyhook::substrait {

using arrow::Result;
using arrow::Status;

namespace {

// Whether every option that the plan gives allows the choice that is the line's.
bool Allows(const StandardFunction& standard, const ForeignOptions& options) {
  return std::all_of(options.begin(), options.end(), [&](const auto& option) {
    return std::any_of(standard.choices.begin(), standard.choices.end(), [&](const auto& choice) {
      const auto& [name, preferred] = option;
      return name == choice.first &&
             std::find(preferred.begin(), preferred.end(), choice.second) != preferred.end();
    });
  });
}

bool Names(const StandardFunction& standard, const ForeignCall& call) {
  return standard.urn == call.name.urn && standard.name == call.name.name &&
         std::equal(standard.enumerations.begin(), standard.enumerations.end(),
                    call.enumerations.begin(), call.enumerations.end()) &&
         !call.arguments.empty() && standard.first(*call.arguments[0]->type()) &&
         (standard.arguments == 0 || standard.arguments == call.arguments.size());
}

Result<const StandardFunction*> Find(const ForeignCall& call) {
  bool named = false;
  for (const StandardFunction& standard : StandardFunctions()) {
    if (!Names(standard, call)) continue;
    if (Allows(standard, call.options)) return &standard;
    named = true;
  }
  if (named) {
    return base::UnsupportedPlan("{} with options {} is not understood", call.ToString(),
                                 call.OptionsText());
  }
  return base::UnsupportedPlan("{} is not understood", call.ToString());
}

// 32-bit numbers of characters are 64-bit ones here.
Status WidenNumbers(std::vector<plan::ExpressionPtr>* arguments) {
  for (plan::ExpressionPtr& argument : *arguments) {
    if (argument->type()->id() != arrow::Type::INT32) continue;
    if (argument->kind() == plan::Expression::Kind::kLiteral && argument->literal()->is_valid) {
      const int64_t value = static_cast<const arrow::Int32Scalar&>(*argument->literal()).value;
      ARROW_ASSIGN_OR_RAISE(argument, plan::Literal(arrow::MakeScalar(value)));
    } else {
      ARROW_ASSIGN_OR_RAISE(argument,
                            plan::Call(plan::Function::kCast, {argument}, {}, arrow::int64()));
    }
  }
  return Status::OK();
}

// Decimals of different scales meet at the larger one.
Status AlignScales(std::vector<plan::ExpressionPtr>* arguments) {
  int scale = 0;
  for (const plan::ExpressionPtr& argument : *arguments) {
    scale = std::max(scale, plan::ShapeOf(*argument->type()).scale);
  }
  for (plan::ExpressionPtr& argument : *arguments) {
    const plan::DecimalShape shape = plan::ShapeOf(*argument->type());
    if (shape.scale == scale) continue;
    const int precision = shape.precision + scale - shape.scale;
    if (precision > 38) {
      return base::UnsupportedPlan("{} with {} digits after the point", argument->ToString(),
                                   scale);
    }
    ARROW_ASSIGN_OR_RAISE(argument, plan::Call(plan::Function::kCast, {argument}, {},
                                               plan::DecimalType(precision, scale)));
  }
  return Status::OK();
}

// Decimals of one type: the one of more digits.
Status AlignPrecisions(std::vector<plan::ExpressionPtr>* arguments) {
  TypePtr widest = arguments->front()->type();
  for (const plan::ExpressionPtr& argument : *arguments) {
    if (plan::ShapeOf(*argument->type()).precision > plan::ShapeOf(*widest).precision) {
      widest = argument->type();
    }
  }
  for (plan::ExpressionPtr& argument : *arguments) {
    if (argument->type()->Equals(*widest)) continue;
    ARROW_ASSIGN_OR_RAISE(argument, plan::Call(plan::Function::kCast, {argument}, {}, widest));
  }
  return Status::OK();
}

bool AreDecimals(const std::vector<plan::ExpressionPtr>& arguments) {
  return std::all_of(arguments.begin(), arguments.end(), [](const plan::ExpressionPtr& argument) {
    return plan::IsDecimal(*argument->type());
  });
}

// The arguments as the catalogue's function of two decimals wants them.
Status AlignDecimals(plan::Function function, std::vector<plan::ExpressionPtr>* arguments) {
  switch (function) {
    case plan::Function::kAdd:
    case plan::Function::kSubtract:
    case plan::Function::kModulo:
      return AlignScales(arguments);
    case plan::Function::kBitAnd:
    case plan::Function::kBitOr:
    case plan::Function::kBitXor:
      return AlignPrecisions(arguments);
    default:
      return Status::OK();
  }
}

// The type to ask the catalogue for; null for its own.
Result<TypePtr> WantedType(const StandardFunction& standard, const ForeignCall& call) {
  if (!AreDecimals(call.arguments)) return TypePtr();
  const bool shaped = call.type != nullptr && plan::IsDecimal(*call.type);
  if (shaped && plan::EntryOf(standard.function).family == plan::Family::kRounding)
    return call.type;
  if (call.arguments.size() != 2 || standard.generic) return TypePtr();
  auto type = StandardDecimalType(standard.function, *call.arguments[0]->type(),
                                  *call.arguments[1]->type());
  if (type != nullptr) return type;
  return base::UnsupportedPlan("{}: its result does not fit 38 digits", call.ToString());
}

}  // namespace

std::string ForeignCall::ToString() const {
  std::string types;
  for (const auto& enumeration : enumerations) types += (types.empty() ? "" : ", ") + enumeration;
  for (const auto& argument : arguments) {
    types += (types.empty() ? "" : ", ") + argument->type()->ToString();
  }
  return fmt::format("function {}({}){}", name.name, types,
                     name.urn.empty() ? "" : " of " + name.urn);
}

std::string ForeignCall::OptionsText() const {
  std::string text;
  for (const auto& [option, choices] : options) {
    text += (text.empty() ? "" : ", ") + option;
    for (const auto& choice : choices) text += " " + choice;
  }
  return text;
}

Result<plan::ExpressionPtr> ReadStandard(const ForeignCall& call) {
  ARROW_ASSIGN_OR_RAISE(const StandardFunction* standard, Find(call));
  ARROW_ASSIGN_OR_RAISE(const TypePtr wanted, WantedType(*standard, call));
  auto arguments = call.arguments;
  if (standard->narrow_constants) ARROW_RETURN_NOT_OK(WidenNumbers(&arguments));
  if (arguments.size() == 2 && AreDecimals(arguments) && !standard->generic) {
    ARROW_RETURN_NOT_OK(AlignDecimals(standard->function, &arguments));
  }
  return plan::Call(standard->function, std::move(arguments), standard->options, wanted);
}

void ModerniseOptions(ForeignCall* call) {
  const bool integers = !call->arguments.empty() && plan::IsInteger(*call->arguments[0]->type());
  ForeignOptions kept;
  for (auto& [name, choices] : call->options) {
    const std::string first = choices.empty() ? "" : choices.front();
    if (name == "full_unicode" && first == "TRUE") continue;
    if (name == "spaces_only" && (first == "FALSE" || first == "False")) continue;
    for (std::string& choice : choices) {
      if (name == "on_domain_error" && choice == "NONE") choice = "NULL";
      if (name == "on_division_by_zero" && choice == "NAN" && integers) choice = "NULL";
    }
    kept.emplace_back(name, choices);
  }
  call->options = std::move(kept);
}

}  // namespace skyhook::substrait
