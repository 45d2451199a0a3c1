#include "skyhook/substrait/numbers.h"

#include <arrow/util/decimal.h>

#include <algorithm>
#include <optional>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::substrait {
namespace {

using arrow::Decimal128;
using arrow::Result;
using arrow::Status;
using TypePtr = std::shared_ptr<arrow::DataType>;

bool IsExact(const arrow::DataType& type) { return plan::IsInteger(type) || plan::IsDecimal(type); }

// A constant's unscaled value; its scale is that of its type.
std::optional<Decimal128> UnscaledValue(const plan::Expression& value) {
  if (value.kind() != plan::Expression::Kind::kLiteral || !value.literal()->is_valid) return {};
  const arrow::Scalar& scalar = *value.literal();
  switch (scalar.type->id()) {
    case arrow::Type::INT8:
      return Decimal128(static_cast<const arrow::Int8Scalar&>(scalar).value);
    case arrow::Type::INT16:
      return Decimal128(static_cast<const arrow::Int16Scalar&>(scalar).value);
    case arrow::Type::INT32:
      return Decimal128(static_cast<const arrow::Int32Scalar&>(scalar).value);
    case arrow::Type::INT64:
      return Decimal128(static_cast<const arrow::Int64Scalar&>(scalar).value);
    case arrow::Type::UINT8:
      return Decimal128(static_cast<const arrow::UInt8Scalar&>(scalar).value);
    case arrow::Type::UINT16:
      return Decimal128(static_cast<const arrow::UInt16Scalar&>(scalar).value);
    case arrow::Type::UINT32:
      return Decimal128(static_cast<const arrow::UInt32Scalar&>(scalar).value);
    case arrow::Type::UINT64:
      return Decimal128(static_cast<const arrow::UInt64Scalar&>(scalar).value);
    case arrow::Type::DECIMAL64:
      return Decimal128(static_cast<const arrow::Decimal64Scalar&>(scalar).value.value());
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Scalar&>(scalar).value;
    default:
      return {};
  }
}

template <typename T>
std::shared_ptr<arrow::Scalar> IntegerScalar(const Decimal128& value) {
  const auto number = static_cast<T>(value.low_bits());
  if (Decimal128(number) != value) return {};
  return arrow::MakeScalar(number);
}

// Null when the value is none of the type.
std::shared_ptr<arrow::Scalar> ScalarOf(const Decimal128& unscaled, const TypePtr& type) {
  if (plan::IsDecimal(*type)) {
    if (!unscaled.FitsInPrecision(plan::ShapeOf(*type).precision)) return {};
    return std::make_shared<arrow::Decimal128Scalar>(
        unscaled, arrow::decimal128(plan::ShapeOf(*type).precision, plan::ShapeOf(*type).scale));
  }
  switch (type->id()) {
    case arrow::Type::INT8:
      return IntegerScalar<int8_t>(unscaled);
    case arrow::Type::INT16:
      return IntegerScalar<int16_t>(unscaled);
    case arrow::Type::INT32:
      return IntegerScalar<int32_t>(unscaled);
    case arrow::Type::INT64:
      return IntegerScalar<int64_t>(unscaled);
    case arrow::Type::UINT8:
      return IntegerScalar<uint8_t>(unscaled);
    case arrow::Type::UINT16:
      return IntegerScalar<uint16_t>(unscaled);
    case arrow::Type::UINT32:
      return IntegerScalar<uint32_t>(unscaled);
    case arrow::Type::UINT64:
      return IntegerScalar<uint64_t>(unscaled);
    default:
      return {};
  }
}

bool HoldsAll(const arrow::DataType& to, const arrow::DataType& from) {
  const plan::DecimalShape a = plan::ShapeOf(from);
  const plan::DecimalShape b = plan::ShapeOf(to);
  if (plan::IsInteger(to)) {
    return plan::IsInteger(from) && b.precision >= a.precision &&
           arrow::is_signed_integer(to.id()) == arrow::is_signed_integer(from.id());
  }
  return b.scale >= a.scale && b.precision - b.scale >= a.precision - a.scale;
}

}  // namespace

