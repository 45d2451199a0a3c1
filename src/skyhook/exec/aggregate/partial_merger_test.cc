#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <thread>

#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/order/top_k_merger.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using testing::Require;

// 30,000 groups, each once in each of two halves.
std::shared_ptr<format::Fragment> TwiceEachKey() {
  std::string lines;
  for (int i = 0; i < 60'000; ++i) lines += fmt::format("key-{:06},{}\n", i % 30'000, i);
  const auto schema =
      arrow::schema({arrow::field("key", arrow::utf8()), arrow::field("value", arrow::int64())});
  return testing::OpenParquet(*testing::TableOf(schema, lines));
}

plan::Pipeline SumByKey(const format::Fragment& fragment) {
  auto pipeline = testing::ReadAll(*fragment.schema());
  pipeline.aggregate = plan::Aggregate{{0},
                                       {{AggregateFunction::kSum, 1, -1, "sum"},
                                        {AggregateFunction::kCountDistinct, 1, -1, "distinct"},
                                        {AggregateFunction::kMax, 0, -1, "max"}}};
  return pipeline;
}

TEST(PartialMerger, SpillsWhatDoesNotFitAndLosesNothing) {
  const auto fragment = TwiceEachKey();
  const auto pipeline = SumByKey(*fragment);
  const auto run = testing::RunKernel(pipeline, fragment);
  MergeOptions options;
  options.memory_bytes = 256 * 1024;
  auto merger = Require(PartialMerger::Make(pipeline, options));
  for (const auto& partial : run.batches) Require(merger->Consume(*partial, 0));
  Require(merger->Finish());
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (auto batch = Require(merger->Next())) batches.push_back(std::move(batch));
  EXPECT_GT(merger->spilled_bytes(), 0);
  auto rows = testing::RowsOf(batches);
  ASSERT_EQ(rows.size(), 30'000u);
  std::sort(rows.begin(), rows.end());
  for (int i = 0; i < 30'000; ++i) {
    ASSERT_EQ(rows[static_cast<size_t>(i)],
              fmt::format("key-{0:06}, {1}, 2, key-{0:06}", i, 2 * i + 30'000));
  }
}

TEST(PartialMerger, ConsumesFromSeveralThreads) {
  const auto fragment = TwiceEachKey();
  const auto pipeline = SumByKey(*fragment);
  RunRequest first, second;
  first.slice.rows = {{0, 30'000}};
  second.slice.rows = {{30'000, 60'000}};
  auto merger = Require(PartialMerger::Make(pipeline, {}));
  const auto feed = [&](const RunRequest& request) {
    for (const auto& partial : testing::RunKernel(pipeline, fragment, request).batches) {
      Require(merger->Consume(*partial, 0));
    }
  };
  std::thread other([&] { feed(second); });
  feed(first);
  other.join();
  Require(merger->Finish());
  int64_t rows = 0;
  while (auto batch = Require(merger->Next())) rows += batch->num_rows();
  EXPECT_EQ(rows, 30'000);
}

TEST(PartialMerger, FloatSumsDoNotShowHowRowsWereSplit) {
  const auto schema = arrow::schema({arrow::field("x", arrow::float64())});
  const auto fragment =
      testing::OpenParquet(*testing::TableOf(schema, "1e16\n1\n-1e16\n1\n0.5\n3.5\n"));
  auto pipeline = testing::ReadAll(*schema);
  pipeline.aggregate = plan::Aggregate{
      {}, {{AggregateFunction::kSum, 0, -1, "s"}, {AggregateFunction::kAvg, 0, -1, "a"}}};
  std::vector<std::shared_ptr<arrow::RecordBatch>> partials;
  for (int64_t row = 0; row < 6; ++row) {
    RunRequest request;
    request.slice.rows = {{row, row + 1}};
    for (auto& batch : testing::RunKernel(pipeline, fragment, request).batches) {
      partials.push_back(std::move(batch));
    }
  }
  const auto whole = testing::RunKernel(pipeline, fragment).batches;
  EXPECT_EQ(testing::FinalRows(pipeline, whole), (std::vector<std::string>{"6, 1"}));
  EXPECT_EQ(testing::FinalRows(pipeline, partials), (std::vector<std::string>{"6, 1"}));
}

TEST(PartialMerger, RefusesAPartialOfOtherTypes) {
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  auto pipeline = testing::ReadAll(*schema);
  pipeline.aggregate = plan::Aggregate{{0}, {{AggregateFunction::kCountAll, -1, -1, "rows"}}};
  const auto fragment = testing::OpenParquet(*testing::TableOf(schema, "1\n"));
  const auto partial = testing::RunKernel(pipeline, fragment).batches[0];
  for (int column = 0; column < 2; ++column) {
    const auto narrow = Require(arrow::MakeArrayFromScalar(arrow::Int32Scalar(1), 1));
    const auto other =
        Require(partial->SetColumn(column, arrow::field("narrow", arrow::int32()), narrow));
    auto merger = Require(PartialMerger::Make(pipeline, {}));
    EXPECT_THAT(merger->Consume(*other, 0),
                testing::FailsWith(arrow::StatusCode::Invalid, "narrow: int32 where its plan has"));
  }
}

TEST(PartialMerger, RefusesCountsThatNoRowsMake) {
  const auto schema = arrow::schema({arrow::field("x", arrow::float64())});
  const auto fragment = testing::OpenParquet(*testing::TableOf(schema, "1\n2\n"));
  // The column of the state that counts.
  for (const auto& [function, column] :
       {std::pair{AggregateFunction::kCount, 0}, std::pair{AggregateFunction::kAvg, 2},
        std::pair{AggregateFunction::kVarianceSample, 0}}) {
    auto pipeline = testing::ReadAll(*schema);
    pipeline.aggregate = plan::Aggregate{{}, {{function, 0, -1, "m"}}};
    const auto partial = testing::RunKernel(pipeline, fragment).batches.at(0);
    for (const int64_t count : {int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
      const auto counts = Require(arrow::MakeArrayFromScalar(arrow::Int64Scalar(count), 1));
      const auto other =
          Require(partial->SetColumn(column, partial->schema()->field(column), counts));
      auto merger = Require(PartialMerger::Make(pipeline, {}));
      Require(merger->Consume(*partial, 0));
      arrow::Status status = merger->Consume(*other, 0);
      if (status.ok()) status = merger->Finish();
      if (status.ok()) status = merger->Next().status();
      EXPECT_THAT(status, testing::FailsWith(base::Code::kCorruptData, "a partial state counts"));
    }
  }
}

TEST(PartialMerger, RefusesASumThatWrappedAroundMoreOftenThanRowsMakeIt) {
  const auto schema = arrow::schema({arrow::field("x", arrow::decimal128(38, 0))});
  auto pipeline = testing::ReadAll(*schema);
  pipeline.aggregate = plan::Aggregate{{}, {{AggregateFunction::kSum, 0, -1, "sum"}}};
  const auto fragment = testing::OpenParquet(*testing::TableOf(schema, "1\n"));
  const auto partial = testing::RunKernel(pipeline, fragment).batches.at(0);
  for (const int64_t wraps :
       {std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    const auto array = Require(arrow::MakeArrayFromScalar(arrow::Int64Scalar(wraps), 1));
    const auto other = Require(partial->SetColumn(1, partial->schema()->field(1), array));
    auto merger = Require(PartialMerger::Make(pipeline, {}));
    arrow::Status status = merger->Consume(*other, 0);
    if (status.ok()) status = merger->Finish();
    if (status.ok()) status = merger->Next().status();
    EXPECT_THAT(status, testing::FailsWith(base::Code::kCorruptData, "wrapped around"));
  }
}

TEST(TopKMerger, KeepsTheBestOfSeveralFragmentsAndSaysAThreshold) {
  const auto schema =
      arrow::schema({arrow::field("x", arrow::int64()), arrow::field("name", arrow::utf8())});
  auto pipeline = testing::ReadAll(*schema);
  pipeline.top_k = plan::TopK{{{0, true, false}}, 3};
  auto merger = Require(TopKMerger::Make(pipeline, int64_t{1} << 20));
  EXPECT_EQ(merger->Threshold(), nullptr);
  const auto consume = [&](const std::string& lines, int64_t fragment) {
    const auto run =
        testing::RunKernel(pipeline, testing::OpenParquet(*testing::TableOf(schema, lines)));
    for (const auto& batch : run.batches) Require(merger->Consume(batch, fragment, 0));
  };
  consume("5,late five\n9,nine\n", 1);
  EXPECT_EQ(merger->Threshold(), nullptr) << "two rows only";
  consume("5,early five\nNULL,none\n1,one\n", 0);
  ASSERT_NE(merger->Threshold(), nullptr);
  EXPECT_EQ(merger->Threshold()->ToString(pipeline.input.get()), "(x >= 5)");
  const auto best = Require(merger->Finish());
  EXPECT_EQ(testing::RowsOf(*best),
            (std::vector<std::string>{"9, nine", "5, early five", "5, late five"}));
}

}  // namespace
}  // namespace skyhook::exec
