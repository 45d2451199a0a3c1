#include "skyhook/plan/substrait_function.h"

#include <algorithm>
#include <array>

#include "skyhook/base/status.h"
#include "skyhook/plan/substrait_extensions.h"
#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

using Nan = CallOptions::Nan;
using DivisionByZero = CallOptions::DivisionByZero;
using DateField = CallOptions::DateField;
using Table = std::vector<StandardFunction>;

bool IsAny(const arrow::DataType&) { return true; }
bool IsBoolean(const arrow::DataType& type) { return type.id() == arrow::Type::BOOL; }
bool IsText(const arrow::DataType& type) { return type.id() == arrow::Type::STRING_VIEW; }
bool IsNoFloat(const arrow::DataType& type) { return !IsFloat(type); }
bool IsSigned(const arrow::DataType& type) { return arrow::is_signed_integer(type.id()); }
bool IsUnsigned(const arrow::DataType& type) { return arrow::is_unsigned_integer(type.id()); }
bool IsDouble(const arrow::DataType& type) { return type.id() == arrow::Type::DOUBLE; }
bool IsTemporal(const arrow::DataType& type) { return arrow::is_temporal(type.id()); }

CallOptions With(Nan nan) {
  CallOptions options;
  options.nan = nan;
  return options;
}
CallOptions With(DivisionByZero division_by_zero) {
  CallOptions options;
  options.division_by_zero = division_by_zero;
  return options;
}
CallOptions With(DateField field) {
  CallOptions options;
  options.date_field = field;
  return options;
}

// The standard compares floats as IEEE does.
void AddComparisons(Table* table) {
  static constexpr std::array kNames = {
      std::pair{Function::kEqual, "equal"},
      std::pair{Function::kNotEqual, "not_equal"},
      std::pair{Function::kLess, "lt"},
      std::pair{Function::kLessEqual, "lte"},
      std::pair{Function::kGreater, "gt"},
      std::pair{Function::kGreaterEqual, "gte"},
      std::pair{Function::kIsDistinctFrom, "is_distinct_from"},
      std::pair{Function::kIsNotDistinctFrom, "is_not_distinct_from"},
  };
  for (const auto& [function, name] : kNames) {
    table->push_back({function, kComparisonUrn, name, IsNoFloat, {}, {}, {}, true});
    table->push_back({function, kComparisonUrn, name, IsFloat, With(Nan::kIeee), {}, {}, true});
  }
  table->push_back({Function::kIsNull, kComparisonUrn, "is_null", IsAny, {}, {}, {}, true});
  table->push_back({Function::kIsNotNull, kComparisonUrn, "is_not_null", IsAny, {}, {}, {}, true});
  table->push_back({Function::kNot, kBooleanUrn, "not", IsBoolean, {}, {}, {}});
}

void AddArithmetic(Table* table) {
  const std::pair<std::string_view, std::string_view> error = {"overflow", "ERROR"};
  const std::pair<std::string_view, std::string_view> rounding = {"rounding", "TIE_TO_EVEN"};
  static constexpr std::array kBinary = {
      std::pair{Function::kAdd, "add"},
      std::pair{Function::kSubtract, "subtract"},
      std::pair{Function::kMultiply, "multiply"},
  };
  for (const auto& [function, name] : kBinary) {
    table->push_back({function, kArithmeticUrn, name, IsSigned, {}, {}, {error}});
    table->push_back({function, kArithmeticUrn, name, IsFloat, {}, {}, {rounding}});
    table->push_back({function, kUnsignedUrn, name, IsUnsigned, {}, {}, {error}});
    table->push_back({function, kDecimalUrn, name, IsDecimal, {}, {}, {error}});
  }
  for (const auto& [function, name] :
       {std::pair{Function::kNegate, "negate"}, std::pair{Function::kAbs, "abs"}}) {
    table->push_back({function, kArithmeticUrn, name, IsSigned, {}, {}, {error}});
    table->push_back({function, kArithmeticUrn, name, IsFloat, {}, {}, {}});
    table->push_back({function, kDecimalUrn, name, IsDecimal, {}, {}, {}});
  }
  for (const auto& [zero, choice] :
       {std::pair{DivisionByZero::kNull, "NULL"}, std::pair{DivisionByZero::kError, "ERROR"}}) {
    table->push_back({Function::kIntegerDivide,
                      kArithmeticUrn,
                      "divide",
                      IsSigned,
                      With(zero),
                      {},
                      {error, {"on_division_by_zero", choice}}});
  }
}