Result<plan::ExpressionPtr> ConstantAs(const plan::ExpressionPtr& value, const TypePtr& type) {
  if (!IsExact(*type)) return nullptr;
  const auto unscaled = UnscaledValue(*value);
  if (!unscaled.has_value()) return nullptr;
  const int from = plan::IsDecimal(*value->type()) ? plan::ShapeOf(*value->type()).scale : 0;
  const int to = plan::IsDecimal(*type) ? plan::ShapeOf(*type).scale : 0;
  // Fails when digits would be lost, or there are too many.
  const auto rescaled = unscaled->Rescale(from, to);
  if (!rescaled.ok()) return nullptr;
  const auto scalar = ScalarOf(*rescaled, type);
  if (scalar == nullptr) return nullptr;
  return plan::Literal(scalar);
}

Result<plan::ExpressionPtr> WidenTo(const plan::ExpressionPtr& value, const TypePtr& type) {
  if (value->type()->Equals(*type)) return value;
  ARROW_ASSIGN_OR_RAISE(auto constant, ConstantAs(value, type));
  if (constant != nullptr) return constant;
  if (IsExact(*value->type()) && IsExact(*type) && HoldsAll(*type, *value->type())) {
    return plan::Call(plan::Function::kCast, {value}, {}, type);
  }
  return base::UnsupportedPlan("{} of type {} as {}: a value might not fit", value->ToString(),
                               value->type()->ToString(), type->ToString());
}

Result<plan::ExpressionPtr> ExactCast(plan::Function function, const plan::ExpressionPtr& value,
                                      const TypePtr& type) {
  const arrow::DataType& from = *value->type();
  if (from.Equals(*type)) return value;
  if (value->kind() == plan::Expression::Kind::kLiteral && !value->literal()->is_valid) {
    return plan::NullLiteral(type);
  }
  ARROW_ASSIGN_OR_RAISE(auto constant, ConstantAs(value, type));
  if (constant != nullptr) return constant;
  const bool integers = plan::IsInteger(from) && plan::IsInteger(*type);
  const bool to_double = type->id() == arrow::Type::DOUBLE &&
                         (plan::IsInteger(from) || from.id() == arrow::Type::FLOAT);
  if (integers || to_double) return plan::Call(function, {value}, {}, type);
  if (IsExact(from) && plan::IsDecimal(*type)) return WidenTo(value, type);
  return base::UnsupportedPlan(
      "a cast of {} from {} to {} is not understood: producers round and parse differently",
      value->ToString(), from.ToString(), type->ToString());
}

Status ToListOfFirst(std::vector<plan::ExpressionPtr>* arguments) {
  const TypePtr type = arguments->at(0)->type();
  if (!IsExact(*type)) return Status::OK();
  std::vector<plan::ExpressionPtr> kept{arguments->at(0)};
  for (size_t i = 1; i < arguments->size(); ++i) {
    const plan::ExpressionPtr& value = arguments->at(i);
    if (value->type()->Equals(*type) || !UnscaledValue(*value).has_value()) {
      kept.push_back(value);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto constant, ConstantAs(value, type));
    if (constant != nullptr) kept.push_back(std::move(constant));
  }
  *arguments = std::move(kept);
  return Status::OK();
}

Status ToCommonNumber(std::vector<plan::ExpressionPtr>* two) {
  plan::ExpressionPtr& a = two->at(0);
  plan::ExpressionPtr& b = two->at(1);
  if (a->type()->Equals(*b->type()) || !IsExact(*a->type()) || !IsExact(*b->type())) {
    return Status::OK();
  }
  for (auto [constant, other] : {std::pair{&b, &a}, std::pair{&a, &b}}) {
    ARROW_ASSIGN_OR_RAISE(auto same, ConstantAs(*constant, (*other)->type()));
    if (same == nullptr) continue;
    *constant = std::move(same);
    return Status::OK();
  }
  TypePtr common = a->type();
  if (!HoldsAll(*common, *b->type())) common = b->type();
  if (!HoldsAll(*common, *a->type())) {
    const plan::DecimalShape x = plan::ShapeOf(*a->type());
    const plan::DecimalShape y = plan::ShapeOf(*b->type());
    const int scale = std::max(x.scale, y.scale);
    const int precision = scale + std::max(x.precision - x.scale, y.precision - y.scale);
    if (precision > 38) {
      return base::UnsupportedPlan("{} and {} have no common type", a->type()->ToString(),
                                   b->type()->ToString());
    }
    common = plan::DecimalType(precision, scale);
  }
  ARROW_ASSIGN_OR_RAISE(a, WidenTo(a, common));
  ARROW_ASSIGN_OR_RAISE(b, WidenTo(b, common));
  return Status::OK();
}

}  // namespace skyhook::substrait
