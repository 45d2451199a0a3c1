// Standard functions that are no entry of the catalogue, put in terms of those that are.
#include <array>
#include <functional>
#include <map>

#include "skyhook/base/status.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/call.h"

namespace skyhook::substrait {
namespace {

using arrow::Result;
using arrow::Status;
using Handler = Result<plan::ExpressionPtr> (*)(const ForeignCall&);
using DateField = plan::CallOptions::DateField;
using MonthDayNanos = arrow::MonthDayNanoIntervalType::MonthDayNanos;

Status NotUnderstood(const ForeignCall& call, const std::string& why = "") {
  return base::UnsupportedPlan("{}{}{} is not understood", call.ToString(),
                               call.options.empty() ? "" : " with options " + call.OptionsText(),
                               why.empty() ? "" : " (" + why + ")");
}

Status Check(const ForeignCall& call, size_t arguments) {
  if (call.arguments.size() != arguments || !call.enumerations.empty()) return NotUnderstood(call);
  return Status::OK();
}

Status CheckPlain(const ForeignCall& call, size_t arguments) {
  if (!call.options.empty()) return NotUnderstood(call);
  return Check(call, arguments);
}

// Comparisons of the standard are those of IEEE 754.
plan::CallOptions Ieee(const plan::Expression& argument) {
  plan::CallOptions options;
  if (plan::IsFloat(*argument.type())) options.nan = plan::CallOptions::Nan::kIeee;
  return options;
}

Result<plan::ExpressionPtr> Between(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 3));
  const plan::CallOptions options = Ieee(*call.arguments[0]);
  ARROW_ASSIGN_OR_RAISE(auto from, plan::Call(plan::Function::kGreaterEqual,
                                              {call.arguments[0], call.arguments[1]}, options));
  ARROW_ASSIGN_OR_RAISE(auto to, plan::Call(plan::Function::kLessEqual,
                                            {call.arguments[0], call.arguments[2]}, options));
  return plan::And({from, to});
}

Result<plan::ExpressionPtr> NullIf(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 2));
  const plan::ExpressionPtr& value = call.arguments[0];
  ARROW_ASSIGN_OR_RAISE(auto equal,
                        plan::Call(plan::Function::kEqual, call.arguments, Ieee(*value)));
  return plan::Case({equal, plan::NullLiteral(value->type()), value});
}

Result<plan::ExpressionPtr> TruthTest(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 1));
  const std::string& name = call.name.name;
  const bool negated = name.find("not") != std::string::npos;
  const bool truth = name.find("true") != std::string::npos;
  return plan::Call(negated ? plan::Function::kIsDistinctFrom : plan::Function::kIsNotDistinctFrom,
                    {call.arguments[0], plan::BoolLiteral(truth)});
}

Result<plan::ExpressionPtr> AndNot(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 2));
  ARROW_ASSIGN_OR_RAISE(auto negated, plan::Call(plan::Function::kNot, {call.arguments[1]}));
  return plan::And({call.arguments[0], negated});
}

// A function of integers or decimals whose result is a double: that of their doubles.
Result<plan::ExpressionPtr> OfDoubles(const ForeignCall& call) {
  ForeignCall doubles = call;
  bool changed = false;
  for (plan::ExpressionPtr& argument : doubles.arguments) {
    if (plan::IsFloat(*argument->type())) continue;
    ARROW_ASSIGN_OR_RAISE(argument,
                          plan::Call(plan::Function::kCast, {argument}, {}, arrow::float64()));
    changed = true;
  }
  if (!changed) return NotUnderstood(call);
  if (doubles.name.urn == kDecimalUrn) doubles.name.urn = std::string(kArithmeticUrn);
  return ReadStandard(doubles);
}

Result<plan::ExpressionPtr> DecimalPower(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(Check(call, 2));
  plan::CallOptions options;
  options.domain_error = plan::CallOptions::DomainError::kNan;
  for (const auto& [name, choices] : call.options) {
    const std::string choice = choices.empty() ? "" : choices.front();
    if (name == "complex_number_result" && choice == "ERROR") {
      options.domain_error = plan::CallOptions::DomainError::kError;
    } else if (name != "overflow" && !(name == "complex_number_result" && choice == "NAN")) {
      return NotUnderstood(call);
    }
  }
  std::vector<plan::ExpressionPtr> doubles;
  for (const plan::ExpressionPtr& argument : call.arguments) {
    ARROW_ASSIGN_OR_RAISE(auto cast,
                          plan::Call(plan::Function::kCast, {argument}, {}, arrow::float64()));
    doubles.push_back(std::move(cast));
  }
  return plan::Call(plan::Function::kPower, std::move(doubles), options);
}

