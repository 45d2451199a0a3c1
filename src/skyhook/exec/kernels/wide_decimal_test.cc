// Decimals of more than 38 digits. Expected values are those of Python's decimal module.
#include <arrow/array/concatenate.h>
#include <arrow/compute/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "skyhook/exec/kernels/call_testing.h"
#include "skyhook/exec/kernels/wide_decimal_cases_testing.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using plan::CallOptions;
using plan::Function;
using testing::Col;
using testing::FailsWith;
using testing::Require;
using Rows = std::vector<std::string>;
using TypePtr = std::shared_ptr<arrow::DataType>;

Rows Split(const std::string& text, char separator) {
  Rows out;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) {
    if (!part.empty()) out.push_back(part);
  }
  return out;
}

std::shared_ptr<arrow::Table> Table(const std::string& lines, const TypePtr& x,
                                    const TypePtr& y = nullptr) {
  // Arrow reads such decimals from text, and not from CSV.
  arrow::FieldVector fields = {arrow::field("x", x)};
  arrow::FieldVector texts = {arrow::field("x", arrow::utf8())};
  if (y != nullptr) {
    fields.push_back(arrow::field("y", y));
    texts.push_back(arrow::field("y", arrow::utf8()));
  }
  const auto text = testing::TableOf(arrow::schema(texts), lines);
  arrow::ArrayVector columns;
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto column = Require(arrow::Concatenate(text->column(static_cast<int>(i))->chunks()));
    columns.push_back(Require(arrow::compute::Cast(*column, fields[i]->type())));
  }
  return arrow::Table::Make(arrow::schema(fields), columns);
}

arrow::Result<Rows> Binary(Function function, const arrow::Table& table,
                           const CallOptions& options = {}, const TypePtr& type = nullptr) {
  auto pipeline = testing::ReadAll(*table.schema());
  ARROW_ASSIGN_OR_RAISE(
      auto call, plan::Call(function, {Col(pipeline, "x"), Col(pipeline, "y")}, options, type));
  pipeline.projection = {{"z", std::move(call)}};
  return testing::RunOver(pipeline, table);
}

arrow::Result<Rows> Unary(Function function, const arrow::Table& table,
                          const TypePtr& type = nullptr) {
  auto pipeline = testing::ReadAll(*table.schema());
  ARROW_ASSIGN_OR_RAISE(auto call, plan::Call(function, {Col(pipeline, "x")}, {}, type));
  pipeline.projection = {{"z", std::move(call)}};
  return testing::RunOver(pipeline, table);
}

plan::ExpressionPtr Decimal(const TypePtr& type, const std::string& text) {
  return testing::Lit(Require(ArrayOf(type, "[\"" + text + "\"]")->GetScalar(0)));
}

const auto kWide = arrow::decimal256(50, 10);

TEST(WideDecimals, ArithmeticIsPythons) {
  CallOptions options;
  options.overflow = CallOptions::Overflow::kNull;
  const Rows cases = Split(kWideArithmetic, '\n');
  ASSERT_EQ(cases.size(), 80u);
  for (size_t first = 0; first < cases.size(); first += 16) {
    std::string lines;
    Rows expected;
    for (size_t i = first; i < first + 16; ++i) {
      const Rows parts = Split(cases[i], '|');
      lines += parts[1] + "," + parts[2] + "\n";
      expected.push_back(parts[3]);
    }
    const std::string name = Split(cases[first], '|')[0];
    SCOPED_TRACE(name);
    const auto function = plan::FunctionByName(name);
    ASSERT_TRUE(function.has_value());
    EXPECT_EQ(Require(Binary(*function, *Table(lines, kWide, kWide), options)), expected);
  }
}

