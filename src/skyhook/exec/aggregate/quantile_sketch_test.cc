// Approximate quantiles: exact for few values, within the bound for many, the same for every split.
// The oracle is the sorted list of the numbers.
#include "skyhook/exec/aggregate/quantile_sketch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using testing::FailsWith;
using testing::Require;
using Numbers = std::vector<double>;

QuantileSketch SketchOf(const Numbers& numbers) {
  QuantileSketch sketch;
  for (double number : numbers) sketch.Add(number);
  return sketch;
}

// The value at rank fraction * (n - 1) of sorted numbers, between two ranks interpolated.
double Exact(const Numbers& numbers, double fraction) {
  const double rank = fraction * static_cast<double>(numbers.size() - 1);
  const auto below = static_cast<size_t>(rank);
  const size_t above = std::min(below + 1, numbers.size() - 1);
  const double part = rank - std::floor(rank);
  return numbers[below] * (1 - part) + numbers[above] * part;
}

void ExpectWithin(Numbers numbers, double bound) {
  const QuantileSketch sketch = SketchOf(numbers);
  std::sort(numbers.begin(), numbers.end());
  for (const double fraction : {0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
    const double exact = Exact(numbers, fraction);
    EXPECT_NEAR(*sketch.Quantile(fraction), exact, std::abs(exact) * bound + 1e-300) << fraction;
  }
}

TEST(QuantileSketch, FewDifferentNumbersAreExact) {
  EXPECT_EQ(QuantileSketch().Quantile(0.5), std::nullopt);
  EXPECT_EQ(SketchOf({7}).Quantile(0.3), 7);
  EXPECT_EQ(SketchOf({1, 2}).Quantile(0.5), 1.5);
  EXPECT_EQ(SketchOf({3, -1, 2, 2, -0.0}).Quantile(0.25), 0);
  Numbers numbers;
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> any(-1e6, 1e6);
  for (int i = 0; i < 4096; ++i) numbers.push_back(any(random));
  const Numbers once = numbers;
  for (int i = 0; i < 5; ++i) numbers.insert(numbers.end(), once.begin(), once.end());
  ExpectWithin(numbers, 1e-15);
}

TEST(QuantileSketch, ManyNumbersAreWithinTheBound) {
  std::mt19937_64 random(2);
  Numbers prices, latencies, wide;
  std::uniform_real_distribution<double> price(900, 105'000);
  std::lognormal_distribution<double> latency(0, 2);
  std::uniform_real_distribution<double> exponent(0, 62.9);
  for (int i = 0; i < 30'000; ++i) {
    prices.push_back(-price(random));
    latencies.push_back(latency(random));
    wide.push_back(std::exp2(exponent(random)));
  }
  ExpectWithin(prices, std::exp2(-8));
  ExpectWithin(latencies, std::exp2(-8));
  ExpectWithin(wide, std::exp2(-7));
}

TEST(QuantileSketch, EveryFiniteNumberHasABucketAndOthersAreSkipped) {
  std::mt19937_64 random(3);
  Numbers numbers = {-std::numeric_limits<double>::max(), std::numeric_limits<double>::max(),
                     std::numeric_limits<double>::denorm_min()};
  while (numbers.size() < 30'000) {
    const auto number = std::bit_cast<double>(random());
    if (std::isfinite(number)) numbers.push_back(number);
  }
  ExpectWithin(numbers, 0.5);
  EXPECT_LE(SketchOf(numbers).bytes().size(), 24 + 16 * QuantileSketch::kMostBuckets);
  Numbers others = {std::numeric_limits<double>::infinity(),
                    -std::numeric_limits<double>::infinity(), std::nan("")};
  EXPECT_EQ(SketchOf(others).bytes(), "");
}

// Any cut, any order of merging gives the same bytes.
TEST(QuantileSketch, DoesNotShowHowNumbersWereSplit) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::normal_distribution<double> any(0, std::exp2(static_cast<double>(random() % 60)));
    Numbers numbers;
    for (uint64_t i = random() % 30'000; i > 0; --i) numbers.push_back(any(random));
    std::vector<std::string> parts;
    for (size_t at = 0; at < numbers.size();) {
      const size_t until = std::min<size_t>(at + 1 + random() % 9000, numbers.size());
      parts.push_back(SketchOf({numbers.begin() + static_cast<std::ptrdiff_t>(at),
                                numbers.begin() + static_cast<std::ptrdiff_t>(until)})
                          .bytes());
      at = until;
    }
    std::shuffle(parts.begin(), parts.end(), random);
    QuantileSketch left, right;
    for (size_t i = 0; i < parts.size(); ++i) {
      Require((i % 2 == 0 ? left : right).Merge(parts[i]));
    }
    Require(left.Merge(right.bytes()));
    EXPECT_EQ(left.bytes(), SketchOf(numbers).bytes());
  }
}

TEST(QuantileSketch, DamagedBytesAreRefused) {
  const std::string good = SketchOf({1, 2, 3}).bytes();
  ASSERT_EQ(good.size(), 24u + 3 * 16);
  const auto merge = [](const std::string& bytes) { return QuantileSketch().Merge(bytes); };
  EXPECT_THAT(merge(good), testing::IsOk());
  EXPECT_THAT(merge(good.substr(0, 70)), FailsWith(base::Code::kCorruptData, "of 70 bytes"));
  EXPECT_THAT(merge(good.substr(0, 24)), FailsWith(base::Code::kCorruptData, "of 24 bytes"));
  std::string resolution = good;
  resolution[16] = 53;
  EXPECT_THAT(merge(resolution), FailsWith(base::Code::kCorruptData, "resolution 53"));
  std::string outside = good;
  outside[24 + 7] = 0x50;
  EXPECT_THAT(merge(outside), FailsWith(base::Code::kCorruptData, "in bucket"));
  std::string none = good;
  none[24 + 8] = 0;
  EXPECT_THAT(merge(none), FailsWith(base::Code::kCorruptData, "with 0 values"));
  std::string most = good;
  most.replace(24 + 8, 8, "\xff\xff\xff\xff\xff\xff\xff\x7f");
  EXPECT_THAT(merge(most), FailsWith(base::Code::kCorruptData, "in bucket"));
}

std::vector<std::string> QuantileOf(const std::shared_ptr<arrow::DataType>& type,
                                    const std::string& lines, double fraction) {
  const auto schema = arrow::schema({arrow::field("x", type)});
  const auto fragment =
      testing::OpenParquet(*testing::TableOf(schema, lines), {.row_group_rows = 2});
  auto pipeline = testing::ReadAll(*schema);
  pipeline.aggregate = plan::Aggregate{{},
                                       {{.function = AggregateFunction::kApproxQuantile,
                                         .argument = 0,
                                         .name = "q",
                                         .fraction = fraction}}};
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(fragment->num_rows());
  request.limits.memory_bytes = 1;
  return testing::FinalRows(pipeline, testing::RunKernel(pipeline, fragment, request).batches);
}

TEST(ApproxQuantile, ComesBackInTheTypeOfTheValues) {
  using Rows = std::vector<std::string>;
  EXPECT_EQ(QuantileOf(arrow::int8(), "1\nNULL\n4\n127\n", 0.5), Rows{"4"});
  EXPECT_EQ(QuantileOf(arrow::int64(), "9223372036854775807\n9223372036854775806\n", 0.5),
            Rows{"9223372036854775807"});
  EXPECT_EQ(QuantileOf(arrow::uint64(), "18446744073709551615\n", 0.1),
            Rows{"18446744073709551615"});
  EXPECT_EQ(QuantileOf(arrow::decimal128(38, 2), "999999999999999999999999999999999999.99\n", 1),
            Rows{"999999999999999999999999999999999999.99"});
  EXPECT_EQ(QuantileOf(arrow::decimal128(5, 2), "1.10\n1.20\n1.40\n", 0.25), Rows{"1.15"});
  EXPECT_EQ(QuantileOf(arrow::float32(), "1.5\nnan\ninf\n2.5\n", 0.5), Rows{"2"});
  EXPECT_EQ(QuantileOf(arrow::date32(), "2024-01-01\n2024-01-03\n", 0.5), Rows{"2024-01-02"});
  EXPECT_EQ(QuantileOf(arrow::float64(), "NULL\n", 0.5), Rows{"NULL"});
}

}  // namespace
}  // namespace skyhook::exec
