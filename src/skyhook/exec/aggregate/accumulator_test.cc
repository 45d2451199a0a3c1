// Aggregates over groups: fed whole, or in pieces that are merged, they give the same. Expected
// values are those of Python's statistics module and numpy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using testing::Require;
using Rows = std::vector<std::string>;

// One aggregate of x (and y), each row group in a call of its own.
Rows Aggregate(const std::shared_ptr<arrow::Schema>& schema, const std::string& lines,
               plan::Measure measure, std::vector<int> keys = {}, int64_t row_group_rows = 2) {
  const auto table = testing::TableOf(schema, lines);
  const auto fragment = testing::OpenParquet(*table, {.row_group_rows = row_group_rows});
  auto pipeline = testing::ReadAll(*schema);
  measure.name = "m";
  pipeline.aggregate = plan::Aggregate{std::move(keys), {measure}};
  std::vector<std::shared_ptr<arrow::RecordBatch>> partials;
  for (int group = 0; group < fragment->num_row_groups(); ++group) {
    RunRequest request;
    request.slice.rows = plan::RowRanges{fragment->row_group_rows(group)};
    const auto run = testing::RunKernel(pipeline, fragment, std::move(request));
    partials.insert(partials.end(), run.batches.begin(), run.batches.end());
  }
  return testing::FinalRows(pipeline, partials);
}

const auto kPairs =
    arrow::schema({arrow::field("x", arrow::float64()), arrow::field("y", arrow::float64())});
constexpr char kPairRows[] = "2,1\n4,3\n4,2\nNULL,9\n4,NULL\n5,6\n5,5\n7,8\n9,7\n";

double Value(AggregateFunction function, int second = -1) {
  const Rows rows = Aggregate(kPairs, kPairRows,
                              {.function = function, .argument = 0, .name = "", .second = second});
  EXPECT_EQ(rows.size(), 1u);
  return std::stod(rows.at(0));
}

// Few groups, few rows, NULLs and values of many bits go other ways.
TEST(Accumulator, ManyRowsOfFewGroupsAreSummedAsAnyOthers) {
  const auto schema =
      arrow::schema({arrow::field("k", arrow::int64()), arrow::field("x", arrow::int64())});
  for (const int64_t largest :
       {int64_t{1000}, (int64_t{1} << 46) - 1, int64_t{1} << 46, int64_t{1} << 52}) {
    for (const int groups : {1, 3, 32, 37}) {
      for (const bool nulls : {false, true}) {
        SCOPED_TRACE(fmt::format("{} in {} groups, nulls: {}", largest, groups, nulls));
        std::string lines;
        std::map<int64_t, std::pair<int64_t, int64_t>> expected;  // sum and count
        for (int64_t row = 0; row < 1003; ++row) {
          const int64_t key = row * 7 % groups;
          const int64_t value = row % 3 == 0 ? -largest + row % 5 : largest - row;
          const bool null = nulls && row % 11 == 0;
          lines += fmt::format("{},{}\n", key, null ? "NULL" : std::to_string(value));
          if (null) continue;
          expected[key].first += value;
          ++expected[key].second;
        }
        Rows sums, counts;
        for (const auto& [key, of] : expected) {
          sums.push_back(fmt::format("{}, {}", key, of.first));
          counts.push_back(fmt::format("{}, {}", key, of.second));
        }
        const auto rows = [&](AggregateFunction function) {
          Rows out = Aggregate(schema, lines, {function, 1, -1, "m"}, {0}, 600);
          std::sort(out.begin(), out.end(), [](const std::string& a, const std::string& b) {
            return std::stoll(a) < std::stoll(b);
          });
          return out;
        };
        EXPECT_EQ(rows(AggregateFunction::kSum), sums);
        EXPECT_EQ(rows(AggregateFunction::kCount), counts);
      }
    }
  }
}

TEST(Accumulator, MomentsMergeToThoseOfTheWhole) {
  // statistics.variance([2, 4, 4, 4, 5, 5, 7, 9]) and so on.
  EXPECT_NEAR(Value(AggregateFunction::kVarianceSample), 4.571428571428571, 1e-14);
  EXPECT_NEAR(Value(AggregateFunction::kVariancePopulation), 4.0, 1e-14);
  EXPECT_NEAR(Value(AggregateFunction::kStdDevSample), 2.138089935299395, 1e-14);
  EXPECT_NEAR(Value(AggregateFunction::kStdDevPopulation), 2.0, 1e-14);
}

TEST(Accumulator, ComomentsCountRowsWhereNeitherIsNull) {
  // numpy.cov and corrcoef of [2, 4, 4, 5, 5, 7, 9] and [1, 3, 2, 6, 5, 8, 7].
  EXPECT_NEAR(Value(AggregateFunction::kCovarianceSample, 1), 5.238095238095238, 1e-14);
  EXPECT_NEAR(Value(AggregateFunction::kCovariancePopulation, 1), 4.489795918367347, 1e-14);
  EXPECT_NEAR(Value(AggregateFunction::kCorrelation, 1), 0.8760005513737436, 1e-12);
}

TEST(Accumulator, TooFewValuesHaveNoVariance) {
  const auto of = [](const std::string& lines, AggregateFunction function) {
    return Aggregate(kPairs, lines, {.function = function, .argument = 0, .name = ""});
  };
  EXPECT_EQ(of("1,1\n", AggregateFunction::kVarianceSample), Rows{"NULL"});
  EXPECT_EQ(of("1,1\n", AggregateFunction::kVariancePopulation), Rows{"0"});
  EXPECT_EQ(of("NULL,1\n", AggregateFunction::kVariancePopulation), Rows{"NULL"});
}