void AddText(Table* table) {
  static constexpr std::array kTests = {
      std::pair{Function::kLike, "like"},
      std::pair{Function::kStartsWith, "starts_with"},
      std::pair{Function::kEndsWith, "ends_with"},
      std::pair{Function::kContains, "contains"},
  };
  for (const auto& [function, name] : kTests) {
    table->push_back(
        {function, kStringUrn, name, IsText, {}, {}, {{"case_sensitivity", "CASE_SENSITIVE"}}});
  }
  table->push_back({Function::kLower, kStringUrn, "lower", IsText, {}, {}, {{"char_set", "UTF8"}}});
  table->push_back({Function::kUpper, kStringUrn, "upper", IsText, {}, {}, {{"char_set", "UTF8"}}});
  table->push_back({Function::kLength, kStringUrn, "char_length", IsText, {}, {}, {}});
  table->push_back({Function::kSubstring,
                    kStringUrn,
                    "substring",
                    IsText,
                    {},
                    {},
                    {{"negative_start", "ERROR"}},
                    false,
                    true});
}

void AddExtract(Table* table) {
  const auto add = [&](DateField field, std::vector<std::string_view> enumerations) {
    table->push_back({Function::kExtract,
                      kDatetimeUrn,
                      "extract",
                      IsTemporal,
                      With(field),
                      std::move(enumerations),
                      {}});
  };
  add(DateField::kYear, {"YEAR"});
  add(DateField::kQuarter, {"QUARTER", "ONE"});
  add(DateField::kMonth, {"MONTH", "ONE"});
  add(DateField::kWeek, {"ISO_WEEK", "ONE"});
  add(DateField::kDay, {"DAY", "ONE"});
  add(DateField::kDayOfWeek, {"SUNDAY_DAY_OF_WEEK", "ZERO"});
  add(DateField::kIsoDayOfWeek, {"MONDAY_DAY_OF_WEEK", "ONE"});
  add(DateField::kDayOfYear, {"DAY_OF_YEAR", "ONE"});
  add(DateField::kHour, {"HOUR"});
  add(DateField::kMinute, {"MINUTE"});
  add(DateField::kSecond, {"SECOND"});
}

Table MakeTable() {
  Table table;
  AddComparisons(&table);
  AddArithmetic(&table);
  AddText(&table);
  AddExtract(&table);
  return table;
}

std::vector<StandardAggregate> MakeAggregates() {
  using F = AggregateFunction;
  std::vector<StandardAggregate> table = {
      {F::kCountAll, kAggregateGenericUrn, "count", nullptr},
      {F::kCount, kAggregateGenericUrn, "count", IsAny, true},
      {F::kCountDistinct, kAggregateGenericUrn, "count", IsAny, true, true},
      {F::kSum, kArithmeticUrn, "sum", IsFloat},
      {F::kSum, kDecimalUrn, "sum", IsDecimal},
      {F::kAvg, kArithmeticUrn, "avg", IsDouble},
  };
  for (const auto& [function, name] : {std::pair{F::kMin, "min"}, std::pair{F::kMax, "max"}}) {
    table.push_back({function, kArithmeticUrn, name, IsSigned});
    table.push_back({function, kUnsignedUrn, name, IsUnsigned});
    table.push_back({function, kDecimalUrn, name, IsDecimal});
    table.push_back({function, kDatetimeUrn, name, IsTemporal});
  }
  return table;
}

// Position and length of a substring have 32 bits in the standard.
bool ConstantsAreNarrow(const Expression& call) {
  return std::all_of(call.arguments().begin() + 1, call.arguments().end(), [](const auto& value) {
    return static_cast<const arrow::Int64Scalar&>(*value->literal()).value <=
           std::numeric_limits<int32_t>::max();
  });
}

