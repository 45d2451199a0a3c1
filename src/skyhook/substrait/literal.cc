#include "skyhook/substrait/literal.h"

#include <arrow/visit_scalar_inline.h>
#include <substrait/algebra.pb.h>

#include <charconv>
#include <limits>
#include <string>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Scalar;
using arrow::Status;
using arrow::Type;
using ScalarPtr = std::shared_ptr<Scalar>;

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr size_t kDecimalBytes = 16;
constexpr size_t kWideDecimalBytes = 32;

Status NoForm(const arrow::DataType& type) {
  return base::UnsupportedPlan("a literal of type {} has no Substrait form", type.ToString());
}

// Writes scalars that are not null.
class LiteralWriter {
 public:
  LiteralWriter(ExtensionWriter* extensions, pb::Expression_Literal* out)
      : extensions_(extensions), out_(out) {}

  Status Visit(const Scalar& value) { return NoForm(*value.type); }
  Status Visit(const arrow::BooleanScalar& scalar) { return Set(&Out::set_boolean, scalar.value); }
  Status Visit(const arrow::Int8Scalar& scalar) { return Set(&Out::set_i8, scalar.value); }
  Status Visit(const arrow::Int16Scalar& scalar) { return Set(&Out::set_i16, scalar.value); }
  Status Visit(const arrow::Int32Scalar& scalar) { return Set(&Out::set_i32, scalar.value); }
  Status Visit(const arrow::Int64Scalar& scalar) { return Set(&Out::set_i64, scalar.value); }
  Status Visit(const arrow::UInt8Scalar& scalar) { return Unsigned(scalar); }
  Status Visit(const arrow::UInt16Scalar& scalar) { return Unsigned(scalar); }
  Status Visit(const arrow::UInt32Scalar& scalar) { return Unsigned(scalar); }
  Status Visit(const arrow::UInt64Scalar& scalar) { return Unsigned(scalar); }
  Status Visit(const arrow::FloatScalar& scalar) { return Set(&Out::set_fp32, scalar.value); }
  Status Visit(const arrow::DoubleScalar& scalar) { return Set(&Out::set_fp64, scalar.value); }
  Status Visit(const arrow::Date32Scalar& scalar) { return Set(&Out::set_date, scalar.value); }
  Status Visit(const arrow::Time32Scalar& scalar) { return Time(scalar); }
  Status Visit(const arrow::Time64Scalar& scalar) { return Time(scalar); }

  Status Visit(const arrow::StringViewScalar& scalar) {
    ARROW_RETURN_NOT_OK(CheckText(scalar.view(), "a text literal"));
    out_->set_string(std::string(scalar.view()));
    return Status::OK();
  }

  Status Visit(const arrow::BinaryViewScalar& scalar) {
    out_->set_binary(std::string(scalar.view()));
    return Status::OK();
  }

