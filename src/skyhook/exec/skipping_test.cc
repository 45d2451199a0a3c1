// What the kernel does not read, and how its account says so.
#include <gtest/gtest.h>

#include <string>

#include "skyhook/exec/run.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::Function;
using testing::Col;
using testing::Fn;
using testing::Lit;
using testing::ParquetLayout;
using testing::RunKernel;

// Rows (i, i % 7 as text "v0".."v6" except that row groups 100..199 use "w", i * 10).
std::shared_ptr<arrow::Table> Numbers(int64_t rows) {
  std::string lines;
  for (int64_t i = 0; i < rows; ++i) {
    const bool second = i / 100 == 1;
    lines += fmt::format("{},{}{},{}\n", i, second ? "w" : "v", i % 7, i * 10);
  }
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("tag", arrow::utf8()),
                     arrow::field("payload", arrow::int64())});
  return testing::TableOf(schema, lines);
}

ParquetLayout RowGroupsOf(int64_t rows) {
  ParquetLayout layout;
  layout.row_group_rows = rows;
  return layout;
}

TEST(Skipping, RowGroupStatisticsRuleOutRowGroups) {
  const auto fragment = testing::OpenParquet(*Numbers(400), RowGroupsOf(100));
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "id"), Lit(398)})};
  const auto run = RunKernel(pipeline, fragment);
  EXPECT_EQ(run.rows(), (std::vector<std::string>{"398, v6, 3980", "399, v0, 3990"}));
  EXPECT_EQ(run.outcome.cost.row_groups, 4);
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_statistics, 3);
}

TEST(Skipping, PageIndexRulesOutRowsOfARowGroup) {
  ParquetLayout layout = RowGroupsOf(1000);
  layout.page_rows = 100;
  layout.dictionary = false;
  const auto fragment = testing::OpenParquet(*Numbers(1000), layout);
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "id"), Lit(555)})};
  const auto run = RunKernel(pipeline, fragment);
  EXPECT_EQ(run.rows(), (std::vector<std::string>{"555, v2, 5550"}));
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_statistics, 0);
  EXPECT_EQ(run.outcome.cost.rows_skipped_page_index, 900);
  EXPECT_EQ(run.outcome.cost.pages_read, 3) << "one page of each column";
}

TEST(Skipping, BloomFilterRulesOutARowGroupThatStatisticsDoNot) {
  ParquetLayout layout = RowGroupsOf(100);
  layout.dictionary = false;
  layout.bloom_filters = {"payload"};
  const auto fragment = testing::OpenParquet(*Numbers(200), layout);
  auto pipeline = testing::ReadAll(*fragment->schema());
  // 555 lies between the bounds of the first row group (0 .. 990), and is no multiple of 10.
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "payload"), Lit(555)})};
  auto run = RunKernel(pipeline, fragment);
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_statistics, 1);
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_bloom, 1);
  EXPECT_EQ(run.outcome.cost.pages_read, 0);
  EXPECT_TRUE(run.rows().empty());
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "payload"), Lit(560)})};
  run = RunKernel(pipeline, fragment);
  EXPECT_EQ(run.rows(), (std::vector<std::string>{"56, v0, 560"}));
}

TEST(Skipping, DictionaryRulesOutARowGroupThatStatisticsDoNot) {
  const auto fragment = testing::OpenParquet(*Numbers(200), RowGroupsOf(100));
  auto pipeline = testing::ReadAll(*fragment->schema());
  // Between "v0" and "v6", and in no dictionary.
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "tag"), Lit("v33")})};
  const auto run = RunKernel(pipeline, fragment);
  EXPECT_TRUE(run.rows().empty());
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_statistics, 1) << "w0 .. w6";
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_dictionary, 1);
  EXPECT_EQ(run.outcome.cost.pages_read, 0);
}

TEST(Skipping, DictionaryDoesNotRuleOutNullsThatThePredicateWants) {
  const auto schema = arrow::schema({arrow::field("tag", arrow::utf8())});
  const auto fragment = testing::OpenParquet(*testing::TableOf(schema, "a\nNULL\na\n"));
  auto pipeline = testing::ReadAll(*fragment->schema());
  const auto is_null = Fn(Function::kIsNull, {Col(pipeline, "tag")});
  const auto is_b = Fn(Function::kEqual, {Col(pipeline, "tag"), Lit("b")});
  pipeline.filter = {testing::Require(plan::Or({is_null, is_b}))};
  EXPECT_EQ(RunKernel(pipeline, fragment).rows(), (std::vector<std::string>{"NULL"}));
}

TEST(Skipping, PayloadPagesAreReadLateAndOnlyWhereRowsAreLeft) {
  ParquetLayout layout = RowGroupsOf(2000);
  layout.page_rows = 100;
  layout.dictionary = false;
  layout.statistics = false;
  const auto fragment = testing::OpenParquet(*Numbers(2000), layout);
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "id"), Lit(1234)})};
  const auto run = RunKernel(pipeline, fragment);
  EXPECT_EQ(run.rows(), (std::vector<std::string>{"1234, v2, 12340"}));
  EXPECT_GT(run.outcome.cost.pages_skipped_late, 0);
  EXPECT_LT(run.outcome.cost.pages_read, 3 * 20);
}

TEST(Skipping, RuntimeFilterThatTightensWhileTheScanRunsRulesOutLaterRowGroups) {
  const auto fragment = testing::OpenParquet(*Numbers(400), RowGroupsOf(100));
  const auto pipeline = testing::ReadAll(*fragment->schema());
  auto filter = std::make_shared<plan::SettableRuntimeFilter>("join");
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(400);
  request.runtime_filters = {filter};
  request.limits.batch_rows = 100;
  auto execution = testing::Require(exec::Run(pipeline, fragment, std::move(request)));
  filter->Set(Fn(Function::kLess, {Col(pipeline, "id"), Lit(300)}));
  auto first = testing::Require(execution->Next());
  ASSERT_EQ(first->num_rows(), 100);
  filter->Set(Fn(Function::kLess, {Col(pipeline, "id"), Lit(150)}));
  int64_t rows = first->num_rows();
  while (auto batch = testing::Require(execution->Next())) rows += batch->num_rows();
  EXPECT_LT(rows, 300) << "rows of row groups that the tightened filter rejects";
  EXPECT_GE(execution->outcome().cost.row_groups_skipped_runtime, 2);
}

TEST(Skipping, TopKThresholdRulesOutLaterRowGroups) {
  const auto fragment = testing::OpenParquet(*Numbers(400), RowGroupsOf(100));
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.top_k = plan::TopK{{{0, false, false}}, 2};
  const auto run = RunKernel(pipeline, fragment);
  EXPECT_EQ(run.rows(), (std::vector<std::string>{"0, v0, 0", "1, v1, 10"}));
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_runtime, 3);
}

TEST(Skipping, CountOfAllRowsReadsNoPages) {
  const auto fragment = testing::OpenParquet(*Numbers(400), RowGroupsOf(100));
  plan::Pipeline pipeline;
  pipeline.input = arrow::schema({});
  pipeline.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  const auto run = RunKernel(pipeline, fragment);
  EXPECT_EQ(testing::FinalRows(pipeline, run.batches), (std::vector<std::string>{"400"}));
  EXPECT_EQ(run.outcome.cost.bytes_read, 0);
}

}  // namespace
}  // namespace skyhook::exec
