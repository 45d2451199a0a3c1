#include "tests/differential/random_file.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api.h>
#include <arrow/extension/uuid.h>
#include <fmt/format.h>

#include <map>

#include "skyhook/testing/matchers.h"

namespace skyhook::differential {
namespace {

using testing::Require;
using Strings = std::vector<std::string>;

const std::map<std::string, std::shared_ptr<arrow::DataType>>& ArrowTypes() {
  static const std::map<std::string, std::shared_ptr<arrow::DataType>> types = {
      {"BOOLEAN", arrow::boolean()},
      {"TINYINT", arrow::int8()},
      {"SMALLINT", arrow::int16()},
      {"INTEGER", arrow::int32()},
      {"BIGINT", arrow::int64()},
      {"UTINYINT", arrow::uint8()},
      {"USMALLINT", arrow::uint16()},
      {"UINTEGER", arrow::uint32()},
      {"UBIGINT", arrow::uint64()},
      {"FLOAT", arrow::float32()},
      {"DOUBLE", arrow::float64()},
      {"DECIMAL(5,2)", arrow::decimal128(5, 2)},
      {"DECIMAL(15,4)", arrow::decimal128(15, 4)},
      {"DECIMAL(30,6)", arrow::decimal128(30, 6)},
      {"VARCHAR", arrow::utf8()},
      {"DATE", arrow::date32()},
      {"TIMESTAMP", arrow::timestamp(arrow::TimeUnit::MICRO)},
      {"TIME", arrow::time64(arrow::TimeUnit::MICRO)},
      {"UUID", arrow::extension::uuid()}};
  return types;
}

const std::map<std::string, Strings>& Extremes() {
  static const std::map<std::string, Strings> extremes = {
      {"BOOLEAN", {"true", "false"}},
      {"TINYINT", {"-128", "127", "0", "-1"}},
      {"SMALLINT", {"-32768", "32767", "0", "-1"}},
      {"INTEGER", {"-2147483648", "2147483647", "0", "-1"}},
      {"BIGINT", {"-9223372036854775808", "9223372036854775807", "0", "-1"}},
      {"UTINYINT", {"255", "128", "0"}},
      {"USMALLINT", {"65535", "32768", "0"}},
      {"UINTEGER", {"4294967295", "2147483648", "0"}},
      {"UBIGINT", {"18446744073709551615", "9223372036854775808", "0"}},
      {"FLOAT", {"nan", "inf", "-inf", "-0.0", "0.0", "1e-45", "3.4e38", "0.5", "-0.5", "2.5"}},
      {"DOUBLE",
       {"nan", "inf", "-inf", "-0.0", "0.0", "5e-324", "1.7e308", "0.5", "-0.5", "2.5", "1e15"}},
      {"DECIMAL(5,2)", {"999.99", "-999.99", "0.00", "0.01", "0.50", "-1.50", "2.50"}},
      {"DECIMAL(15,4)", {"99999999999.9999", "-99999999999.9999", "0.0000", "0.5000", "-2.5000"}},
      {"DECIMAL(30,6)",
       {"999999999999999999999999.999999", "-999999999999999999999999.999999", "0.000000",
        "0.500000"}},
      {"VARCHAR",
       {"", " ", "a", "A", "abc", "ABC", "äöü", "😀", "a\u0301", "  padded ", "x%y_z", "aXbXc", "0",
        "12", "-7.5", "true", "2024-02-29", "longer than twelve bytes, so not inline",
        "\u00a0nbsp\u00a0"}},
      {"DATE",
       {"1970-01-01", "0001-01-01", "9999-12-31", "2000-02-29", "1969-12-31", "2024-12-30"}},
      {"TIMESTAMP",
       {"1970-01-01 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999",
        "2000-02-29 12:34:56.789012", "1969-12-31 23:59:59.999999"}},
      {"TIME", {"00:00:00", "23:59:59.999999", "12:34:56.5"}},
      {"UUID",
       {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "80000000-0000-0000-0000-000000000000", "7fffffff-ffff-ffff-ffff-ffffffffffff",
        "550e8400-e29b-41d4-a716-446655440000"}}};
  return extremes;
}

std::string SmallValue(const std::string& type, Random* random) {
  const int number = Below(random, 21) - 10;
  if (type == "BOOLEAN") return number > 0 ? "true" : "false";
  if (type == "UUID") return fmt::format("{:02x}0e8400-e29b-41d4-a716-446655440000", number + 10);
  if (type.starts_with("U")) return std::to_string(number + 10);
  if (type.starts_with("DECIMAL")) {
    const int scale = type == "DECIMAL(5,2)" ? 2 : type == "DECIMAL(15,4)" ? 4 : 6;
    return fmt::format("{}.{:0{}}", number, Below(random, 100), scale);
  }
  if (type == "FLOAT" || type == "DOUBLE")
    return fmt::format("{}.{}", number, Below(random, 8) * 125);
  if (type == "VARCHAR") return fmt::format("{}{}", "name", Below(random, 9));
  if (type == "DATE") {
    return fmt::format("20{:02}-{:02}-{:02}", Below(random, 30), 1 + Below(random, 12),
                       1 + Below(random, 28));
  }
  if (type == "TIMESTAMP") {
    return fmt::format("20{:02}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}", Below(random, 30),
                       1 + Below(random, 12), 1 + Below(random, 28), Below(random, 24),
                       Below(random, 60), Below(random, 60), Below(random, 1'000'000));
  }
  if (type == "TIME") {
    return fmt::format("{:02}:{:02}:{:02}", Below(random, 24), Below(random, 60),
                       Below(random, 60));
  }
  return std::to_string(number);
}

// The sixteen bytes of UUIDs as text.
std::shared_ptr<arrow::Array> Uuids(const arrow::StringArray& texts) {
  arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(16));
  for (int64_t i = 0; i < texts.length(); ++i) {
    if (texts.IsNull(i)) {
      Require(builder.AppendNull());
      continue;
    }
    std::string digits = texts.GetString(i);
    std::erase(digits, '-');
    std::string bytes;
    for (size_t at = 0; at < digits.size(); at += 2) {
      bytes += static_cast<char>(std::stoi(digits.substr(at, 2), nullptr, 16));
    }
    Require(builder.Append(bytes));
  }
  return arrow::ExtensionType::WrapArray(arrow::extension::uuid(), Require(builder.Finish()));
}

std::shared_ptr<arrow::Array> FromText(const std::shared_ptr<arrow::Array>& text,
                                       const std::string& sql_type) {
  if (sql_type == "UUID") return Uuids(static_cast<const arrow::StringArray&>(*text));
  const auto& type = ArrowTypes().at(sql_type);
  if (sql_type != "TIME") return Require(arrow::compute::Cast(*text, type));
  // Arrow reads instants only.
  const auto instants =
      Require(arrow::compute::Cast(*text, arrow::timestamp(arrow::TimeUnit::MICRO)));
  return Require(arrow::compute::Cast(*instants, type));
}

std::shared_ptr<arrow::Array> RandomColumn(const FileColumn& column, int64_t rows, bool wide,
                                           Random* random) {
  arrow::StringBuilder builder;
  const bool time = column.sql_type == std::string("TIME");
  const int nulls = OneOf<int>(random, {0, 0, 5, 50, 100});
  // A column of few values makes dictionaries, one of many overflows them.
  const bool few = Below(random, 3) == 0;
  Strings pool;
  for (int i = 0; i < 4; ++i) pool.push_back(RandomValue(column.sql_type, random));
  for (int64_t i = 0; i < rows; ++i) {
    if (Below(random, 100) < nulls) {
      Require(builder.AppendNull());
      continue;
    }
    std::string value = few ? OneOf(random, pool) : RandomValue(column.sql_type, random);
    if (wide && Below(random, 8) == 0) value += std::string(kWideTextBytes, 'w');
    Require(builder.Append(time ? "1970-01-01 " + value : value));
  }
  return FromText(Require(builder.Finish()), column.sql_type);
}

}  // namespace

std::string RandomValue(const std::string& sql_type, Random* random) {
  const Strings& extremes = Extremes().at(sql_type);
  if (Below(random, 3) == 0) return OneOf(random, extremes);
  return SmallValue(sql_type, random);
}

std::shared_ptr<arrow::Table> RandomTable(int64_t rows, Random* random, bool wide) {
  arrow::Int64Builder ids;
  for (int64_t i = 0; i < rows; ++i) Require(ids.Append(i));
  arrow::FieldVector fields = {arrow::field("id", arrow::int64(), /*nullable=*/false)};
  arrow::ArrayVector columns = {Require(ids.Finish())};
  for (const FileColumn& column : kColumns) {
    const bool wide_text = wide && column.name == std::string("s");
    columns.push_back(RandomColumn(column, rows, wide_text, random));
    fields.push_back(arrow::field(column.name, columns.back()->type()));
  }
  const auto number = columns[0];
  for (int i = 0; wide && i < kWideColumns; ++i) {
    columns.push_back(number);
    fields.push_back(arrow::field(fmt::format("w{}", i), number->type()));
  }
  return arrow::Table::Make(arrow::schema(fields), columns, rows);
}

}  // namespace skyhook::differential
