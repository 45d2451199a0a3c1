// Casts inside the scan give what DuckDB gives over the same rows.
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>

#include "skyhook/sql/differential_testing.h"
#include "skyhook/sql/text_maker_testing.h"

namespace skyhook::sql {
namespace {

constexpr int kRows = 120;

// The types that numbers are cast among.
constexpr const char* kNumbers[] = {
    "TINYINT",        "SMALLINT",        "INTEGER",       "BIGINT",         "UTINYINT",
    "USMALLINT",      "UINTEGER",        "UBIGINT",       "FLOAT",          "DOUBLE",
    "DECIMAL(4, 0)",  "DECIMAL(4, 2)",   "DECIMAL(9, 9)", "DECIMAL(18, 3)", "DECIMAL(18, 0)",
    "DECIMAL(38, 5)", "DECIMAL(38, 38)", "DECIMAL(38, 0)"};

class CastPushdownTest : public DifferentialTest {
 protected:
  template <typename T>
  void AddIntegers(const std::string& name) {
    using Value = typename T::c_type;
    Add(name, MakeColumn<T>(&maker_, arrow::TypeTraits<T>::type_singleton(), kRows,
                            [this] { return maker_.Integer<Value>(); }));
  }
  void AddDecimals(int precision, int scale) {
    Add(fmt::format("d{}_{}", precision, scale),
        MakeColumn<arrow::Decimal128Type>(&maker_, arrow::decimal128(precision, scale), kRows,
                                          [&] { return maker_.Decimal(precision); }));
  }
  void AddTimestamps(const std::string& name, arrow::TimeUnit::type unit) {
    Add(name, MakeColumn<arrow::TimestampType>(&maker_, arrow::timestamp(unit), kRows,
                                               [this] { return maker_.Timestamp(); }));
  }
  template <typename Make>
  void AddTexts(const std::string& name, int rows, Make&& make) {
    Add(name, MakeColumn<arrow::StringType>(&maker_, arrow::utf8(), rows, make));
  }
  void Add(const std::string& name, std::shared_ptr<arrow::Array> array) {
    columns_.emplace_back(name, std::move(array));
  }
  void WriteColumns() { Write(columns_); }

  // CAST and TRY_CAST of every column to `type`.
  void ExpectSameCasts(const std::string& type) {
    for (const auto& [column, array] : columns_) {
      ExpectSame(fmt::format("CAST({} AS {})", column, type));
      ExpectSame(fmt::format("TRY_CAST({} AS {})", column, type));
    }
  }

