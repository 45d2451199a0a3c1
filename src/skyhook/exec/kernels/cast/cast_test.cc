// Casts. Pinned values are DuckDB 1.5.6's; of what it does not have, or reads wrongly, Python's and
// pyarrow's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/exec/kernels/call_testing.h"

namespace skyhook::exec {
namespace {

using arrow::TimeUnit;
using testing::FailsWith;
using testing::Require;

// What reading each text gives, NULL where it fails.
Texts Read(const std::shared_ptr<arrow::DataType>& type, const Texts& texts) {
  return Require(TryCastOver(TextsOf(texts), type));
}

TEST(CastKernels, NumbersAndBooleans) {
  const auto booleans = ArrayOf(arrow::boolean(), "[true, false, null]");
  EXPECT_EQ(Require(CastOver(booleans, arrow::uint64())), (Texts{"1", "0", "NULL"}));
  EXPECT_EQ(Require(CastOver(booleans, arrow::float32())), (Texts{"1", "0", "NULL"}));
  EXPECT_EQ(Require(CastOver(booleans, plan::DecimalType(20, 3))),
            (Texts{"1.000", "0.000", "NULL"}));
  EXPECT_THAT(CastOver(booleans, plan::DecimalType(2, 2)),
              FailsWith(arrow::StatusCode::Invalid, "true does not fit decimal64(2, 2)"));
  EXPECT_EQ(
      Require(CastOver(ArrayOf(arrow::float64(), "[0.1, -0.0, NaN, null]"), arrow::boolean())),
      (Texts{"true", "false", "true", "NULL"}));
  EXPECT_EQ(
      Require(CastOver(ArrayOf(plan::DecimalType(4, 2), R"(["0.04", "0.00"])"), arrow::boolean())),
      (Texts{"true", "false"}));
}

TEST(CastKernels, FloatsToIntegersRoundHalfToEven) {
  const auto values = ArrayOf(arrow::float64(), "[0.5, 1.5, -2.5, 127.4, 127.5, -128.4, NaN]");
  EXPECT_EQ(Require(TryCastOver(values, arrow::int8())),
            (Texts{"0", "2", "-2", "127", "NULL", "NULL", "NULL"}));
  EXPECT_EQ(Require(TryCastOver(values, arrow::uint8())),
            (Texts{"0", "2", "NULL", "127", "128", "NULL", "NULL"}));
  EXPECT_THAT(CastOver(values, arrow::int8()),
              FailsWith(arrow::StatusCode::Invalid, "127.5 does not fit int8"));
}

TEST(CastKernels, DecimalsToFloats) {
  EXPECT_EQ(
      Require(CastOver(ArrayOf(plan::DecimalType(18, 3), R"(["123456789012345.678", "0.100"])"),
                       arrow::float64())),
      (Texts{"1.2345678901234567e+14", "0.1"}));
  const auto wide = ArrayOf(plan::DecimalType(38, 10),
                            R"(["1234567890123456789012345678.1234567890", "-0.0000000001"])");
  EXPECT_EQ(Require(CastOver(wide, arrow::float64())), (Texts{"1.2345678901234569e+27", "-1e-10"}));
  EXPECT_EQ(Require(CastOver(wide, arrow::float32())), (Texts{"1.2345679e+27", "-1e-10"}));
}

TEST(CastKernels, DecimalsOfManyDigitsRoundWithin128Bits) {
  const std::string nines(38, '9');
  const auto fractions = ArrayOf(plan::DecimalType(38, 38), fmt::format(R"(["0.{}"])", nines));
  EXPECT_EQ(Require(CastOver(fractions, plan::DecimalType(1, 0))), (Texts{"1"}));
  EXPECT_EQ(Require(TryCastOver(fractions, plan::DecimalType(37, 37))), (Texts{"NULL"}));
}

TEST(CastKernels, NumbersAsText) {
  const auto doubles = ArrayOf(
      arrow::float64(),
      "[1, -0.0, 0.1, 1e15, 1e16, 123456789012345678, 0.0001, 0.00001, 5e-324, NaN, -Inf, null]");
  EXPECT_EQ(Require(CastOver(doubles, arrow::utf8_view())),
            (Texts{"1.0", "-0.0", "0.1", "1000000000000000.0", "1e+16", "1.2345678901234568e+17",
                   "0.0001", "1e-05", "5e-324", "nan", "-inf", "NULL"}));
  EXPECT_EQ(
      Require(CastOver(ArrayOf(arrow::float32(), "[0.1, 16777216, 3e38]"), arrow::utf8_view())),
      (Texts{"0.1", "16777216.0", "3e+38"}));
  EXPECT_EQ(Require(CastOver(ArrayOf(plan::DecimalType(4, 2), R"(["-0.25", "12.00"])"),
                             arrow::utf8_view())),
            (Texts{"-0.25", "12.00"}));
  EXPECT_EQ(Require(CastOver(ArrayOf(plan::DecimalType(2, 2), R"(["-0.25", "0.00"])"),
                             arrow::utf8_view())),
            (Texts{"-.25", ".00"}));
  EXPECT_EQ(
      Require(CastOver(ArrayOf(arrow::uint64(), "[18446744073709551615]"), arrow::utf8_view())),
      (Texts{"18446744073709551615"}));
}

// Files may hold values of more digits than their type has.
TEST(CastKernels, TheLeastDecimalAsText) {
  for (const auto& [scale, text] : {std::pair(38, "-1.70141183460469231731687303715884105728"),
                                    std::pair(37, "-17.0141183460469231731687303715884105728"),
                                    std::pair(0, "-170141183460469231731687303715884105728")}) {
    arrow::Decimal128Builder builder(arrow::decimal128(38, scale));
    testing::Require(builder.Append(arrow::Decimal128(std::numeric_limits<int64_t>::min(), 0)));
    const auto least = testing::Require(builder.Finish());
    EXPECT_EQ(Require(CastOver(least, arrow::utf8_view())), Texts{text});
  }
}

TEST(CastKernels, TextAsIntegers) {
  EXPECT_EQ(Read(arrow::int32(), {" 42 ", "+5", "-0", "1_000", "1e3", "1.5", "-2.5", "15e-1", "5.",
                                  ".5", "0x7F_FF", "0b101", "2147483647.4"}),
            (Texts{"42", "5", "0", "1000", "1000", "2", "-3", "2", "5", "1", "32767", "5",
                   "2147483647"}));
  const Texts wrong = {"",     "-",  "1__0", "1_",      "5 x",        "e5",          "1e",
                       "-0x1", "0x", "0b2",  "1e32768", "2147483648", "2147483647.5"};
  EXPECT_EQ(Read(arrow::int32(), wrong), Texts(wrong.size(), "NULL"));
  EXPECT_EQ(Read(arrow::uint8(), {"-0", "255", "256", "-1", "-0.4"}),
            (Texts{"0", "255", "NULL", "NULL", "NULL"}));
  EXPECT_THAT(CastOver(TextsOf({"7", "seven"}), arrow::int64()),
              FailsWith(arrow::StatusCode::Invalid, "seven does not fit int64"));
}

TEST(CastKernels, AnExponentHasNone) {
  std::string text = "1";
  for (int i = 0; i < 500'000; ++i) text += "e1";
  const Texts wrong = {"1e1e1", text};
  for (const auto& type : {arrow::int32(), arrow::float64(), plan::DecimalType(9, 2)}) {
    EXPECT_EQ(Read(type, wrong), (Texts{"NULL", "NULL"})) << type->ToString();
  }
}

// DuckDB 1.5.6 has 1.0 for the second, 0.01 for "5e-5" as DECIMAL(9, 2), and 12340 for the last.
TEST(CastKernels, TextAsFloatsAndDecimals) {
  EXPECT_EQ(Read(arrow::float64(), {"1_000.5", "1_2_3_4_5_6_7_8_9_0_1", " 1e400 ", "-1e-400",
                                    "-Infinity", "NaN", "1e+5", ".5", "5.", "0x10", "1__0", ""}),
            (Texts{"1000.5", "1.2345678901e+10", "inf", "-0", "-inf", "nan", "100000", "0.5", "5",
                   "NULL", "NULL", "NULL"}));
  EXPECT_EQ(Read(arrow::float32(), {"0.1", "16777217"}), (Texts{"0.1", "16777216"}));
  EXPECT_EQ(
      Read(plan::DecimalType(9, 2), {"1.005", "-1.005", "1.0049999999999999999999999999999999999",
                                     "5e-5", "5e-3", "1234567.89", "12345678", "1e6", "0e99"}),
      (Texts{"1.01", "-1.01", "1.00", "0.00", "0.01", "1234567.89", "NULL", "1000000.00", "0.00"}));
  EXPECT_EQ(Read(plan::DecimalType(4, 0), {"9999.4", "9999.5", "0.1234e5"}),
            (Texts{"9999", "NULL", "NULL"}));
}

TEST(CastKernels, TextAsBooleans) {
  EXPECT_EQ(
      Read(arrow::boolean(), {"TRUE", "t", "Yes", "1", "false", "F", "no", "0", "on", " true"}),
      (Texts{"true", "true", "true", "true", "false", "false", "false", "false", "NULL", "NULL"}));
}

TEST(CastKernels, TextAsDates) {
  EXPECT_EQ(
      Read(arrow::date32(),
           {"2024-2-9", " 2024/02/09", "2024 2 9 later", "epoch", "0044-03-15", "0001-01-01 (BC)"}),
      (Texts{"2024-02-09", "2024-02-09", "2024-02-09", "1970-01-01", "0044-03-15", "0000-01-01"}));
  const Texts wrong = {"2023-02-29",    "2024-13-01", "2024-02/09", "2024-02",
                       "2024-02-099",   "",           "infinit",    "0000-01-01 (BC)",
                       "5881580-07-11", "epoc"};
  EXPECT_EQ(Read(arrow::date32(), wrong), Texts(wrong.size(), "NULL"));
  const auto infinite = Require(CastOver(TextsOf({"infinity", "-inf"}), arrow::date32()));
  EXPECT_EQ(infinite,
            (Texts{"<value out of range: 2147483647>", "<value out of range: -2147483647>"}));
}

TEST(CastKernels, TextAsTimes) {
  EXPECT_EQ(Read(arrow::time64(TimeUnit::MICRO), {"9:05", "23:59:59.9999999", "12:00:00 or so",
                                                  "2024-02-29 01:02:03+04", "24:00:00"}),
            (Texts{"09:05:00.000000", "23:59:59.999999", "12:00:00.000000", "01:02:03.000000",
                   "<value out of range: 86400000000>"}));
  EXPECT_EQ(Read(arrow::time64(TimeUnit::NANO), {"0:0:0.123456789"}),
            (Texts{"00:00:00.123456789"}));
  const Texts wrong = {"24:00:01", "12", "12:00 x", "12:60", "12:00:60", "", "infinity"};
  EXPECT_EQ(Read(arrow::time64(TimeUnit::MICRO), wrong), Texts(wrong.size(), "NULL"));
}

TEST(CastKernels, TextAsTimestamps) {
  const Texts texts = {"2024-02-29T12:00:00.1239999Z", "2024-02-29 12:00:00+02", "2024-02-29",
                       "1969-12-31 23:59:59.5 UTC"};
  EXPECT_EQ(Read(arrow::timestamp(TimeUnit::MICRO), texts),
            (Texts{"2024-02-29 12:00:00.123999", "2024-02-29 12:00:00.000000",
                   "2024-02-29 00:00:00.000000", "1969-12-31 23:59:59.500000"}));
  EXPECT_EQ(Read(arrow::timestamp(TimeUnit::NANO), texts)[1], "2024-02-29 10:00:00.000000000");
  EXPECT_EQ(Read(arrow::timestamp(TimeUnit::SECOND), texts)[3], "1969-12-31 23:59:59");
  EXPECT_EQ(Read(arrow::timestamp(TimeUnit::SECOND), {"1969-12-31 23:59:58.4"})[0],
            "1969-12-31 23:59:58");
  const Texts wrong = {"2024-02-29 12", "2024-02-29 ", "2024-02-29 12:00 Europe/Berlin",
                       "2024-02-29 24:00:01", "294247-01-10 04:00:54.775807"};
  EXPECT_EQ(Read(arrow::timestamp(TimeUnit::MICRO), wrong), Texts(wrong.size(), "NULL"));
}

TEST(CastKernels, DatesAndTimesAsText) {
  const auto text = arrow::utf8_view();
  EXPECT_EQ(Require(CastOver(DatesOf({"2024-02-29", "-735160", "2147483647"}), text)),
            (Texts{"2024-02-29", "0044-03-15 (BC)", "infinity", "NULL"}));
  EXPECT_EQ(Require(CastOver(ArrayOf(arrow::time64(TimeUnit::MICRO), "[0, 86399500000, 1]"), text)),
            (Texts{"00:00:00", "23:59:59.5", "00:00:00.000001"}));
  EXPECT_THAT(CastOver(ArrayOf(arrow::time64(TimeUnit::MICRO), "[86400000001]"), text),
              FailsWith(arrow::StatusCode::Invalid, "does not fit string_view"));
  EXPECT_EQ(Require(CastOver(ArrayOf(arrow::timestamp(TimeUnit::NANO), "[-1, 1, 0]"), text)),
            (Texts{"1969-12-31 23:59:59.999999999", "1970-01-01 00:00:00.000000001",
                   "1970-01-01 00:00:00"}));
  EXPECT_EQ(Require(TryCastOver(ArrayOf(arrow::timestamp(TimeUnit::MICRO),
                                        "[-9223372036854775807, -9223372036854775000]"),
                                text)),
            (Texts{"-infinity", "NULL"}));
}

TEST(CastKernels, TimestampsOfOtherUnitsAreRoundedDown) {
  const auto values = ArrayOf(arrow::timestamp(TimeUnit::NANO), "[1999, -1, -9223372036854775807]");
  EXPECT_EQ(Require(CastOver(values, arrow::timestamp(TimeUnit::MICRO))),
            (Texts{"1970-01-01 00:00:00.000001", "1969-12-31 23:59:59.999999",
                   "<value out of range: -9223372036854775807>"}));
  EXPECT_EQ(Require(TryCastOver(values, arrow::time32(TimeUnit::MILLI))),
            (Texts{"00:00:00.000", "23:59:59.999", "NULL"}));
  EXPECT_EQ(Require(CastOver(values, arrow::date32())),
            (Texts{"1970-01-01", "1969-12-31", "<value out of range: -2147483647>"}));
  const auto late = ArrayOf(arrow::timestamp(TimeUnit::SECOND), "[9223372036855]");
  EXPECT_THAT(CastOver(late, arrow::date32()),
              FailsWith(arrow::StatusCode::Invalid, "does not fit date32"));
  EXPECT_EQ(Require(CastOver(ArrayOf(arrow::time64(TimeUnit::NANO), "[1999999999]"),
                             arrow::time32(TimeUnit::SECOND))),
            (Texts{"00:00:01"}));
  EXPECT_EQ(Require(CastOver(ArrayOf(arrow::time32(TimeUnit::SECOND), "[86399]"),
                             arrow::time64(TimeUnit::NANO))),
            (Texts{"23:59:59.000000000"}));
}

// Berlin had no 02:30 on 31 March 2024, and 02:30 twice on 27 October.
TEST(CastKernels, WallClocksOfZones) {
  const auto berlin = arrow::timestamp(TimeUnit::SECOND, "Europe/Berlin");
  const auto tokyo = arrow::timestamp(TimeUnit::MILLI, "Asia/Tokyo");
  const auto local = arrow::timestamp(TimeUnit::SECOND);
  const auto instants = ArrayOf(berlin, "[1704067200, 1720000000, 9223372036854775807, null]");
  EXPECT_EQ(Require(CastOver(instants, local)),
            (Texts{"2024-01-01 01:00:00", "2024-07-03 11:46:40",
                   "<value out of range: 9223372036854775807>", "NULL"}));
  EXPECT_EQ(Require(CastOver(ArrayOf(berlin, "[1704063600]"), arrow::date32())),
            (Texts{"2024-01-01"}));
  EXPECT_EQ(
      Require(CastOver(ArrayOf(berlin, "[1704067200]"), tokyo)),
      Require(CastOver(ArrayOf(local, "[1704067200]"), arrow::timestamp(TimeUnit::MILLI, "UTC"))));
  const auto clocks = ArrayOf(
      local, R"(["2024-01-01 01:00:00", "2024-03-31 02:30:00", "2024-10-27 02:30:00", null])");
  EXPECT_THAT(CastOver(clocks->Slice(0, 2), berlin),
              FailsWith(arrow::StatusCode::Invalid, "2024-03-31 02:30:00"));
  EXPECT_THAT(CastOver(clocks->Slice(2, 1), berlin),
              FailsWith(arrow::StatusCode::Invalid, "ambiguous"));
  EXPECT_EQ(Require(TryCastOver(clocks, berlin)),
            (Texts{"2024-01-01 00:00:00Z", "NULL", "NULL", "NULL"}));
  EXPECT_EQ(Require(CastOver(DatesOf({"2024-07-01"}), berlin)),
            (Texts{"2024-06-30 22:00:00Z", "NULL"}));
}

}  // namespace
}  // namespace skyhook::exec