// The standard gives the number first and the base second.
Result<plan::ExpressionPtr> LogarithmToBase(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 2));
  std::vector<plan::ExpressionPtr> arguments = {call.arguments[1], call.arguments[0]};
  for (plan::ExpressionPtr& argument : arguments) {
    if (plan::IsFloat(*argument->type())) continue;
    ARROW_ASSIGN_OR_RAISE(argument,
                          plan::Call(plan::Function::kCast, {argument}, {}, arrow::float64()));
  }
  return plan::Call(plan::Function::kLog, std::move(arguments));
}

// Distances of shifts have 32 bits, whatever is shifted.
Result<plan::ExpressionPtr> Shift(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 2));
  static const std::map<std::string_view, plan::Function> kShifts = {
      {"shift_left", plan::Function::kShiftLeft},
      {"shift_right", plan::Function::kShiftRight},
      {"shift_right_unsigned", plan::Function::kShiftRightUnsigned}};
  const TypePtr& type = call.arguments[0]->type();
  ARROW_ASSIGN_OR_RAISE(auto distance,
                        plan::Call(plan::Function::kCast, {call.arguments[1]}, {}, type));
  plan::CallOptions options;
  options.overflow = plan::CallOptions::Overflow::kWrap;
  return plan::Call(kShifts.at(call.name.name), {call.arguments[0], distance}, options);
}

Result<std::string> ConstantText(const plan::Expression& argument) {
  if (argument.kind() != plan::Expression::Kind::kLiteral || !argument.literal()->is_valid ||
      argument.type()->id() != arrow::Type::STRING_VIEW) {
    return base::UnsupportedPlan("{} where a text constant is needed", argument.ToString());
  }
  return static_cast<const arrow::BaseBinaryScalar&>(*argument.literal()).value->ToString();
}

bool IsNumber(const plan::Expression& argument, int64_t number) {
  return argument.kind() == plan::Expression::Kind::kLiteral && argument.literal()->is_valid &&
         argument.type()->id() == arrow::Type::INT64 &&
         static_cast<const arrow::Int64Scalar&>(*argument.literal()).value == number;
}

bool IsNullLiteral(const plan::Expression& argument) {
  return argument.kind() == plan::Expression::Kind::kLiteral && !argument.literal()->is_valid;
}

// The pattern with the flags that options ask for.
Result<plan::ExpressionPtr> Pattern(const ForeignCall& call, plan::CallOptions* options) {
  ARROW_ASSIGN_OR_RAISE(const std::string text, ConstantText(*call.arguments[1]));
  std::string flags;
  for (const auto& [name, choices] : call.options) {
    const std::string choice = choices.empty() ? "" : choices.front();
    if (name == "case_sensitivity" && choice == "CASE_INSENSITIVE") {
      options->text_case = plan::CallOptions::Case::kInsensitive;
    } else if (name == "multiline" && choice == "MULTILINE_ENABLED") {
      flags += "m";
    } else if (name == "dotall" && choice == "DOTALL_ENABLED") {
      flags += "s";
    } else if (choice != "CASE_SENSITIVE" && choice != "MULTILINE_DISABLED" &&
               choice != "DOTALL_DISABLED") {
      return NotUnderstood(call);
    }
  }
  const std::string whole = flags.empty() ? text : "(?" + flags + ")" + text;
  return plan::Literal(std::make_shared<arrow::StringViewScalar>(whole));
}