TEST(WideDecimals, RoundingIsPythons) {
  const auto table = Table(kWideRounded, arrow::decimal256(48, 1));
  const Rows cases = Split(kWideRounding, '\n');
  ASSERT_EQ(cases.size(), 28u);
  for (const std::string& line : cases) {
    SCOPED_TRACE(line);
    const Rows parts = Split(line, '|');
    auto pipeline = testing::ReadAll(*table->schema());
    CallOptions options;
    options.rounding = static_cast<CallOptions::Rounding>(std::stoi(parts[0]));
    options.overflow = CallOptions::Overflow::kNull;
    const auto digits = testing::Lit(arrow::MakeScalar(int32_t{std::stoi(parts[1])}));
    pipeline.projection = {
        {"z", Require(plan::Call(Function::kRound, {Col(pipeline, "x"), digits}, options))}};
    EXPECT_EQ(Require(testing::RunOver(pipeline, *table)), Split(parts[2], ','));
  }
  EXPECT_EQ(Require(Unary(Function::kFloor, *Table("2.5\n-2.5\n", arrow::decimal256(48, 1)))),
            (Rows{"2", "-3"}));
}

TEST(WideDecimals, OverflowIsAnErrorUnlessAskedFor) {
  const std::string most(76, '9');
  const auto table =
      Table(most + ",1\n-" + most + ",-1\n", arrow::decimal256(76, 0), arrow::decimal256(76, 0));
  EXPECT_THAT(Binary(Function::kAdd, *table),
              FailsWith(arrow::StatusCode::Invalid, "does not fit decimal256(76, 0)"));
  CallOptions options;
  options.overflow = CallOptions::Overflow::kSaturate;
  EXPECT_EQ(Require(Binary(Function::kAdd, *table, options)), (Rows{most, "-" + most}));
  options.overflow = CallOptions::Overflow::kWrap;
  EXPECT_THAT(Binary(Function::kAdd, *table, options),
              FailsWith(base::Code::kUnsupportedPlan, "decimals do not wrap around"));
}

TEST(WideDecimals, NarrowArgumentsGiveWideResultsWhereAskedFor) {
  const std::string most(38, '9');
  const auto table =
      Table(most + "," + most + "\n-3,7\n", arrow::decimal128(38, 0), arrow::decimal128(38, 0));
  EXPECT_THAT(Binary(Function::kMultiply, *table), FailsWith(arrow::StatusCode::Invalid, "fit"));
  EXPECT_EQ(Require(Binary(Function::kMultiply, *table, {}, arrow::decimal256(76, 0))),
            (Rows{std::string(37, '9') + "8" + std::string(37, '0') + "1", "-21"}));
}

TEST(WideDecimals, QuotientsThatNeedMoreThan256BitsAreRefused) {
  const auto table = Table("1,1\n", arrow::decimal256(76, 0), arrow::decimal256(76, 30));
  EXPECT_THAT(Binary(Function::kDivide, *table),
              FailsWith(base::Code::kUnsupportedPlan, "would need more than 256 bits"));
}

TEST(WideDecimals, SignsTurn) {
  const auto table = Table("-1234567890123456789012345678901234567890.5\n0\nNULL\n8\n", kWide);
  EXPECT_EQ(Require(Unary(Function::kNegate, *table)),
            (Rows{"1234567890123456789012345678901234567890.5000000000", "0E-10", "NULL",
                  "-8.0000000000"}));
  EXPECT_EQ(Require(Unary(Function::kAbs, *table)),
            (Rows{"1234567890123456789012345678901234567890.5000000000", "0E-10", "NULL",
                  "8.0000000000"}));
  EXPECT_EQ(Require(Unary(Function::kSign, *table)),
            (Rows{"-1.0000000000", "0E-10", "NULL", "1.0000000000"}));
  EXPECT_EQ(Require(Unary(Function::kSign, *table, arrow::int8())), (Rows{"-1", "0", "NULL", "1"}));
}

