#include "skyhook/substrait/function.h"

#include <algorithm>
#include <array>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/extensions.h"

namespace skyhook::substrait {
namespace {

bool IsAny(const arrow::DataType&) { return true; }
bool IsBoolean(const arrow::DataType& type) { return type.id() == arrow::Type::BOOL; }
bool IsSigned(const arrow::DataType& type) { return arrow::is_signed_integer(type.id()); }
bool IsUnsigned(const arrow::DataType& type) { return arrow::is_unsigned_integer(type.id()); }
bool IsSingle(const arrow::DataType& type) { return type.id() == arrow::Type::FLOAT; }
bool IsDouble(const arrow::DataType& type) { return type.id() == arrow::Type::DOUBLE; }
bool IsTemporal(const arrow::DataType& type) { return arrow::is_temporal(type.id()); }

// Aggregates of floats: the result is a float of the same width.
void AddMoments(std::vector<StandardAggregate>* table) {
  using F = plan::AggregateFunction;
  const auto add = [&](F function, std::string_view name,
                       const std::vector<std::string_view>& enumerations) {
    table->push_back({function, kArithmeticUrn, name, IsDouble, nullptr, enumerations});
    table->push_back({function, kArithmeticUrn, name, IsSingle, arrow::float32(), enumerations});
  };
  add(F::kAvg, "avg", {});
  add(F::kStdDevSample, "std_dev", {"SAMPLE"});
  add(F::kStdDevPopulation, "std_dev", {"POPULATION"});
  add(F::kVarianceSample, "variance", {"SAMPLE"});
  add(F::kVariancePopulation, "variance", {"POPULATION"});
  add(F::kCorrelation, "corr", {});
}

std::vector<StandardAggregate> MakeAggregates() {
  using F = plan::AggregateFunction;
  std::vector<StandardAggregate> table = {
      {.function = F::kCountAll, .urn = kAggregateGenericUrn, .name = "count", .argument = nullptr},
      {.function = F::kCount,
       .urn = kAggregateGenericUrn,
       .name = "count",
       .argument = IsAny,
       .generic = true},
      {.function = F::kCountDistinct,
       .urn = kAggregateGenericUrn,
       .name = "count",
       .argument = IsAny,
       .generic = true,
       .distinct = true},
      {F::kSum, kArithmeticUrn, "sum", plan::IsFloat},
      {F::kSum, kArithmeticUrn, "sum", IsSigned, arrow::int64()},
      {F::kSum, kUnsignedUrn, "sum", IsUnsigned, arrow::uint64()},
      {F::kSum, kDecimalUrn, "sum", plan::IsNarrowDecimal},
      {.function = F::kApproxCountDistinct,
       .urn = kAggregateApproxUrn,
       .name = "approx_count_distinct",
       .argument = IsAny,
       .generic = true},
      {.function = F::kAnyValue,
       .urn = kAggregateGenericUrn,
       .name = "any_value",
       .argument = IsAny,
       .generic = true,
       .read_only = true},
      {F::kBoolAnd, kBooleanUrn, "bool_and", IsBoolean},
      {F::kBoolOr, kBooleanUrn, "bool_or", IsBoolean},
  };
  for (const auto& [function, name] : {std::pair{F::kMin, "min"}, std::pair{F::kMax, "max"}}) {
    table.push_back({function, kArithmeticUrn, name, IsSigned});
    table.push_back({function, kArithmeticUrn, name, plan::IsFloat});
    table.push_back({function, kUnsignedUrn, name, IsUnsigned});
    table.push_back({function, kDecimalUrn, name, plan::IsNarrowDecimal});
    table.push_back({function, kDatetimeUrn, name, IsTemporal});
  }
  AddMoments(&table);
  return table;
}

// Numbers of characters are constants of 32 bits in the standard.
bool ConstantsAreNarrow(const plan::Expression& call) {
  return std::all_of(call.arguments().begin() + 1, call.arguments().end(), [](const auto& value) {
    if (value->type()->id() != arrow::Type::INT64) return true;
    if (value->kind() != plan::Expression::Kind::kLiteral || !value->literal()->is_valid)
      return false;
    const int64_t number = static_cast<const arrow::Int64Scalar&>(*value->literal()).value;
    return number == static_cast<int32_t>(number);
  });
}

bool Says(const StandardFunction& standard, const plan::Expression& call) {
  const auto& arguments = call.arguments();
  const arrow::DataType& first = *arguments[0]->type();
  if (standard.function != call.function() || !standard.first(first) ||
      standard.options != call.options()) {
    return false;
  }
  if (standard.arguments != 0 && standard.arguments != arguments.size()) return false;
  if (standard.narrow_constants) return ConstantsAreNarrow(call);
  if (!plan::IsDecimal(first) || arguments.size() != 2 || standard.generic) return true;
  const auto type = StandardDecimalType(call.function(), first, *arguments[1]->type());
  return type != nullptr && type->Equals(*call.type());
}

}  // namespace

const StandardFunction* FindStandard(const plan::Expression& call) {
  const auto& table = StandardFunctions();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const StandardFunction& entry) { return Says(entry, call); });
  return found == table.end() ? nullptr : &*found;
}

// Precision and scale by the standard's rules, the precision not yet cut to 38 digits.
static plan::DecimalShape StandardShape(plan::Function function, plan::DecimalShape x,
                                        plan::DecimalShape y) {
  const int scale = std::max(x.scale, y.scale);
  switch (function) {
    case plan::Function::kMultiply:
      return {x.precision + y.precision + 1, x.scale + y.scale};
    case plan::Function::kDivide: {
      const int wanted = std::max(6, x.scale + y.precision + 1);
      return {x.precision - x.scale + y.scale + wanted, wanted};
    }
    case plan::Function::kModulo:
      return {std::min(x.precision - x.scale, y.precision - y.scale) + scale, scale};
    case plan::Function::kBitAnd:
    case plan::Function::kBitOr:
    case plan::Function::kBitXor:
      return {std::max(x.precision, y.precision), 0};
    default:
      return {scale + std::max(x.precision - x.scale, y.precision - y.scale) + 1, scale};
  }
}

std::shared_ptr<arrow::DataType> StandardDecimalType(plan::Function function,
                                                     const arrow::DataType& a,
                                                     const arrow::DataType& b) {
  if (!plan::IsNarrowDecimal(a) || !plan::IsNarrowDecimal(b)) return nullptr;
  const plan::DecimalShape shape = StandardShape(function, plan::ShapeOf(a), plan::ShapeOf(b));
  return shape.precision <= 38 ? plan::DecimalType(shape.precision, shape.scale) : nullptr;
}

const std::vector<StandardAggregate>& StandardAggregates() {
  static const std::vector<StandardAggregate> table = MakeAggregates();
  return table;
}

const StandardAggregate* FindStandard(const plan::Measure& measure,
                                      const arrow::DataType* argument) {
  for (const StandardAggregate& entry : StandardAggregates()) {
    if (entry.function != measure.function || entry.read_only) continue;
    if (entry.argument != nullptr && !entry.argument(*argument)) continue;
    const bool same = entry.result == nullptr || measure.type == nullptr
                          ? entry.result == measure.type
                          : entry.result->Equals(*measure.type);
    if (same) return &entry;
  }
  return nullptr;
}

}  // namespace skyhook::substrait