// NULL where nothing matches.
Result<plan::ExpressionPtr> RegexpSubstring(const ForeignCall& call) {
  const auto& arguments = call.arguments;
  if (arguments.size() != 2 && arguments.size() != 5) return NotUnderstood(call);
  if (IsNullLiteral(*arguments[1])) return plan::NullLiteral(arrow::utf8_view());
  const bool long_form = arguments.size() == 5;
  if (long_form && !(IsNumber(*arguments[2], 1) && IsNumber(*arguments[3], 1))) {
    return NotUnderstood(call, "only the first match from the first character on");
  }
  plan::CallOptions options;
  ARROW_ASSIGN_OR_RAISE(const auto pattern, Pattern(call, &options));
  std::vector<plan::ExpressionPtr> extracted = {arguments[0], pattern};
  if (long_form) extracted.push_back(arguments[4]);
  ARROW_ASSIGN_OR_RAISE(
      auto matches, plan::Call(plan::Function::kRegexpMatches, {arguments[0], pattern}, options));
  ARROW_ASSIGN_OR_RAISE(auto part,
                        plan::Call(plan::Function::kRegexpExtract, std::move(extracted), options));
  return plan::Case({matches, part, plan::NullLiteral(arrow::utf8_view())});
}

Result<plan::ExpressionPtr> RegexpReplace(const ForeignCall& call) {
  const auto& arguments = call.arguments;
  if (arguments.size() != 3 && arguments.size() != 5) return NotUnderstood(call);
  if (IsNullLiteral(*arguments[1]) || IsNullLiteral(*arguments[2])) {
    return plan::NullLiteral(arrow::utf8_view());
  }
  plan::CallOptions options;
  options.occurrence = plan::CallOptions::Occurrence::kAll;
  if (arguments.size() == 5) {
    const bool all = IsNumber(*arguments[4], 0);
    if (!IsNumber(*arguments[3], 1) || !(all || IsNumber(*arguments[4], 1))) {
      return NotUnderstood(call, "only the first match, or all, from the first character on");
    }
    if (!all) options.occurrence = plan::CallOptions::Occurrence::kFirst;
  }
  ARROW_ASSIGN_OR_RAISE(const auto pattern, Pattern(call, &options));
  return plan::Call(plan::Function::kRegexpReplace, {arguments[0], pattern, arguments[2]}, options);
}

// A timestamp with zone as the wall clock of `zone`.
Result<plan::ExpressionPtr> WallClock(const plan::ExpressionPtr& instant, const std::string& zone) {
  const auto unit = static_cast<const arrow::TimestampType&>(*instant->type()).unit();
  ARROW_ASSIGN_OR_RAISE(
      auto zoned, plan::Call(plan::Function::kCast, {instant}, {}, arrow::timestamp(unit, zone)));
  return plan::Call(plan::Function::kCast, {zoned}, {}, arrow::timestamp(unit));
}

// Numbering from one is meant where a plan does not say; of days of the week that would be a guess.
Result<plan::ExpressionPtr> Extract(const ForeignCall& call) {
  static constexpr std::array kCounted = {"QUARTER", "MONTH", "ISO_WEEK", "DAY", "DAY_OF_YEAR"};
  ForeignCall whole = call;
  bool changed = false;
  if (call.enumerations.size() == 1 &&
      std::find(kCounted.begin(), kCounted.end(), call.enumerations[0]) != kCounted.end()) {
    whole.enumerations.push_back("ONE");
    changed = true;
  }
  if (call.arguments.size() == 2 && call.arguments[0]->type()->id() == arrow::Type::TIMESTAMP) {
    ARROW_ASSIGN_OR_RAISE(const std::string zone, ConstantText(*call.arguments[1]));
    ARROW_ASSIGN_OR_RAISE(auto local, WallClock(call.arguments[0], zone));
    whole.arguments = {std::move(local)};
    changed = true;
  }
  if (!changed) return NotUnderstood(call);
  return ReadStandard(whole);
}

Result<plan::ExpressionPtr> LocalTimestamp(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 2));
  ARROW_ASSIGN_OR_RAISE(const std::string zone, ConstantText(*call.arguments[1]));
  return WallClock(call.arguments[0], zone);
}

Result<plan::ExpressionPtr> AssumeTimezone(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 2));
  if (call.arguments[0]->type()->id() != arrow::Type::TIMESTAMP) return NotUnderstood(call);
  ARROW_ASSIGN_OR_RAISE(const std::string zone, ConstantText(*call.arguments[1]));
  const auto unit = static_cast<const arrow::TimestampType&>(*call.arguments[0]->type()).unit();
  ARROW_ASSIGN_OR_RAISE(auto zoned, plan::Call(plan::Function::kCast, {call.arguments[0]}, {},
                                               arrow::timestamp(unit, zone)));
  return plan::Call(plan::Function::kCast, {zoned}, {}, arrow::timestamp(unit, "UTC"));
}

