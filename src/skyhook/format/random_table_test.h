// Tables with a column of every type that Parquet and Arrow IPC files hold, for tests.
#pragma once

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api.h>
#include <arrow/table.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::format {

/// Grows columns of `rows` rows, null with probability `nulls`.
class RandomColumns {
 public:
  RandomColumns(int64_t rows, double nulls, uint32_t seed = 7)
      : rows_(rows), null_(nulls), random_(seed) {}

  std::shared_ptr<arrow::Array> Integers(int64_t least, int64_t most) {
    arrow::Int64Builder builder;
    std::uniform_int_distribution<int64_t> value(least, most);
    for (int64_t i = 0; i < rows_; ++i) {
      testing::Require(null_(random_) ? builder.AppendNull() : builder.Append(value(random_)));
    }
    return testing::Require(builder.Finish());
  }

  std::shared_ptr<arrow::Array> Of(const std::shared_ptr<arrow::DataType>& type, int64_t least,
                                   int64_t most) {
    return testing::Require(arrow::compute::Cast(*Integers(least, most), type));
  }

  /// `through` is the integer or other type that can be cast to `type`.
  std::shared_ptr<arrow::Array> Of(const std::shared_ptr<arrow::DataType>& type,
                                   const std::shared_ptr<arrow::DataType>& through, int64_t least,
                                   int64_t most) {
    return testing::Require(arrow::compute::Cast(*Of(through, least, most), type));
  }

  /// Decimals whose digits, without the point, are in [least, most].
  std::shared_ptr<arrow::Array> Decimals(int precision, int scale, int64_t least, int64_t most) {
    arrow::Decimal128Builder builder(arrow::decimal128(precision, scale));
    std::uniform_int_distribution<int64_t> value(least, most);
    for (int64_t i = 0; i < rows_; ++i) {
      testing::Require(null_(random_) ? builder.AppendNull()
                                      : builder.Append(arrow::Decimal128(value(random_))));
    }
    return testing::Require(builder.Finish());
  }

  /// The same, times 10^30 and then some.
  std::shared_ptr<arrow::Array> WideDecimals(int precision, int scale, int64_t least,
                                             int64_t most) {
    arrow::Decimal256Builder builder(arrow::decimal256(precision, scale));
    std::uniform_int_distribution<int64_t> value(least, most);
    for (int64_t i = 0; i < rows_; ++i) {
      const arrow::Decimal256 digits =
          arrow::Decimal256(value(random_)) * arrow::Decimal256::GetMaxValue(30);
      testing::Require(null_(random_) ? builder.AppendNull() : builder.Append(digits));
    }
    return testing::Require(builder.Finish());
  }

  /// Strings of up to `longest` letters.
  std::shared_ptr<arrow::Array> Strings(const std::shared_ptr<arrow::DataType>& type, int longest,
                                        int distinct) {
    arrow::StringBuilder builder;
    std::uniform_int_distribution<int> pick(0, distinct - 1);
    for (int64_t i = 0; i < rows_; ++i) {
      if (null_(random_)) {
        testing::Require(builder.AppendNull());
        continue;
      }
      std::mt19937 letters(static_cast<uint32_t>(pick(random_)));
      std::string text(letters() % static_cast<uint32_t>(longest + 1), 'a');
      for (char& letter : text) letter = static_cast<char>('a' + letters() % 26);
      testing::Require(builder.Append(text));
    }
    const auto array = testing::Require(builder.Finish());
    if (type->id() == arrow::Type::STRING) return array;
    if (type->id() != arrow::Type::DICTIONARY) {
      return testing::Require(arrow::compute::Cast(*array, type));
    }
    const auto encoded = testing::Require(arrow::compute::DictionaryEncode(array)).make_array();
    return testing::Require(arrow::compute::Cast(*encoded, type));
  }

  std::shared_ptr<arrow::Array> FixedBytes(int width) {
    arrow::FixedSizeBinaryBuilder builder(arrow::fixed_size_binary(width));
    for (int64_t i = 0; i < rows_; ++i) {
      const std::string value(static_cast<size_t>(width), static_cast<char>(random_() % 100));
      testing::Require(null_(random_) ? builder.AppendNull() : builder.Append(value));
    }
    return testing::Require(builder.Finish());
  }

  std::shared_ptr<arrow::Array> Lists() {
    auto values = std::make_shared<arrow::Int32Builder>();
    arrow::ListBuilder builder(arrow::default_memory_pool(), values);
    for (int64_t i = 0; i < rows_; ++i) {
      testing::Require(null_(random_) ? builder.AppendNull() : builder.Append());
      for (uint32_t n = random_() % 3; n > 0; --n) {
        testing::Require(values->Append(static_cast<int32_t>(random_() % 100)));
      }
    }
    return testing::Require(builder.Finish());
  }