bool Says(const StandardFunction& standard, const Expression& call) {
  const auto& arguments = call.arguments();
  const arrow::DataType& first = *arguments[0]->type();
  if (standard.function != call.function() || !standard.first(first) ||
      standard.options != call.options()) {
    return false;
  }
  if (standard.narrow_constants) return ConstantsAreNarrow(call);
  if (!IsDecimal(first) || arguments.size() != 2 || standard.generic) return true;
  const auto type = StandardDecimalType(call.function(), first, *arguments[1]->type());
  return type != nullptr && type->Equals(*call.type());
}

constexpr std::array kDateFields = {"YEAR", "QUARTER",     "MONTH",           "WEEK",
                                    "DAY",  "DAY_OF_WEEK", "ISO_DAY_OF_WEEK", "DAY_OF_YEAR",
                                    "HOUR", "MINUTE",      "SECOND"};
constexpr std::array kNans = {"TOTAL", "IEEE"};
constexpr std::array kDivisions = {"NULL", "ERROR", "IEEE"};

template <typename Enum, size_t kSize>
bool SetChoice(const std::array<const char*, kSize>& choices, std::string_view choice, Enum* out) {
  const auto found = std::find(choices.begin(), choices.end(), choice);
  if (found == choices.end()) return false;
  *out = static_cast<Enum>(found - choices.begin());
  return true;
}

}  // namespace

const std::vector<StandardFunction>& StandardFunctions() {
  static const std::vector<StandardFunction> table = MakeTable();
  return table;
}

const StandardFunction* FindStandard(const Expression& call) {
  const auto& table = StandardFunctions();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const StandardFunction& entry) { return Says(entry, call); });
  return found == table.end() ? nullptr : &*found;
}

std::shared_ptr<arrow::DataType> StandardDecimalType(Function function, const arrow::DataType& a,
                                                     const arrow::DataType& b) {
  if (!IsDecimal(a) || !IsDecimal(b)) return nullptr;
  const DecimalShape x = ShapeOf(a);
  const DecimalShape y = ShapeOf(b);
  const bool product = function == Function::kMultiply;
  const int scale = product ? x.scale + y.scale : std::max(x.scale, y.scale);
  const int precision = product
                            ? x.precision + y.precision + 1
                            : scale + std::max(x.precision - x.scale, y.precision - y.scale) + 1;
  return precision <= 38 ? DecimalType(precision, scale) : nullptr;
}

const std::vector<StandardAggregate>& StandardAggregates() {
  static const std::vector<StandardAggregate> table = MakeAggregates();
  return table;
}

const StandardAggregate* FindStandard(AggregateFunction function, const arrow::DataType* argument) {
  for (const StandardAggregate& entry : StandardAggregates()) {
    if (entry.function != function) continue;
    if (entry.argument == nullptr || entry.argument(*argument)) return &entry;
  }
  return nullptr;
}

std::string_view OwnName(AggregateFunction function) {
  return function == AggregateFunction::kCountDistinct ? "count_distinct"
                                                       : AggregateFunctionName(function);
}

std::vector<std::pair<std::string, std::string>> OwnOptions(const CallOptions& options) {
  const CallOptions defaults;
  std::vector<std::pair<std::string, std::string>> chosen;
  if (options.nan != defaults.nan)
    chosen.emplace_back("nan", kNans[static_cast<size_t>(options.nan)]);
  if (options.division_by_zero != defaults.division_by_zero) {
    chosen.emplace_back("division_by_zero",
                        kDivisions[static_cast<size_t>(options.division_by_zero)]);
  }
  if (options.date_field != defaults.date_field) {
    chosen.emplace_back("date_field", kDateFields[static_cast<size_t>(options.date_field)]);
  }
  if (options.escape != defaults.escape)
    chosen.emplace_back("escape", std::string(1, options.escape));
  return chosen;
}

arrow::Status SetOwnOption(std::string_view name, std::string_view choice, CallOptions* options) {
  bool understood = false;
  if (name == "nan") {
    understood = SetChoice(kNans, choice, &options->nan);
  } else if (name == "division_by_zero") {
    understood = SetChoice(kDivisions, choice, &options->division_by_zero);
  } else if (name == "date_field") {
    understood = SetChoice(kDateFields, choice, &options->date_field);
  } else if (name == "escape" && choice.size() == 1) {
    options->escape = choice[0];
    understood = true;
  }
  if (understood) return arrow::Status::OK();
  return base::UnsupportedPlan("option {} = {} is not understood", name, choice);
}

}  // namespace skyhook::plan