bool IsInterval(const plan::Expression& argument) {
  return argument.type()->id() == arrow::Type::INTERVAL_MONTH_DAY_NANO;
}

// A date and an interval of years and months give a date, of days and seconds a timestamp.
Result<plan::ExpressionPtr> PlusInterval(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 2));
  if (!IsInterval(*call.arguments[1])) return NotUnderstood(call);
  return plan::Call(call.name.name == "add" ? plan::Function::kAdd : plan::Function::kSubtract,
                    call.arguments, {}, call.type);
}

// Intervals are constants here: comparing two of them is done at once, with months of 30 days and
// days of 24 hours.
Result<plan::ExpressionPtr> CompareIntervals(const ForeignCall& call) {
  ARROW_RETURN_NOT_OK(CheckPlain(call, 2));
  using Wide = __int128;
  std::array<Wide, 2> nanos{};
  for (size_t i = 0; i < 2; ++i) {
    const plan::Expression& argument = *call.arguments[i];
    if (!IsInterval(argument) || argument.kind() != plan::Expression::Kind::kLiteral) {
      return NotUnderstood(call);
    }
    if (!argument.literal()->is_valid) return plan::NullLiteral(arrow::boolean());
    const MonthDayNanos value =
        static_cast<const arrow::MonthDayNanoIntervalScalar&>(*argument.literal()).value;
    constexpr Wide kDayNanos = Wide{86'400} * 1'000'000'000;
    nanos[i] = (Wide{value.months} * 30 + value.days) * kDayNanos + value.nanoseconds;
  }
  const std::string& name = call.name.name;
  const bool or_equal = name.ends_with("e");
  const bool less = name.starts_with("lt");
  const bool result = less ? nanos[0] < nanos[1] : nanos[0] > nanos[1];
  return plan::BoolLiteral(result || (or_equal && nanos[0] == nanos[1]));
}

// The comparisons of dates and times are those of everything else.
Result<plan::ExpressionPtr> CompareTimes(const ForeignCall& call) {
  if (!call.arguments.empty() && IsInterval(*call.arguments[0])) return CompareIntervals(call);
  ForeignCall same = call;
  same.name.urn = std::string(kComparisonUrn);
  return ReadStandard(same);
}

const std::map<ExtensionName, Handler>& Handlers() {
  static const auto handlers = [] {
    std::map<ExtensionName, Handler> out;
    const auto add = [&](std::string_view urn, std::initializer_list<const char*> names,
                         Handler handler) {
      for (const char* name : names) out[{std::string(urn), name}] = handler;
    };
    add(kComparisonUrn, {"between"}, Between);
    add(kComparisonUrn, {"nullif"}, NullIf);
    add(kComparisonUrn, {"is_true", "is_not_true", "is_false", "is_not_false"}, TruthTest);
    add(kBooleanUrn, {"and_not"}, AndNot);
    add(kArithmeticUrn, {"sqrt", "exp"}, OfDoubles);
    add(kArithmeticUrn, {"shift_left", "shift_right", "shift_right_unsigned"}, Shift);
    add(kDecimalUrn, {"sqrt"}, OfDoubles);
    add(kDecimalUrn, {"power"}, DecimalPower);
    add(kLogarithmicUrn, {"ln", "log2", "log10"}, OfDoubles);
    add(kLogarithmicUrn, {"logb"}, LogarithmToBase);
    add(kStringUrn, {"regexp_match_substring"}, RegexpSubstring);
    add(kStringUrn, {"regexp_replace"}, RegexpReplace);
    add(kDatetimeUrn, {"extract"}, Extract);
    add(kDatetimeUrn, {"add", "subtract"}, PlusInterval);
    add(kDatetimeUrn, {"local_timestamp"}, LocalTimestamp);
    add(kDatetimeUrn, {"assume_timezone"}, AssumeTimezone);
    add(kDatetimeUrn, {"lt", "lte", "gt", "gte"}, CompareTimes);
    return out;
  }();
  return handlers;
}

}  // namespace

bool CanLower(const ExtensionName& name) { return Handlers().contains(name); }

Result<plan::ExpressionPtr> Lower(const ForeignCall& call) {
  return Handlers().at(call.name)(call);
}

}  // namespace skyhook::substrait