  Status Visit(const arrow::Decimal64Scalar& scalar) {
    return Decimal(arrow::Decimal128(scalar.value.value()), *scalar.type);
  }
  Status Visit(const arrow::Decimal128Scalar& scalar) {
    return Decimal(scalar.value, *scalar.type);
  }
  Status Visit(const arrow::DurationScalar& scalar) {
    ARROW_ASSIGN_OR_RAISE(auto* field, Extension(*scalar.type));
    field->set_i64(scalar.value);
    return Status::OK();
  }
  // As the standard's decimals, in twice as many bytes.
  Status Visit(const arrow::Decimal256Scalar& scalar) {
    ARROW_ASSIGN_OR_RAISE(auto* field, Extension(*scalar.type));
    const auto bytes = scalar.value.ToBytes();
    static_assert(sizeof(bytes) == kWideDecimalBytes);
    field->set_binary(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    return Status::OK();
  }

  Status Visit(const arrow::TimestampScalar& scalar) {
    const auto& type = static_cast<const arrow::TimestampType&>(*scalar.type);
    if (!type.timezone().empty() && type.timezone() != "UTC") {
      ARROW_ASSIGN_OR_RAISE(auto* field, Extension(type));
      field->set_i64(scalar.value);
      return Status::OK();
    }
    auto* literal = type.timezone().empty() ? out_->mutable_precision_timestamp()
                                            : out_->mutable_precision_timestamp_tz();
    literal->set_precision(PrecisionOf(type.unit()));
    literal->set_value(scalar.value);
    return Status::OK();
  }

  Status Visit(const arrow::MonthDayNanoIntervalScalar& scalar) {
    const int64_t nanos = scalar.value.nanoseconds;
    auto* interval = out_->mutable_interval_compound();
    interval->mutable_interval_year_to_month()->set_years(scalar.value.months / 12);
    interval->mutable_interval_year_to_month()->set_months(scalar.value.months % 12);
    // Seconds have 32 bits; what they cannot hold stays in the subseconds, which have 64.
    const bool fits = std::abs(nanos / kNanosPerSecond) <= std::numeric_limits<int32_t>::max();
    const int64_t seconds = fits ? nanos / kNanosPerSecond : 0;
    auto* days = interval->mutable_interval_day_to_second();
    days->set_days(scalar.value.days);
    days->set_seconds(static_cast<int32_t>(seconds));
    days->set_precision(9);
    days->set_subseconds(nanos - seconds * kNanosPerSecond);
    return Status::OK();
  }

 private:
  using Out = pb::Expression_Literal;

  template <typename Value, typename Scalar>
  Status Set(void (Out::*set)(Value), Scalar value) {
    (out_->*set)(value);
    return Status::OK();
  }

  // Unsigned integers travel as text, as their extension says.
  template <typename UnsignedScalar>
  Status Unsigned(const UnsignedScalar& scalar) {
    ARROW_ASSIGN_OR_RAISE(auto* field, Extension(*scalar.type));
    field->set_string(std::to_string(scalar.value));
    return Status::OK();
  }

  // A literal of an extension type, of which the caller sets the value.
  Result<Out*> Extension(const arrow::DataType& type) {
    pb::Type extension;
    ARROW_RETURN_NOT_OK(TypeToSubstrait(type, false, extensions_, &extension));
    auto* literal = out_->mutable_user_defined();
    literal->set_type_reference(extension.user_defined().type_reference());
    *literal->mutable_type_parameters() = extension.user_defined().type_parameters();
    return literal->mutable_struct_()->add_fields();
  }

  Status Decimal(const arrow::Decimal128& number, const arrow::DataType& type) {
    const auto bytes = number.ToBytes();
    static_assert(sizeof(bytes) == kDecimalBytes);
    auto* literal = out_->mutable_decimal();
    literal->set_value(bytes.data(), bytes.size());
    literal->set_precision(plan::ShapeOf(type).precision);
    literal->set_scale(plan::ShapeOf(type).scale);
    return Status::OK();
  }

  template <typename TimeScalar>
  Status Time(const TimeScalar& scalar) {
    auto* literal = out_->mutable_precision_time();
    literal->set_precision(PrecisionOf(static_cast<const arrow::TimeType&>(*scalar.type).unit()));
    literal->set_value(scalar.value);
    return Status::OK();
  }

  ExtensionWriter* extensions_;
  Out* out_;
};

template <typename T>
Result<ScalarPtr> UnsignedFromText(const std::string& text) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) {
    return base::CorruptData("'{}' is no unsigned integer of {} bits", text, 8 * sizeof(T));
  }
  return arrow::MakeScalar(number);
}

Result<ScalarPtr> WideDecimalFromBytes(const std::string& bytes, const TypePtr& type) {
  if (bytes.size() != kWideDecimalBytes) {
    return base::CorruptData("a {} literal of {} bytes", type->ToString(), bytes.size());
  }
  const arrow::Decimal256 number(reinterpret_cast<const uint8_t*>(bytes.data()));
  const plan::DecimalShape shape = plan::ShapeOf(*type);
  // Not FitsInPrecision, for which the least number of 256 bits has no digits.
  const arrow::Decimal256 most = arrow::Decimal256::GetMaxValue(shape.precision);
  if (number > most || number < -most) {
    return base::CorruptData("{} does not fit {}", number.ToString(shape.scale), type->ToString());
  }
  return std::make_shared<arrow::Decimal256Scalar>(number, type);
}

Result<TypePtr> TypeOf(const pb::Expression_Literal_UserDefined& literal,
                       const ExtensionReader& extensions) {
  pb::Type type;
  type.mutable_user_defined()->set_type_reference(literal.type_reference());
  *type.mutable_user_defined()->mutable_type_parameters() = literal.type_parameters();
  return TypeFromSubstrait(type, extensions);
}

