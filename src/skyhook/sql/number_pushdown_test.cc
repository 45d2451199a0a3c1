// Functions of numbers inside the scan give what DuckDB gives over the same rows.
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>

#include "skyhook/sql/differential_testing.h"
#include "skyhook/sql/value_maker_testing.h"

namespace skyhook::sql {
namespace {

constexpr int kRows = 120;

class NumberPushdownTest : public DifferentialTest {
 protected:
  template <typename T>
  void Add(const std::string& name) {
    using Value = typename T::c_type;
    Add(name, MakeColumn<T>(&maker_, arrow::TypeTraits<T>::type_singleton(), kRows,
                            [this] { return maker_.Integer<Value>(); }));
  }
  void Add(const std::string& name, std::shared_ptr<arrow::Array> array) {
    columns_.emplace_back(name, std::move(array));
  }
  void AddDecimal(int precision, int scale) {
    Add(fmt::format("d{}_{}", precision, scale),
        MakeColumn<arrow::Decimal128Type>(&maker_, arrow::decimal128(precision, scale), kRows,
                                          [&] { return maker_.Decimal(precision); }));
  }
  void AddDoubles(const std::string& name) {
    Add(name, MakeColumn<arrow::DoubleType>(&maker_, arrow::float64(), kRows,
                                            [&] { return maker_.Double(); }));
  }
  void AddFloats(const std::string& name) {
    Add(name, MakeColumn<arrow::FloatType>(&maker_, arrow::float32(), kRows,
                                           [&] { return static_cast<float>(maker_.Double()); }));
  }
  void WriteColumns() { Write(columns_); }

