#include "skyhook/testing/random_batches.h"

#include <arrow/json/from_string.h>
#include <fmt/format.h>

#include <string>
#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::testing {
namespace {

/// Writes values as Arrow's JSON, out of which Arrow makes arrays of every type.
class JsonValues {
 public:
  JsonValues(const RandomValues& values, std::mt19937* random)
      : values_(values), random_(*random) {}

  std::string Of(const arrow::Field& field) {
    if (field.nullable() && Chance(values_.nulls)) return "null";
    return Value(*field.type());
  }

 private:
  bool Chance(double share) { return std::bernoulli_distribution(share)(random_); }
  int64_t Between(int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(random_);
  }
  std::string OneOf(const std::vector<std::string>& choices) {
    return choices[static_cast<size_t>(Between(0, static_cast<int64_t>(choices.size()) - 1))];
  }

  std::string Value(const arrow::DataType& type) {
    const bool extreme = Chance(values_.extremes);
    switch (type.id()) {
      case arrow::Type::NA:
        return "null";
      case arrow::Type::BOOL:
        return OneOf({"true", "false"});
      case arrow::Type::HALF_FLOAT:
        return Quarters();
      case arrow::Type::FLOAT:
      case arrow::Type::DOUBLE:
        return extreme ? OneOf({"NaN", "Inf", "-Inf", "-0.0", "3e38", "-3e38", "1e-30"})
                       : Quarters();
      case arrow::Type::STRING_VIEW:
      case arrow::Type::BINARY_VIEW:
        return fmt::format("\"{}\"", Text(extreme));
      case arrow::Type::FIXED_SIZE_BINARY:
        return fmt::format("\"{}\"", std::string(static_cast<size_t>(type.byte_width()),
                                                 static_cast<char>('a' + Between(0, 3))));
      case arrow::Type::INTERVAL_MONTH_DAY_NANO:
        return fmt::format("[{}, {}, {}]", Between(-3, 3), Between(-3, 3), Between(-3, 3));
      case arrow::Type::LIST:
        return List(*type.field(0));
      case arrow::Type::MAP:
        return Map(static_cast<const arrow::MapType&>(type));
      case arrow::Type::STRUCT:
        return Struct(type);
      default:
        break;
    }
    if (arrow::is_decimal(type.id())) {
      return Decimal(static_cast<const arrow::DecimalType&>(type), extreme);
    }
    return arrow::is_integer(type.id()) ? Integer(type, extreme) : Time(type, extreme);
  }

  std::string Quarters() { return fmt::format("{}", 0.25 * static_cast<double>(Between(-20, 80))); }

  std::string Integer(const arrow::DataType& type, bool extreme) {
    const int bits = type.bit_width();
    if (arrow::is_unsigned_integer(type.id())) {
      if (!extreme) return std::to_string(Between(0, 20));
      return std::to_string(~uint64_t{0} >> (64 - bits));
    }
    if (!extreme) return std::to_string(Between(-10, 20));
    const auto most = static_cast<int64_t>(~uint64_t{0} >> (65 - bits));
    return std::to_string(Chance(0.5) ? most : -most - 1);
  }

  /// Times of day stay below one hour in every unit.
  std::string Time(const arrow::DataType& type, bool extreme) {
    const bool of_day = arrow::is_time(type.id());
    const int64_t most = type.id() == arrow::Type::DATE32 ? 20'000 : of_day ? 3'599 : 1'700'000'000;
    return std::to_string(extreme ? (of_day ? 0 : -most) : Between(0, most));
  }

  std::string Text(bool extreme) {
    if (extreme)
      return OneOf({"", "\\u0000", "a text that is longer than twelve bytes", "\\u00e9"});
    return OneOf(
        {"", "a", "A", "ab", "b", "x%_", "xyz", "\\u00df", "10", "a longer piece of text"});
  }

  std::string Decimal(const arrow::DecimalType& type, bool extreme) {
    std::string digits = extreme ? std::string(static_cast<size_t>(type.precision()), '9')
                                 : std::to_string(Between(0, 2000));
    const auto scale = static_cast<size_t>(type.scale());
    if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    if (scale > 0) digits.insert(digits.size() - scale, ".");
    return fmt::format("\"{}{}\"", Chance(0.3) ? "-" : "", digits);
  }

  std::string List(const arrow::Field& item) {
    std::string out;
    for (int64_t i = Between(0, 3); i > 0; --i) out += (out.empty() ? "" : ",") + Of(item);
    return "[" + out + "]";
  }

  std::string Map(const arrow::MapType& type) {
    std::string out;
    for (int64_t key = Between(0, 3); key > 0; --key) {
      out += fmt::format("{}[{},{}]", out.empty() ? "" : ",", key, Of(*type.item_field()));
    }
    return "[" + out + "]";
  }

  std::string Struct(const arrow::DataType& type) {
    std::string out;
    for (const auto& field : type.fields()) {
      out += fmt::format("{}\"{}\":{}", out.empty() ? "" : ",", field->name(), Of(*field));
    }
    return "{" + out + "}";
  }

  const RandomValues& values_;
  std::mt19937& random_;
};

}  // namespace

std::shared_ptr<arrow::Array> RandomArray(const arrow::Field& field, int64_t rows,
                                          const RandomValues& values, std::mt19937* random) {
  JsonValues make(values, random);
  std::string json = "[";
  for (int64_t row = 0; row < rows; ++row) json += (row == 0 ? "" : ",") + make.Of(field);
  return Require(arrow::json::ArrayFromJSONString(field.type(), json + "]"));
}

std::shared_ptr<arrow::RecordBatch> RandomBatch(const std::shared_ptr<arrow::Schema>& schema,
                                                int64_t rows, const RandomValues& values,
                                                std::mt19937* random) {
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    columns.push_back(RandomArray(*field, rows, values, random));
  }
  return arrow::RecordBatch::Make(schema, rows, std::move(columns));
}

}  // namespace skyhook::testing