Result<ScalarPtr> UserDefinedFromSubstrait(const pb::Expression_Literal_UserDefined& literal,
                                           const ExtensionReader& extensions) {
  ARROW_RETURN_NOT_OK(CheckFields(literal, {"type_reference", "type_parameters", "struct"}));
  ARROW_RETURN_NOT_OK(CheckFields(literal.struct_(), {"fields"}));
  ARROW_ASSIGN_OR_RAISE(const auto type, TypeOf(literal, extensions));
  if (literal.struct_().fields_size() != 1) {
    return base::CorruptData("a literal of type {} of {} fields", type->ToString(),
                             literal.struct_().fields_size());
  }
  const pb::Expression_Literal& field = literal.struct_().fields(0);
  ARROW_RETURN_NOT_OK(CheckFields(field, {"string", "i64", "binary"}));
  switch (type->id()) {
    case Type::UINT8:
      return UnsignedFromText<uint8_t>(field.string());
    case Type::UINT16:
      return UnsignedFromText<uint16_t>(field.string());
    case Type::UINT32:
      return UnsignedFromText<uint32_t>(field.string());
    case Type::UINT64:
      return UnsignedFromText<uint64_t>(field.string());
    case Type::TIMESTAMP:
      return std::make_shared<arrow::TimestampScalar>(field.i64(), type);
    case Type::DURATION:
      return std::make_shared<arrow::DurationScalar>(field.i64(), type);
    case Type::DECIMAL256:
      return WideDecimalFromBytes(field.binary(), type);
    default:
      return base::UnsupportedPlan("a literal of type {} is not understood", type->ToString());
  }
}

Result<ScalarPtr> DecimalFromSubstrait(const pb::Expression_Literal_Decimal& literal) {
  ARROW_RETURN_NOT_OK(CheckFields(literal, {"value", "precision", "scale"}));
  const int precision = literal.precision();
  if (literal.value().size() != kDecimalBytes || precision < 1 || precision > 38 ||
      literal.scale() < 0 || literal.scale() > precision) {
    return base::CorruptData("decimal({}, {}) literal of {} bytes", precision, literal.scale(),
                             literal.value().size());
  }
  const arrow::Decimal128 number(reinterpret_cast<const uint8_t*>(literal.value().data()));
  if (!number.FitsInPrecision(precision)) {
    return base::CorruptData("{} does not fit decimal({}, {})", number.ToString(literal.scale()),
                             precision, literal.scale());
  }
  const auto type = plan::DecimalType(precision, literal.scale());
  if (type->id() == Type::DECIMAL128) {
    return std::make_shared<arrow::Decimal128Scalar>(number, type);
  }
  return std::make_shared<arrow::Decimal64Scalar>(
      arrow::Decimal64(static_cast<int64_t>(number.low_bits())), type);
}

Result<ScalarPtr> IntervalFromSubstrait(const pb::Expression_Literal_IntervalCompound& literal) {
  ARROW_RETURN_NOT_OK(CheckFields(literal, {"interval_year_to_month", "interval_day_to_second"}));
  const auto& years = literal.interval_year_to_month();
  const auto& days = literal.interval_day_to_second();
  ARROW_RETURN_NOT_OK(CheckFields(years, {"years", "months"}));
  ARROW_RETURN_NOT_OK(CheckFields(days, {"days", "seconds", "precision", "subseconds"}));
  if (days.subseconds() != 0 && days.precision() != 9) {
    return base::UnsupportedPlan("an interval of precision {}", days.precision());
  }
  const int64_t months = int64_t{years.years()} * 12 + years.months();
  int64_t nanos = 0;
  if (months != static_cast<int32_t>(months) ||
      __builtin_add_overflow(days.seconds() * kNanosPerSecond, days.subseconds(), &nanos)) {
    return base::CorruptData("an interval of {} months, {} s and {} ns", months, days.seconds(),
                             days.subseconds());
  }
  return std::make_shared<arrow::MonthDayNanoIntervalScalar>(
      arrow::MonthDayNanoIntervalType::MonthDayNanos{static_cast<int32_t>(months), days.days(),
                                                     nanos},
      arrow::month_day_nano_interval());
}

Result<ScalarPtr> TimestampFromSubstrait(const pb::Expression_Literal_PrecisionTimestamp& literal,
                                         const std::string& zone) {
  ARROW_RETURN_NOT_OK(CheckFields(literal, {"precision", "value"}));
  ARROW_ASSIGN_OR_RAISE(const auto unit, UnitOf(literal.precision()));
  return std::make_shared<arrow::TimestampScalar>(literal.value(), arrow::timestamp(unit, zone));
}