  ValueMaker maker_{20261123};
  std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns_;
};

TEST_F(NumberPushdownTest, RealFunctions) {
  AddDoubles("x");
  AddDoubles("y");
  WriteColumns();
  for (const char* name :
       {"sqrt", "cbrt", "exp",  "ln",   "log2", "log10", "log",   "sin",   "cos",     "tan",
        "asin", "acos", "atan", "sinh", "cosh", "tanh",  "asinh", "acosh", "radians", "degrees"}) {
    ExpectSame(fmt::format("{}(x)", name));
  }
  for (const char* call : {"log(x, y)", "pow(x, y)", "power(x, 0.5)", "x ** 3", "atan2(x, y)"}) {
    ExpectSame(call);
  }
  ExpectKept("atanh(x)");
}

TEST_F(NumberPushdownTest, RoundingOfFloats) {
  AddDoubles("x");
  AddFloats("f");
  WriteColumns();
  for (const char* column : {"x", "f"}) {
    for (const char* name : {"round", "floor", "ceil", "ceiling", "trunc"}) {
      ExpectSame(fmt::format("{}({})", name, column));
    }
    for (int digits : {-400, -40, -3, -1, 0, 1, 2, 7, 15, 40, 400}) {
      ExpectSame(fmt::format("round({}, {})", column, digits));
    }
  }
  ExpectKept("trunc(x, 2)");
}

TEST_F(NumberPushdownTest, RoundingOfDecimals) {
  for (const auto& [precision, scale] : std::vector<std::pair<int, int>>{
           {4, 2}, {4, 4}, {4, 0}, {9, 3}, {18, 5}, {18, 18}, {38, 10}, {38, 38}, {38, 0}}) {
    AddDecimal(precision, scale);
  }
  WriteColumns();
  for (const auto& [column, array] : columns_) {
    for (const char* name : {"round", "floor", "ceil", "trunc"}) {
      ExpectSame(fmt::format("{}({})", name, column));
    }
    for (int digits : {0, 1, 2, 5, 9, 40}) {
      ExpectSame(fmt::format("round({}, {})", column, digits));
    }
  }
  for (const char* call : {"round(d4_2, -1)", "round(d9_3, -1)", "round(d9_3, -5)",
                           "round(d18_5, -7)", "round(d38_10, -27)"}) {
    ExpectSame(call);
  }
  for (const char* call : {"round(d4_2, -2)", "round(d4_4, -1)", "round(d4_0, -1)",
                           "round(d38_0, -1)", "round(d18_5, -13)"}) {
    ExpectKept(call);
  }
}

TEST_F(NumberPushdownTest, Integers) {
  Add<arrow::Int8Type>("i8");
  Add<arrow::Int32Type>("i32");
  Add<arrow::Int64Type>("i64");
  Add<arrow::UInt16Type>("u16");
  WriteColumns();
  for (const auto& [column, array] : columns_) {
    ExpectSame(fmt::format("sign({})", column));
    ExpectSame(fmt::format("~{}", column));
    ExpectSame(fmt::format("floor({})", column));
    ExpectSame(fmt::format("sqrt(abs({}::DOUBLE))", column));
  }
  ExpectSame("round(i32)");
  ExpectSame("round(i32, 2)");
  ExpectSame("trunc(i32)");
  ExpectKept("round(i32, -1)");
  ExpectKept("round(i64, -1)");
}

TEST_F(NumberPushdownTest, SignsAndTests) {
  AddDoubles("x");
  AddFloats("f");
  AddDecimal(9, 3);
  WriteColumns();
  for (const char* name : {"sign", "isnan", "isinf", "isfinite", "abs"}) {
    ExpectSame(fmt::format("{}(x)", name));
    ExpectSame(fmt::format("{}(f)", name));
  }
  ExpectSame("sign(d9_3)");
}

// Every pair of values of 8 bits.
TEST_F(NumberPushdownTest, BitsOfBytes) {
  arrow::Int8Builder a;
  arrow::Int8Builder b;
  arrow::UInt8Builder c;
  arrow::UInt8Builder d;
  for (int x = 0; x < 256; ++x) {
    for (int y = 0; y < 256; ++y) {
      Require(a.Append(static_cast<int8_t>(x)));
      Require(b.Append(static_cast<int8_t>(y)));
      Require(c.Append(static_cast<uint8_t>(x)));
      Require(d.Append(static_cast<uint8_t>(y)));
    }
  }
  Write({{"a", Require(a.Finish())},
         {"b", Require(b.Finish())},
         {"c", Require(c.Finish())},
         {"d", Require(d.Finish())}});
  for (const char* operation : {"&", "|", ">>"}) {
    ExpectSame(fmt::format("a {} b", operation));
    ExpectSame(fmt::format("c {} d", operation));
  }
  ExpectSame("xor(a, b)");
  ExpectSame("xor(c, d)");
}

TEST_F(NumberPushdownTest, Shifts) {
  Add<arrow::Int8Type>("a8");
  Add<arrow::Int8Type>("b8");
  Add<arrow::UInt8Type>("c8");
  Add<arrow::UInt8Type>("d8");
  Add<arrow::Int64Type>("a64");
  Add<arrow::UInt64Type>("c64");
  Add("s64", MakeColumn<arrow::Int64Type>(&maker_, arrow::int64(), kRows, [&] {
        return static_cast<int64_t>(maker_.Below(70) - 2);
      }));
  Add("t64", MakeColumn<arrow::UInt64Type>(&maker_, arrow::uint64(), kRows, [&] {
        return static_cast<uint64_t>(maker_.Below(70));
      }));
  WriteColumns();
  for (const char* call : {"a8 << b8", "c8 << d8", "a64 << s64", "c64 << t64", "(a64 >> 40) << s64",
                           "(c64 >> 40) << t64", "a64 >> s64", "c64 >> t64"}) {
    ExpectSame(call);
  }
}

TEST_F(NumberPushdownTest, Extremes) {
  AddDoubles("x");
  AddDoubles("y");
  AddFloats("f");
  AddDecimal(38, 10);
  Add<arrow::Int64Type>("a");
  Add<arrow::Int64Type>("b");
  Add<arrow::UInt8Type>("c");
  Add<arrow::UInt8Type>("d");
  WriteColumns();
  for (const char* name : {"greatest", "least"}) {
    ExpectSame(fmt::format("{}(x, y)", name));
    ExpectSame(fmt::format("{}(y, x, 0.0::DOUBLE)", name));
    ExpectSame(fmt::format("{}(a, b, 5)", name));
    ExpectSame(fmt::format("{}(c, d)", name));
    ExpectSame(fmt::format("{}(d38_10, -d38_10)", name));
    ExpectSame(fmt::format("{}(a::VARCHAR, b::VARCHAR)", name));
    ExpectSame(fmt::format("{}(a > b, c > d)", name));
    ExpectKept(fmt::format("{}(f, 1::FLOAT)", name));
  }
}

}  // namespace
}  // namespace skyhook::sql