  TextMaker maker_{20261125};
  std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns_;
};

TEST_F(CastPushdownTest, Integers) {
  AddIntegers<arrow::Int8Type>("i8");
  AddIntegers<arrow::Int16Type>("i16");
  AddIntegers<arrow::Int32Type>("i32");
  AddIntegers<arrow::Int64Type>("i64");
  AddIntegers<arrow::UInt8Type>("u8");
  AddIntegers<arrow::UInt16Type>("u16");
  AddIntegers<arrow::UInt32Type>("u32");
  AddIntegers<arrow::UInt64Type>("u64");
  WriteColumns();
  for (const char* type : kNumbers) ExpectSameCasts(type);
  ExpectSameCasts("BOOLEAN");
  ExpectSameCasts("VARCHAR");
}

TEST_F(CastPushdownTest, Booleans) {
  Add("b", MakeColumn<arrow::BooleanType>(&maker_, arrow::boolean(), kRows,
                                          [this] { return maker_.Below(2) == 0; }));
  WriteColumns();
  for (const std::string type : kNumbers) {
    if (type == "DECIMAL(9, 9)" || type == "DECIMAL(38, 38)") {
      ExpectKept(fmt::format("CAST(b AS {})", type));
    } else {
      ExpectSameCasts(type);
    }
  }
  ExpectSameCasts("VARCHAR");
}

TEST_F(CastPushdownTest, Floats) {
  Add("x", MakeColumn<arrow::DoubleType>(&maker_, arrow::float64(), kRows,
                                         [this] { return maker_.Double(); }));
  Add("f", MakeColumn<arrow::FloatType>(&maker_, arrow::float32(), kRows,
                                        [this] { return static_cast<float>(maker_.Double()); }));
  WriteColumns();
  for (const std::string type : kNumbers) {
    if (type.starts_with("DECIMAL")) {
      ExpectSame(fmt::format("CAST(x AS {})", type));
      ExpectSame(fmt::format("TRY_CAST(x AS {})", type));
      ExpectKept(fmt::format("CAST(f AS {})", type));
    } else {
      ExpectSameCasts(type);
    }
  }
  ExpectSameCasts("BOOLEAN");
  ExpectKept("CAST(x AS VARCHAR)");
  ExpectKept("CAST(f AS VARCHAR)");
}

// A cast of a float is three expressions.
TEST_F(CastPushdownTest, NestedCasts) {
  Add("x", MakeColumn<arrow::DoubleType>(&maker_, arrow::float64(), kRows,
                                         [this] { return maker_.Double(); }));
  WriteColumns();
  std::string cast = "x";
  for (int depth = 0; depth < 2; ++depth) {
    cast = fmt::format("(TRY_CAST({} AS SMALLINT) / 3.0::DOUBLE)", cast);
  }
  ExpectSame(cast);
  for (int depth = 0; depth < 20; ++depth) {
    cast = fmt::format("(TRY_CAST({} AS SMALLINT) / 3.0::DOUBLE)", cast);
  }
  ExpectKept(cast);
}

TEST_F(CastPushdownTest, Decimals) {
  for (const auto& [precision, scale] : std::vector<std::pair<int, int>>{{1, 0},
                                                                         {4, 2},
                                                                         {4, 4},
                                                                         {9, 3},
                                                                         {18, 5},
                                                                         {18, 18},
                                                                         {19, 4},
                                                                         {38, 10},
                                                                         {38, 38},
                                                                         {38, 37},
                                                                         {38, 0}}) {
    AddDecimals(precision, scale);
  }
  WriteColumns();
  for (const char* type : kNumbers) ExpectSameCasts(type);
  ExpectSameCasts("BOOLEAN");
  ExpectSameCasts("VARCHAR");
}

TEST_F(CastPushdownTest, DatesAndTimes) {
  Add("d", MakeColumn<arrow::Date32Type>(&maker_, arrow::date32(), kRows,
                                         [this] { return maker_.Date(); }));
  Add("t",
      MakeColumn<arrow::Time64Type>(&maker_, arrow::time64(arrow::TimeUnit::MICRO), kRows, [this] {
        return static_cast<int64_t>(maker_.Bits() % 86'400'000'001);
      }));
  AddTimestamps("s", arrow::TimeUnit::SECOND);
  AddTimestamps("ms", arrow::TimeUnit::MILLI);
  AddTimestamps("us", arrow::TimeUnit::MICRO);
  AddTimestamps("ns", arrow::TimeUnit::NANO);
  WriteColumns();
  for (const char* column : {"s", "ms", "us", "ns"}) {
    for (const char* type : {"DATE", "TIME", "VARCHAR"}) {
      ExpectSame(fmt::format("CAST({} AS {})", column, type));
    }
  }
  for (const char* type : {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "VARCHAR"}) {
    ExpectSame(fmt::format("CAST(d AS {})", type));
    ExpectSame(fmt::format("TRY_CAST(d AS {})", type));
  }
  for (const char* cast :
       {"CAST(t AS VARCHAR)", "CAST(s AS TIMESTAMP)", "CAST(s AS TIMESTAMP_MS)",
        "CAST(s AS TIMESTAMP_NS)", "CAST(ms AS TIMESTAMP)", "CAST(ms AS TIMESTAMP_NS)",
        "CAST(us AS TIMESTAMP_NS)", "CAST(ns AS TIMESTAMP)", "TRY_CAST(ns AS TIMESTAMP)",
        "TRY_CAST(us AS DATE)", "TRY_CAST(ns AS DATE)"}) {
    ExpectSame(cast);
  }
  // They round in other ways, or fail where TRY_CAST should not.
  for (const char* cast :
       {"CAST(us AS TIMESTAMP_S)", "CAST(us AS TIMESTAMP_MS)", "TRY_CAST(us AS TIME)",
        "TRY_CAST(us AS VARCHAR)", "TRY_CAST(us AS TIMESTAMP_NS)", "TRY_CAST(ms AS DATE)",
        "CAST(us AS TIMESTAMPTZ)", "CAST(t AS TIME_NS)"}) {
    ExpectKept(cast);
  }
}

TEST_F(CastPushdownTest, TextToNumbersAndBooleans) {
  AddTexts("n", 10 * kRows, [this] { return maker_.NumberText(); });
  WriteColumns();
  for (const char* type : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT",
                           "UINTEGER", "UBIGINT", "BOOLEAN"}) {
    ExpectSameCasts(type);
  }
  for (const char* type : {"FLOAT", "DOUBLE", "DECIMAL(9, 3)"}) {
    ExpectKept(fmt::format("CAST(n AS {})", type));
  }
}

TEST_F(CastPushdownTest, TextToBooleans) {
  AddTexts("b", kRows, [this] {
    return maker_.Mutated(maker_.OneOf<std::string>(
        {"", "t", "True", "TRUE", "f", "false", "y", "Yes", "n", "NO", "1", "0", "on", "true "}));
  });
  WriteColumns();
  ExpectSameCasts("BOOLEAN");
}

TEST_F(CastPushdownTest, TextToDatesAndTimes) {
  AddTexts("d", 4 * kRows, [this] { return maker_.DateText(); });
  AddTexts("t", 4 * kRows, [this] { return maker_.TimeText(); });
  AddTexts("ts", 4 * kRows, [this] { return maker_.TimestampText(); });
  WriteColumns();
  for (const char* type :
       {"DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}) {
    ExpectSameCasts(type);
  }
}

}  // namespace
}  // namespace skyhook::sql