TEST(WideDecimals, CompareByValue) {
  const std::string big = "1" + std::string(45, '0');
  const auto type = arrow::decimal256(50, 2);
  const auto table =
      Table(big + ",0.01\n-" + big + ",-0.01\n0,0\nNULL,1\n-0.02,-0.01\n", type, type);
  const auto rows = [&](Function function) { return Require(Binary(function, *table)); };
  EXPECT_EQ(rows(Function::kLess), (Rows{"false", "true", "false", "NULL", "true"}));
  EXPECT_EQ(rows(Function::kLessEqual), (Rows{"false", "true", "true", "NULL", "true"}));
  EXPECT_EQ(rows(Function::kEqual), (Rows{"false", "false", "true", "NULL", "false"}));
  EXPECT_EQ(rows(Function::kIsDistinctFrom), (Rows{"true", "true", "false", "true", "true"}));
  EXPECT_EQ(rows(Function::kGreatest), (Rows{big + ".00", "-0.01", "0.00", "1.00", "-0.01"}));
}

TEST(WideDecimals, InFindsMembers) {
  const auto type = arrow::decimal256(40, 0);
  const std::string most(40, '9');
  auto table = Table(most + "\n-" + most + "\n7\nNULL\n", type);
  auto pipeline = testing::ReadAll(*table->schema());
  const auto literal = [&](const std::string& text) { return Decimal(type, text); };
  const auto x = Col(pipeline, "x");
  pipeline.projection = {{"z", testing::Fn(Function::kIn, {x, literal("-" + most), literal("8")})}};
  EXPECT_EQ(Require(testing::RunOver(pipeline, *table)), (Rows{"false", "true", "false", "NULL"}));
  pipeline.projection = {
      {"z", testing::Fn(Function::kIn, {x, plan::NullLiteral(type), literal("7")})}};
  EXPECT_EQ(Require(testing::RunOver(pipeline, *table)), (Rows{"NULL", "NULL", "true", "NULL"}));
}

TEST(WideDecimals, CastsOfFloatsAreExact) {
  const auto floats = ArrayOf(arrow::float64(),
                              "[0.1, -0.1, 1e-30, 2.5, -2.5e-31, 12345678901234567, 1e40, -1.7e45, "
                              "8.077935669463161e-28, 123456.789]");
  EXPECT_EQ(Require(CastOver(floats, arrow::decimal256(76, 30))),
            (Texts{"0.100000000000000005551115123126", "-0.100000000000000005551115123126", "1E-30",
                   "2.500000000000000000000000000000", "0E-30",
                   "12345678901234568.000000000000000000000000000000",
                   "10000000000000000303786028427003666890752.000000000000000000000000000000",
                   "-1699999999999999912278656347416172111299870720."
                   "000000000000000000000000000000",
                   "8.08E-28", "123456.789000000004307366907596588135"}));
  const auto outside = ArrayOf(arrow::float64(), "[NaN, Inf, 1.1e46, 1e300, -1.1e46, 1]");
  EXPECT_EQ(Require(TryCastOver(outside, arrow::decimal256(76, 30))),
            (Texts{"NULL", "NULL", "NULL", "NULL", "NULL", "1.000000000000000000000000000000"}));
  EXPECT_THAT(CastOver(outside, arrow::decimal256(76, 30)),
              FailsWith(arrow::StatusCode::Invalid, "nan does not fit decimal256(76, 30)"));
}

TEST(WideDecimals, CastsToFloatsAreTheNearest) {
  const auto values = ArrayOf(arrow::decimal256(76, 30),
                              R"(["0.100000000000000000000000000000",
      "123456789012345678901234567890.123456789012345678901234567891",
      "9007199254740993.000000000000000000000000000000",
      "9007199254740993.000000000000000000000000000001",
      "9999999999999999999999999999999999999999999999.999999999999999999999999999999",
      "-0.000000000000000000000000000001", null])");
  EXPECT_EQ(Require(CastOver(values, arrow::float64())),
            (Texts{"0.1", "1.2345678901234568e+29", "9.007199254740992e+15",
                   "9.007199254740994e+15", "1e+46", "-1e-30", "NULL"}));
  EXPECT_EQ(
      Require(TryCastOver(values, arrow::float32())),
      (Texts{"0.1", "1.2345679e+29", "9.007199e+15", "9.007199e+15", "NULL", "-1e-30", "NULL"}));
}