TEST(Accumulator, BitsAndTruthsSkipNull) {
  const auto numbers = arrow::schema({arrow::field("x", arrow::int16())});
  const auto bits = [&](AggregateFunction function) {
    return Aggregate(numbers, "12\nNULL\n10\n-6\n",
                     {.function = function, .argument = 0, .name = ""});
  };
  EXPECT_EQ(bits(AggregateFunction::kBitAnd), Rows{"8"});
  EXPECT_EQ(bits(AggregateFunction::kBitOr), Rows{"-2"});
  EXPECT_EQ(bits(AggregateFunction::kBitXor), Rows{"-4"});
  const auto truths = arrow::schema({arrow::field("x", arrow::boolean())});
  const auto all = [&](const std::string& lines, AggregateFunction function) {
    return Aggregate(truths, lines, {.function = function, .argument = 0, .name = ""});
  };
  EXPECT_EQ(all("true\nNULL\nfalse\n", AggregateFunction::kBoolAnd), Rows{"false"});
  EXPECT_EQ(all("true\nNULL\nfalse\n", AggregateFunction::kBoolOr), Rows{"true"});
  EXPECT_EQ(all("NULL\nNULL\n", AggregateFunction::kBoolOr), Rows{"NULL"});
}

TEST(Accumulator, SumsOfIntegersInSixtyFourBitsEndInAnErrorWhereTheyDoNotFit) {
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  const plan::Measure sum = {
      .function = AggregateFunction::kSum, .argument = 0, .name = "", .type = arrow::int64()};
  // The running total leaves 64 bits; the result does not.
  EXPECT_EQ(Aggregate(schema, "9223372036854775807\n1\n-2\n", sum), Rows{"9223372036854775806"});
  EXPECT_THROW(Aggregate(schema, "9223372036854775807\n1\n", sum), std::exception);
}

TEST(Accumulator, SumsOfDecimalsMayLeaveTheirWidthOnTheWay) {
  const auto sum = [](const std::shared_ptr<arrow::DataType>& type, const std::string& lines) {
    return Aggregate(arrow::schema({arrow::field("x", type)}), lines,
                     {.function = AggregateFunction::kSum, .argument = 0, .name = ""});
  };
  const std::string most(38, '9');
  const std::string up = most + "\n" + most + "\n" + most + "\n" + most + "\n";
  const std::string down = "-" + most + "\n-" + most + "\n-" + most + "\n-" + most + "\n";
  const auto narrow = arrow::decimal128(38, 0);
  EXPECT_EQ(sum(narrow, up + down + "7\n"), Rows{"7"});
  EXPECT_EQ(sum(narrow, down + "NULL\n" + up + "-7\n"), Rows{"-7"});
  EXPECT_THROW(sum(narrow, up), std::exception);
  EXPECT_THROW(sum(narrow, "-" + most + "\n-1\n"), std::exception);
  EXPECT_EQ(sum(narrow, "-" + most + "\n"), Rows{"-" + most});
}

// Arrow reads such decimals from text, and not from CSV.
Rows SumOfWide(const std::string& lines) {
  const auto table = testing::TableOf(arrow::schema({arrow::field("x", arrow::utf8())}), lines);
  const auto fragment = testing::OpenParquet(*table);
  auto pipeline = testing::ReadAll(*table->schema());
  const auto wide = Require(plan::Call(plan::Function::kCast, {testing::Col(pipeline, "x")}, {},
                                       arrow::decimal256(76, 0)));
  pipeline.projection = {{"x", wide}};
  pipeline.aggregate =
      plan::Aggregate{{}, {{.function = AggregateFunction::kSum, .argument = 0, .name = "m"}}};
  const auto run = testing::RunKernel(pipeline, fragment, testing::AllRowsOf(*fragment));
  return testing::FinalRows(pipeline, run.batches);
}

TEST(Accumulator, SumsOfWideDecimalsHaveSeventySixDigits) {
  const std::string most(76, '9');
  EXPECT_EQ(SumOfWide(most + "\n" + most + "\n-" + most + "\n"), Rows{most});
  EXPECT_THROW(SumOfWide(most + "\n1\n"), std::exception);
}

// n distinct numbers, each several times.
Rows DistinctOf(int64_t n) {
  std::string lines = "NULL\n";
  for (int64_t i = 0; i < n; ++i) lines += std::to_string(i * 7919) + "\n";
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  const auto table = testing::TableOf(schema, lines + lines);
  const auto fragment = testing::OpenParquet(*table, {.row_group_rows = 1000});
  auto pipeline = testing::ReadAll(*schema);
  pipeline.aggregate = plan::Aggregate{
      {}, {{.function = AggregateFunction::kApproxCountDistinct, .argument = 0, .name = "m"}}};
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(fragment->num_rows());
  request.limits.memory_bytes = 1024;  // flushed and merged again and again
  const auto run = testing::RunKernel(pipeline, fragment, std::move(request));
  return testing::FinalRows(pipeline, run.batches);
}

TEST(Accumulator, FewDistinctValuesAreCountedExactly) {
  EXPECT_EQ(DistinctOf(0), Rows{"0"});
  EXPECT_EQ(DistinctOf(1), Rows{"1"});
  EXPECT_EQ(DistinctOf(256), Rows{"256"});
}

TEST(Accumulator, ManyDistinctValuesAreEstimatedWithinTheBound) {
  for (const int64_t n : {300, 3000, 10'000, 50'000}) {
    const double estimate = std::stod(DistinctOf(n).at(0));
    // Five standard errors.
    EXPECT_NEAR(estimate, static_cast<double>(n), 5 * 0.01625 * static_cast<double>(n)) << n;
  }
}

}  // namespace
}  // namespace skyhook::exec
