#include "tests/differential/random_file.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api.h>
#include <arrow/io/file.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include <map>

#include "skyhook/testing/matchers.h"

namespace skyhook::differential {
namespace {

using arrow::Compression;
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
      {"TIME", arrow::time64(arrow::TimeUnit::MICRO)}};
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
      {"TIME", {"00:00:00", "23:59:59.999999", "12:34:56.5"}}};
  return extremes;
}

std::string SmallValue(const std::string& type, Random* random) {
  const int number = Below(random, 21) - 10;
  if (type == "BOOLEAN") return number > 0 ? "true" : "false";
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

std::shared_ptr<arrow::Array> RandomColumn(const FileColumn& column, int64_t rows, Random* random) {
  arrow::StringBuilder builder;
  const bool time = column.sql_type == std::string("TIME");  // Arrow reads instants only
  const int nulls = OneOf<int>(random, {0, 0, 5, 50, 100});
  // A column of few values makes dictionaries, one of many overflows them.
  const bool few = Below(random, 3) == 0;
  Strings pool;
  for (int i = 0; i < 4; ++i) pool.push_back(RandomValue(column.sql_type, random));
  for (int64_t i = 0; i < rows; ++i) {
    if (Below(random, 100) < nulls) {
      Require(builder.AppendNull());
    } else {
      const std::string value = few ? OneOf(random, pool) : RandomValue(column.sql_type, random);
      Require(builder.Append(time ? "1970-01-01 " + value : value));
    }
  }
  const auto text = Require(builder.Finish());
  const auto& type = ArrowTypes().at(column.sql_type);
  if (!time) return Require(arrow::compute::Cast(*text, type));
  const auto instants =
      Require(arrow::compute::Cast(*text, arrow::timestamp(arrow::TimeUnit::MICRO)));
  return Require(arrow::compute::Cast(*instants, type));
}

}  // namespace

std::string RandomValue(const std::string& sql_type, Random* random) {
  const Strings& extremes = Extremes().at(sql_type);
  if (Below(random, 3) == 0) return OneOf(random, extremes);
  return SmallValue(sql_type, random);
}

std::shared_ptr<arrow::Table> RandomTable(int64_t rows, Random* random) {
  arrow::Int64Builder ids;
  for (int64_t i = 0; i < rows; ++i) Require(ids.Append(i));
  arrow::FieldVector fields = {arrow::field("id", arrow::int64(), /*nullable=*/false)};
  arrow::ArrayVector columns = {Require(ids.Finish())};
  for (const FileColumn& column : kColumns) {
    columns.push_back(RandomColumn(column, rows, random));
    fields.push_back(arrow::field(column.name, columns.back()->type()));
  }
  return arrow::Table::Make(arrow::schema(fields), columns, rows);
}

std::string WriteRandomly(const arrow::Table& table, const std::string& path, Random* random) {
  parquet::WriterProperties::Builder builder;
  const auto codec = OneOf<Compression::type>(
      random, {Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP, Compression::ZSTD,
               Compression::LZ4, Compression::BROTLI});
  builder.compression(codec);
  const bool v2 = Below(random, 2) == 0;
  builder.data_page_version(v2 ? parquet::ParquetDataPageVersion::V2
                               : parquet::ParquetDataPageVersion::V1);
  const int page = OneOf<int>(random, {32, 512, 1 << 20});
  builder.data_pagesize(page)->write_batch_size(OneOf<int>(random, {1, 16, 1024}));
  if (Below(random, 2) == 0) builder.enable_write_page_index();
  const bool statistics = Below(random, 4) != 0;
  if (!statistics) builder.disable_statistics();
  if (Below(random, 3) == 0) builder.enable_store_decimal_as_integer();
  const int dictionary = OneOf<int>(random, {0, 64, 1 << 20});
  if (dictionary > 0) {
    builder.dictionary_pagesize_limit(dictionary);
  } else {
    builder.disable_dictionary();
    if (Below(random, 2) == 0) {
      for (const char* name : {"i4", "i8", "da", "ts"}) {
        builder.encoding(name, parquet::Encoding::DELTA_BINARY_PACKED);
      }
      for (const char* name : {"f4", "f8"}) {
        builder.encoding(name, parquet::Encoding::BYTE_STREAM_SPLIT);
      }
      builder.encoding("s", parquet::Encoding::DELTA_BYTE_ARRAY);
      builder.encoding("k", parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY);
    }
  }
  // Now and then thousands of row groups, which take a while to write.
  auto group = OneOf<int64_t>(random, {1, 7, 100, 100'000});
  if (table.num_rows() > 500 && Below(random, 2) == 0) group = std::max<int64_t>(group, 7);
  const auto file = Require(arrow::io::FileOutputStream::Open(path));
  Require(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), file, group,
                                     builder.build()));
  Require(file->Close());
  return fmt::format(
      "{} rows, codec {}, pages v{} of {} bytes, dictionary of {} bytes, row groups of {}{}",
      table.num_rows(), arrow::util::Codec::GetCodecAsString(codec), v2 ? 2 : 1, page, dictionary,
      group, statistics ? "" : ", no statistics");
}

}  // namespace skyhook::differential