TEST(WideDecimals, CastsAmongDecimalsAndIntegersRound) {
  const auto values =
      ArrayOf(kWide, R"(["2.5000000000", "-2.5000000000", "9223372036854775807.4000000000",
                 "9223372036854775807.5000000000", "1234567890123456789012345678901234567890.0000000000",
                 "0.0000000000", null])");
  EXPECT_EQ(Require(TryCastOver(values, arrow::int64())),
            (Texts{"3", "-3", "9223372036854775807", "NULL", "NULL", "0", "NULL"}));
  EXPECT_EQ(Require(TryCastOver(values, arrow::decimal128(38, 0))),
            (Texts{"3", "-3", "9223372036854775807", "9223372036854775808", "NULL", "0", "NULL"}));
  EXPECT_EQ(Require(TryCastOver(values, arrow::decimal64(2, 1))),
            (Texts{"2.5", "-2.5", "NULL", "NULL", "NULL", "0.0", "NULL"}));
  EXPECT_EQ(Require(CastOver(values, arrow::boolean())),
            (Texts{"true", "true", "true", "true", "true", "false", "NULL"}));
  EXPECT_EQ(Require(CastOver(ArrayOf(arrow::uint64(), "[18446744073709551615, 0]"),
                             arrow::decimal256(60, 40))),
            (Texts{"18446744073709551615.0000000000000000000000000000000000000000", "0E-40"}));
  EXPECT_EQ(Require(TryCastOver(ArrayOf(arrow::decimal64(3, 1), R"(["-99.9", "0.5"])"),
                                arrow::decimal256(39, 38))),
            (Texts{"NULL", "0.50000000000000000000000000000000000000"}));
}

TEST(WideDecimals, TextIsWrittenAndRead) {
  const std::string digits = "1234567890123456789012345678901234567890";
  const auto values = ArrayOf(kWide, "[\"" + digits + ".0000000001\", \"-0.5000000000\", null]");
  EXPECT_EQ(Require(CastOver(values, arrow::utf8_view())),
            (Texts{digits + ".0000000001", "-0.5000000000", "NULL"}));
  EXPECT_EQ(Require(CastOver(
                ArrayOf(arrow::decimal256(40, 40), "[\"0." + digits + "\", \"-0." + digits + "\"]"),
                arrow::utf8_view())),
            (Texts{"." + digits, "-." + digits}));
  const auto texts =
      TextsOf({digits + ".00000000005", "-" + digits + "9", " -1_0e38 ", "1e40", "x"});
  EXPECT_EQ(Require(TryCastOver(texts, kWide)),
            (Texts{digits + ".0000000001", "NULL",
                   "-1000000000000000000000000000000000000000.0000000000", "NULL", "NULL"}));
}

// The final row of aggregates over row groups of two rows, merged.
Rows Aggregate(const arrow::Table& table, const std::vector<AggregateFunction>& functions,
               bool grouped = false) {
  const auto fragment = testing::OpenParquet(table, {.row_group_rows = 2});
  auto pipeline = testing::ReadAll(*table.schema());
  pipeline.aggregate = plan::Aggregate{};
  if (grouped) pipeline.aggregate->keys = {0};
  for (const AggregateFunction function : functions) {
    const int argument = plan::EntryOf(function).num_arguments == 0 ? -1 : 0;
    pipeline.aggregate->measures.push_back(
        {.function = function, .argument = argument, .name = "m"});
  }
  std::vector<std::shared_ptr<arrow::RecordBatch>> partials;
  for (int group = 0; group < fragment->num_row_groups(); ++group) {
    RunRequest request;
    request.slice.rows = plan::RowRanges{fragment->row_group_rows(group)};
    const auto run = testing::RunKernel(pipeline, fragment, std::move(request));
    partials.insert(partials.end(), run.batches.begin(), run.batches.end());
  }
  return testing::FinalRows(pipeline, partials);
}