  /// Structs that are null themselves, too, with such structs and lists in them.
  std::shared_ptr<arrow::Array> Structs() {
    const auto inner = Struct({{"c", Decimals(9, 2, -99999, 99999)},
                               {"d", Of(arrow::float64(), -99, 99)},
                               {"e", Lists()}});
    return Struct(
        {{"a", Of(arrow::int16(), 0, 9)}, {"b", Strings(arrow::utf8(), 20, 50)}, {"inner", inner}});
  }

 private:
  std::shared_ptr<arrow::Array> Struct(
      const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>& children) {
    arrow::ArrayVector arrays;
    std::vector<std::string> names;
    for (const auto& [name, array] : children) {
      names.push_back(name);
      arrays.push_back(array);
    }
    const auto nulls = Integers(0, 1)->null_bitmap();
    return testing::Require(arrow::StructArray::Make(arrays, names, nulls));
  }

  int64_t rows_;
  std::bernoulli_distribution null_;
  std::mt19937 random_;
};

inline std::shared_ptr<arrow::Array> Cast(const std::shared_ptr<arrow::Array>& array,
                                          const std::shared_ptr<arrow::DataType>& type) {
  return testing::Require(arrow::compute::Cast(*array, type));
}

/// One column for each way in which values are stored.
inline std::shared_ptr<arrow::Table> RandomTable(int64_t rows, double nulls) {
  RandomColumns make(rows, nulls);
  const auto dictionary = arrow::dictionary(arrow::int8(), arrow::utf8());
  const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns{
      {"bool", make.Of(arrow::boolean(), 0, 1)},
      {"i8", make.Of(arrow::int8(), -128, 127)},
      {"u8", make.Of(arrow::uint8(), 0, 255)},
      {"i16", make.Of(arrow::int16(), -32768, 32767)},
      {"u16", make.Of(arrow::uint16(), 0, 65535)},
      {"i32", make.Of(arrow::int32(), -2000000000, 2000000000)},
      {"u32", make.Of(arrow::uint32(), 0, 4000000000)},
      {"i64", make.Integers(-4000000000000, 4000000000000)},
      {"u64", make.Of(arrow::uint64(), 0, 4000000000000)},
      {"few", make.Integers(0, 9)},
      {"f32", make.Of(arrow::float32(), -9999, 9999)},
      {"f64", make.Of(arrow::float64(), -99999999, 99999999)},
      {"f16", make.Of(arrow::float16(), arrow::float32(), -99, 99)},
      {"date32", make.Of(arrow::date32(), arrow::int32(), -10000, 30000)},
      {"date64", Cast(make.Of(arrow::date32(), arrow::int32(), 0, 30000), arrow::date64())},
      {"time32", make.Of(arrow::time32(arrow::TimeUnit::MILLI), arrow::int32(), 0, 86399999)},
      {"time64us", make.Of(arrow::time64(arrow::TimeUnit::MICRO), 0, 86399999999)},
      {"time64ns", make.Of(arrow::time64(arrow::TimeUnit::NANO), 0, 86399999999999)},
      {"ts_s", make.Of(arrow::timestamp(arrow::TimeUnit::SECOND), 0, 2000000000)},
      {"ts_ms", make.Of(arrow::timestamp(arrow::TimeUnit::MILLI), 0, 2000000000000)},
      {"ts_us", make.Of(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), 0, 2000000000000000)},
      {"ts_ns", Cast(make.Of(arrow::timestamp(arrow::TimeUnit::MICRO), 0, 2000000000000000),
                     arrow::timestamp(arrow::TimeUnit::NANO))},
      {"duration", make.Of(arrow::duration(arrow::TimeUnit::MILLI), 0, 2000000000)},
      {"dec7", make.Decimals(7, 2, -9999999, 9999999)},
      {"dec15", make.Decimals(15, 2, -999999999999, 999999999999)},
      {"dec18", make.Decimals(18, 0, -999999999999999999, 999999999999999999)},
      {"dec38", make.Decimals(38, 10, -999999999999999999, 999999999999999999)},
      {"dec30in256", Cast(make.Decimals(30, 10, -99999, 99999), arrow::decimal256(30, 10))},
      {"dec50", Cast(make.Decimals(38, 10, -99999, 99999), arrow::decimal256(50, 10))},
      {"dec76", make.WideDecimals(76, 30, -999999999999999, 999999999999999)},
      {"fixed5", make.FixedBytes(5)},
      {"fixed16", make.FixedBytes(16)},
      {"text", make.Strings(arrow::utf8(), 40, 100000)},
      {"short_text", make.Strings(arrow::utf8(), 12, 1000)},
      {"large_text", make.Strings(arrow::large_utf8(), 30, 500)},
      {"view_text", make.Strings(arrow::utf8_view(), 30, 5000)},
      {"bytes", make.Strings(arrow::binary(), 30, 5000)},
      {"dictionary", make.Strings(dictionary, 15, 20)},
      {"list", make.Lists()},
      {"struct", make.Structs()},
  };
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays));
}

}  // namespace skyhook::format
