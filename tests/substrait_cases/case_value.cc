#include "tests/substrait_cases/case_value.h"

#include <arrow/util/decimal.h>
#include <substrait/algebra.pb.h>

#include <charconv>
#include <map>
#include <regex>

#include "skyhook/base/status.h"
#include "skyhook/plan/expression.h"
#include "skyhook/plan/types.h"
#include "skyhook/substrait/literal.h"
#include "skyhook/substrait/type.h"

namespace skyhook::cases {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;
using MonthDayNanos = arrow::MonthDayNanoIntervalType::MonthDayNanos;

namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

std::string BaseOf(const std::string& type) { return type.substr(0, type.find('<')); }

// The numbers between < and >.
std::vector<int> ParametersOf(const std::string& type) {
  std::vector<int> numbers;
  static const std::regex number("[0-9]+");
  const size_t open = type.find('<');
  if (open == std::string::npos) return numbers;
  for (std::sregex_iterator it(type.begin() + static_cast<int64_t>(open), type.end(), number), end;
       it != end; ++it) {
    numbers.push_back(std::stoi(it->str()));
  }
  return numbers;
}

bool IsNull(const Value& value) {
  return !value.quoted && (value.text == "null" || value.text == "Null" || value.text == "NULL");
}

// P1Y2M, P3DT4H5M6.7S and so on, as ISO 8601 writes durations.
Result<MonthDayNanos> IntervalOf(const std::string& text) {
  static const std::regex form(
      "P(?:(-?[0-9]+)Y)?(?:(-?[0-9]+)M)?(?:(-?[0-9]+)D)?"
      "(?:T(?:(-?[0-9]+)H)?(?:(-?[0-9]+)M)?(?:(-?[0-9.]+)S)?)?");
  std::smatch match;
  if (!std::regex_match(text, match, form)) return base::Invalid("'{}' is no interval", text);
  const auto number = [&](size_t group) {
    return match[group].matched ? std::stoll(match[group].str()) : 0;
  };
  MonthDayNanos out{};
  out.months = static_cast<int32_t>(number(1) * 12 + number(2));
  out.days = static_cast<int32_t>(number(3));
  out.nanoseconds = (number(4) * 3600 + number(5) * 60) * kNanosPerSecond;
  if (match[6].matched) {
    out.nanoseconds += static_cast<int64_t>(std::stod(match[6].str()) * 1e9);
  }
  return out;
}

Result<std::shared_ptr<arrow::Scalar>> DecimalOf(const std::string& text,
                                                 const std::shared_ptr<arrow::DataType>& type) {
  ARROW_ASSIGN_OR_RAISE(const auto real, arrow::Decimal256::FromReal(0.0, 76, 0));
  arrow::Decimal256 value = real;
  int32_t precision = 0;
  int32_t scale = 0;
  ARROW_RETURN_NOT_OK(arrow::Decimal256::FromString(text, &value, &precision, &scale));
  const int wanted = plan::ShapeOf(*type).scale;
  ARROW_ASSIGN_OR_RAISE(value, value.Rescale(scale, wanted));
  const auto& words = value.native_endian_array();
  const arrow::Decimal128 narrow(static_cast<int64_t>(words[1]), words[0]);
  if (type->id() == arrow::Type::DECIMAL128) {
    return std::make_shared<arrow::Decimal128Scalar>(narrow, type);
  }
  return std::make_shared<arrow::Decimal64Scalar>(
      arrow::Decimal64(static_cast<int64_t>(narrow.low_bits())), type);
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> TypeOf(const std::string& text) {
  static const std::map<std::string, std::shared_ptr<arrow::DataType>> kTypes = {
      {"bool", arrow::boolean()},
      {"boolean", arrow::boolean()},
      {"i8", arrow::int8()},
      {"i16", arrow::int16()},
      {"i32", arrow::int32()},
      {"i64", arrow::int64()},
      {"u!u8", arrow::uint8()},
      {"u!u16", arrow::uint16()},
      {"u!u32", arrow::uint32()},
      {"u!u64", arrow::uint64()},
      {"fp32", arrow::float32()},
      {"fp64", arrow::float64()},
      {"str", arrow::utf8_view()},
      {"string", arrow::utf8_view()},
      {"vchar", arrow::utf8_view()},
      {"vbin", arrow::binary_view()},
      {"date", arrow::date32()},
      {"iyear", arrow::month_day_nano_interval()},
      {"iday", arrow::month_day_nano_interval()}};
  const auto found = kTypes.find(BaseOf(text));
  if (found != kTypes.end()) return found->second;
  const std::vector<int> parameters = ParametersOf(text);
  const std::string base = BaseOf(text);
  if (base == "dec" || base == "decimal") {
    if (parameters.size() != 2) return plan::DecimalType(38, 0);
    return plan::DecimalType(parameters[0], parameters[1]);
  }
  ARROW_ASSIGN_OR_RAISE(const auto unit, substrait::UnitOf(parameters.empty() ? 6 : parameters[0]));
  if (base == "pts" || base == "ts") return arrow::timestamp(unit);
  if (base == "ptstz" || base == "tstz") return arrow::timestamp(unit, "UTC");
  if (base == "pt" || base == "time") {
    const bool narrow = unit == arrow::TimeUnit::SECOND || unit == arrow::TimeUnit::MILLI;
    return narrow ? arrow::time32(unit) : arrow::time64(unit);
  }
  return Status::NotImplemented("type ", base);
}

Result<std::shared_ptr<arrow::Scalar>> ScalarOf(const Value& value, const std::string& type_text) {
  ARROW_ASSIGN_OR_RAISE(const auto type, TypeOf(type_text));
  if (IsNull(value)) return arrow::MakeNullScalar(type);
  switch (type->id()) {
    case arrow::Type::STRING_VIEW:
      return std::make_shared<arrow::StringViewScalar>(value.text);
    case arrow::Type::BINARY_VIEW:
      return std::make_shared<arrow::BinaryViewScalar>(arrow::Buffer::FromString(value.text));
    case arrow::Type::DECIMAL64:
    case arrow::Type::DECIMAL128:
      return DecimalOf(value.text, type);
    case arrow::Type::INTERVAL_MONTH_DAY_NANO: {
      ARROW_ASSIGN_OR_RAISE(const MonthDayNanos interval, IntervalOf(value.text));
      return std::make_shared<arrow::MonthDayNanoIntervalScalar>(interval, type);
    }
    case arrow::Type::BOOL:
      return std::make_shared<arrow::BooleanScalar>(value.text == "true" || value.text == "True");
    default:
      return arrow::Scalar::Parse(type, value.text);
  }
}

Status TypeToProto(const std::string& type_text, substrait::ExtensionWriter* extensions,
                   pb::Type* out) {
  const std::string base = BaseOf(type_text);
  if (base == "iyear") {
    out->mutable_interval_year()->set_nullability(pb::Type::NULLABILITY_NULLABLE);
    return Status::OK();
  }
  if (base == "iday") {
    const std::vector<int> parameters = ParametersOf(type_text);
    out->mutable_interval_day()->set_precision(parameters.empty() ? 6 : parameters[0]);
    out->mutable_interval_day()->set_nullability(pb::Type::NULLABILITY_NULLABLE);
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const auto type, TypeOf(type_text));
  return substrait::TypeToSubstrait(*type, true, extensions, out);
}

Status LiteralToProto(const Value& value, substrait::ExtensionWriter* extensions,
                      pb::Expression_Literal* out) {
  const std::string base = BaseOf(value.type);
  if (base != "iyear" && base != "iday") {
    ARROW_ASSIGN_OR_RAISE(const auto scalar, ScalarOf(value, value.type));
    return substrait::LiteralToSubstrait(*scalar, extensions, out);
  }
  if (IsNull(value)) return TypeToProto(value.type, extensions, out->mutable_null());
  ARROW_ASSIGN_OR_RAISE(const MonthDayNanos interval, IntervalOf(value.text));
  if (base == "iyear") {
    out->mutable_interval_year_to_month()->set_years(interval.months / 12);
    out->mutable_interval_year_to_month()->set_months(interval.months % 12);
    return Status::OK();
  }
  auto* days = out->mutable_interval_day_to_second();
  days->set_days(interval.days);
  days->set_seconds(static_cast<int32_t>(interval.nanoseconds / kNanosPerSecond));
  days->set_precision(9);
  days->set_subseconds(interval.nanoseconds % kNanosPerSecond);
  return Status::OK();
}

}  // namespace skyhook::cases