TEST(WideDecimals, AggregatesMerge) {
  const auto table =
      Table("1234567890123456789012345678901234567890\n-0.5\n7\nNULL\n7.25\n7\n", kWide);
  EXPECT_EQ(Aggregate(*table,
                      {AggregateFunction::kSum, AggregateFunction::kAvg, AggregateFunction::kMin,
                       AggregateFunction::kMax, AggregateFunction::kCount,
                       AggregateFunction::kCountDistinct, AggregateFunction::kApproxCountDistinct}),
            Rows{"1234567890123456789012345678901234567910.7500000000, 2.4691357802469137e+38, "
                 "-0.5000000000, 1234567890123456789012345678901234567890.0000000000, 5, 4, 4"});
  EXPECT_THAT(Aggregate(*table, {AggregateFunction::kCountAll}, true),
              ::testing::UnorderedElementsAre(
                  "1234567890123456789012345678901234567890.0000000000, 1", "-0.5000000000, 1",
                  "7.0000000000, 2", "NULL, 1", "7.2500000000, 1"));
}

TEST(WideDecimals, SumsThatLeaveTheirTypeOnTheWayComeBack) {
  const std::string most(76, '9');
  std::string lines;
  for (int i = 0; i < 12; ++i) lines += most + "\n";
  const auto type = arrow::decimal256(76, 0);
  EXPECT_THROW(Aggregate(*Table(lines, type), {AggregateFunction::kSum}), std::runtime_error);
  for (int i = 0; i < 12; ++i) lines += "-" + most + "\n";
  EXPECT_EQ(Aggregate(*Table(lines + "5\n", type), {AggregateFunction::kSum}), Rows{"5"});
}

TEST(WideDecimals, TopKOrdersThem) {
  const std::string big = "1" + std::string(39, '0');
  const auto table = Table("-1\n" + big + "\nNULL\n0\n-" + big + "\n2.5\n", kWide);
  auto pipeline = testing::ReadAll(*table->schema());
  pipeline.top_k = plan::TopK{{{0, true, false}}, 3};
  const auto fragment = testing::OpenParquet(*table, {.row_group_rows = 2});
  EXPECT_EQ(testing::RunKernel(pipeline, fragment).rows(),
            (Rows{big + ".0000000000", "2.5000000000", "0E-10"}));
  pipeline.top_k = plan::TopK{{{0, false, true}}, 3};
  EXPECT_EQ(testing::RunKernel(pipeline, fragment).rows(),
            (Rows{"NULL", "-" + big + ".0000000000", "-1.0000000000"}));
}

TEST(WideDecimals, StatisticsAndBloomFiltersSkip) {
  const std::string big(40, '9');
  const auto type = arrow::decimal256(44, 2);
  const auto table = Table("-" + big + "\n-1\n0\n3\n5\n" + big + "\n", type);
  const auto fragment = testing::OpenParquet(*table, {.row_group_rows = 2, .bloom_filters = {"x"}});
  auto pipeline = testing::ReadAll(*table->schema());
  const auto run = [&](Function function, const std::string& value) {
    pipeline.filter = {testing::Fn(function, {Col(pipeline, "x"), Decimal(type, value)})};
    return testing::RunKernel(pipeline, fragment);
  };
  const auto above = run(Function::kGreater, "3.00");
  EXPECT_EQ(above.rows(), (Rows{"5.00", big + ".00"}));
  EXPECT_EQ(above.outcome.cost.row_groups_skipped_statistics, 2);
  EXPECT_EQ(run(Function::kEqual, "3.00").rows(), Rows{"3.00"});
  const auto absent = run(Function::kEqual, "-7.00");
  EXPECT_EQ(absent.rows(), Rows{});
  EXPECT_EQ(absent.outcome.cost.row_groups_skipped_statistics, 2);
  EXPECT_EQ(absent.outcome.cost.row_groups_skipped_bloom, 1);
}

}  // namespace
}  // namespace skyhook::exec
