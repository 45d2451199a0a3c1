// Counts, least and greatest values come out of statistics where these tell them, and are what rows
// would have given.
#include "skyhook/exec/aggregate/statistics_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "skyhook/exec/run.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using plan::Function;
using testing::Col;
using testing::Fn;
using testing::Lit;
using testing::Require;

class StatisticsStateTest : public ::testing::Test {
 protected:
  static constexpr int64_t kRows = 400;

  StatisticsStateTest() {
    const auto schema = arrow::schema(
        {arrow::field("id", arrow::int64()), arrow::field("day", arrow::date32()),
         arrow::field("price", arrow::decimal128(12, 2)), arrow::field("flag", arrow::boolean()),
         arrow::field("text", arrow::utf8()), arrow::field("ratio", arrow::float64()),
         arrow::field("none", arrow::int32())});
    std::string lines;
    for (int64_t i = 0; i < kRows; ++i) {
      const std::string price =
          i % 3 == 0 ? "NULL" : fmt::format("{}.{:02}", i * 7919 % 997, i % 100);
      lines += fmt::format("{},19{:02}-0{}-1{},{},{},text {},{},NULL\n", i, i % 90, 1 + i % 9,
                           i % 10, price, i % 2 == 0 ? "true" : "false", i, i * 0.5);
    }
    table_ = testing::TableOf(schema, lines);
    testing::ParquetLayout layout;
    layout.row_group_rows = 100;
    layout.page_rows = 20;
    parquet_ = testing::OpenParquet(*table_, layout);
    batches_ = Require(format::FragmentFromBatches(
        parquet_->schema(),
        testing::RunKernel(testing::ReadAll(*parquet_->schema()), parquet_).batches, "batches"));
  }

  using Measures = std::vector<std::pair<AggregateFunction, std::string>>;

  plan::Pipeline Of(const Measures& measures) const {
    auto pipeline = testing::ReadAll(*parquet_->schema());
    pipeline.aggregate = plan::Aggregate{};
    for (const auto& [function, column] : measures) {
      pipeline.aggregate->measures.push_back(
          {function, pipeline.input->GetFieldIndex(column), -1, "m"});
    }
    return pipeline;
  }

  // The row groups whose rows were not read. The answer must be that of rows in memory.
  int64_t FromStatistics(const plan::Pipeline& pipeline) {
    return FromStatistics(pipeline, plan::RowRanges::All(kRows));
  }
  int64_t FromStatistics(const plan::Pipeline& pipeline, const plan::RowRanges& rows) {
    RunRequest request;
    request.slice.rows = rows;
    const auto run = testing::RunKernel(pipeline, parquet_, request);
    const auto expected = testing::RunKernel(pipeline, batches_, request);
    EXPECT_EQ(expected.outcome.cost.row_groups_from_statistics, 0);
    EXPECT_EQ(testing::FinalRows(pipeline, run.batches),
              testing::FinalRows(pipeline, expected.batches))
        << pipeline.ToString();
    EXPECT_EQ(run.outcome.answered, rows);
    pages_read_ = run.outcome.cost.pages_read;
    return run.outcome.cost.row_groups_from_statistics;
  }

  std::shared_ptr<arrow::Table> table_;
  std::shared_ptr<format::Fragment> parquet_;
  std::shared_ptr<format::Fragment> batches_;
  int64_t pages_read_ = 0;
};

TEST_F(StatisticsStateTest, TellsCountsAndBoundsOfWhatIsStoredWhole) {
  using F = AggregateFunction;
  EXPECT_EQ(FromStatistics(Of({{F::kMin, "id"},
                               {F::kMax, "id"},
                               {F::kCountAll, ""},
                               {F::kMin, "day"},
                               {F::kMax, "day"},
                               {F::kCount, "price"},
                               {F::kMax, "price"},
                               {F::kMin, "price"},
                               {F::kMin, "flag"},
                               {F::kMax, "flag"},
                               {F::kCount, "text"},
                               {F::kCount, "ratio"}})),
            4);
  EXPECT_EQ(pages_read_, 0);
}

TEST_F(StatisticsStateTest, OfNullsAloneTheBoundsAreNull) {
  using F = AggregateFunction;
  EXPECT_EQ(FromStatistics(Of({{F::kMin, "none"}, {F::kMax, "none"}, {F::kCount, "none"}})), 4);
}

TEST_F(StatisticsStateTest, BoundsOfFloatsAreReadInRows) {
  EXPECT_EQ(FromStatistics(Of({{AggregateFunction::kMax, "ratio"}})), 0);
  EXPECT_GT(pages_read_, 0);
}

// Arrow's writer says that it has not cut them.
TEST_F(StatisticsStateTest, BoundsOfTextAreValuesWhereTheFileSaysSo) {
  EXPECT_EQ(FromStatistics(Of({{AggregateFunction::kMax, "text"}})), 4);
}

TEST_F(StatisticsStateTest, OtherMeasuresReadRowsForAll) {
  using F = AggregateFunction;
  EXPECT_EQ(FromStatistics(Of({{F::kMin, "id"}, {F::kSum, "id"}})), 0);
  auto computed = Of({{F::kMin, "id"}});
  auto& argument = computed.projection[0].expression;
  argument = Fn(Function::kNegate, {argument});
  EXPECT_EQ(FromStatistics(computed), 0);
  auto conditional = Of({{F::kMin, "id"}});
  conditional.aggregate->measures[0].filter = conditional.input->GetFieldIndex("flag");
  EXPECT_EQ(FromStatistics(conditional), 0);
  auto grouped = Of({{F::kMin, "id"}});
  grouped.aggregate->keys = {grouped.input->GetFieldIndex("flag")};
  RunRequest request = testing::AllRowsOf(*parquet_);
  EXPECT_EQ(testing::RunKernel(grouped, parquet_, request).outcome.cost.row_groups_from_statistics,
            0);
}

TEST_F(StatisticsStateTest, OnlyRowGroupsThatPassWhole) {
  auto pipeline = Of({{AggregateFunction::kMin, "day"}, {AggregateFunction::kCountAll, ""}});
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "id"), Lit(150)})};
  EXPECT_EQ(FromStatistics(pipeline), 2) << "the first is skipped, the second is read";
  pipeline.filter.clear();
  EXPECT_EQ(FromStatistics(pipeline, plan::RowRanges({{50, 250}})), 1);
}

}  // namespace
}  // namespace skyhook::exec