Result<ScalarPtr> TimeFromSubstrait(const pb::Expression_Literal_PrecisionTime& literal) {
  ARROW_RETURN_NOT_OK(CheckFields(literal, {"precision", "value"}));
  ARROW_ASSIGN_OR_RAISE(const auto unit, UnitOf(literal.precision()));
  if (unit == arrow::TimeUnit::MICRO || unit == arrow::TimeUnit::NANO) {
    return std::make_shared<arrow::Time64Scalar>(literal.value(), arrow::time64(unit));
  }
  const auto narrow = static_cast<int32_t>(literal.value());
  if (narrow != literal.value()) return base::CorruptData("a time of {}", literal.value());
  return std::make_shared<arrow::Time32Scalar>(narrow, arrow::time32(unit));
}

template <typename T>
Result<ScalarPtr> Narrow(int32_t value) {
  const T narrow = static_cast<T>(value);
  if (narrow != value) {
    return base::CorruptData("{} as an integer of {} bits", value, 8 * sizeof(T));
  }
  return arrow::MakeScalar(narrow);
}

}  // namespace

Status LiteralToSubstrait(const Scalar& value, ExtensionWriter* extensions,
                          pb::Expression_Literal* out) {
  if (value.is_valid) {
    LiteralWriter writer(extensions, out);
    return arrow::VisitScalarInline(value, &writer);
  }
  if (value.type->num_fields() > 0) return NoForm(*value.type);
  return TypeToSubstrait(*value.type, true, extensions, out->mutable_null());
}

Result<ScalarPtr> LiteralFromSubstrait(const pb::Expression_Literal& literal,
                                       const ExtensionReader& extensions) {
  ARROW_RETURN_NOT_OK(CheckFields(literal, {"boolean",
                                            "i8",
                                            "i16",
                                            "i32",
                                            "i64",
                                            "fp32",
                                            "fp64",
                                            "string",
                                            "binary",
                                            "fixed_binary",
                                            "date",
                                            "precision_time",
                                            "precision_timestamp",
                                            "precision_timestamp_tz",
                                            "decimal",
                                            "interval_compound",
                                            "interval_year_to_month",
                                            "interval_day_to_second",
                                            "null",
                                            "user_defined",
                                            "nullable"}));
  using Kind = pb::Expression_Literal;
  switch (literal.literal_type_case()) {
    case Kind::kBoolean:
      return std::make_shared<arrow::BooleanScalar>(literal.boolean());
    case Kind::kI8:
      return Narrow<int8_t>(literal.i8());
    case Kind::kI16:
      return Narrow<int16_t>(literal.i16());
    case Kind::kI32:
      return arrow::MakeScalar(literal.i32());
    case Kind::kI64:
      return arrow::MakeScalar(static_cast<int64_t>(literal.i64()));
    case Kind::kFp32:
      return arrow::MakeScalar(literal.fp32());
    case Kind::kFp64:
      return arrow::MakeScalar(literal.fp64());
    case Kind::kString:
      return std::make_shared<arrow::StringViewScalar>(literal.string());
    case Kind::kBinary:
      return std::make_shared<arrow::BinaryViewScalar>(arrow::Buffer::FromString(literal.binary()));
    case Kind::kFixedBinary:
      return std::make_shared<arrow::BinaryViewScalar>(
          arrow::Buffer::FromString(literal.fixed_binary()));
    case Kind::kDate:
      return std::make_shared<arrow::Date32Scalar>(literal.date());
    case Kind::kPrecisionTime:
      return TimeFromSubstrait(literal.precision_time());
    case Kind::kPrecisionTimestamp:
      return TimestampFromSubstrait(literal.precision_timestamp(), "");
    case Kind::kPrecisionTimestampTz:
      return TimestampFromSubstrait(literal.precision_timestamp_tz(), "UTC");
    case Kind::kDecimal:
      return DecimalFromSubstrait(literal.decimal());
    case Kind::kIntervalCompound:
      return IntervalFromSubstrait(literal.interval_compound());
    case Kind::kIntervalYearToMonth: {
      pb::Expression_Literal_IntervalCompound compound;
      *compound.mutable_interval_year_to_month() = literal.interval_year_to_month();
      return IntervalFromSubstrait(compound);
    }
    case Kind::kIntervalDayToSecond: {
      pb::Expression_Literal_IntervalCompound compound;
      *compound.mutable_interval_day_to_second() = literal.interval_day_to_second();
      return IntervalFromSubstrait(compound);
    }
    case Kind::kUserDefined:
      return UserDefinedFromSubstrait(literal.user_defined(), extensions);
    case Kind::kNull: {
      ARROW_ASSIGN_OR_RAISE(auto type, TypeFromSubstrait(literal.null(), extensions));
      return arrow::MakeNullScalar(std::move(type));
    }
    default:
      return base::UnsupportedPlan("a literal without a value");
  }
}

}  // namespace skyhook::substrait
