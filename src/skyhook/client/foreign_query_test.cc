// What is run of a chain of steps, over TPC-H and in memory. Rows against other engines:
// tests/foreign_plans_test.py.
#include "skyhook/client/foreign_query.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "skyhook/base/status.h"
#include "skyhook/client/batches_table.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::client {
namespace {

using base::Code;
using testing::FailsWith;
using testing::Require;
using testing::RowsOf;

substrait::ForeignPlan Sample(const std::string& name) {
  const auto path =
      std::filesystem::path(SKYHOOK_SOURCE_DIR) / "tests" / "compat" / "substrait" / name;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return Require(substrait::ReadForeignPlan(bytes.str()));
}

std::shared_ptr<const Table> Lineitem() {
  const char* data = std::getenv("SKYHOOK_TPCH");
  return Require(OpenAlone(std::string(data == nullptr ? "." : data) + "/lineitem.parquet"));
}

arrow::Result<std::vector<std::string>> Rows(const substrait::ForeignPlan& plan,
                                             std::shared_ptr<const Table> table,
                                             const ScanOptions& options = {}) {
  ARROW_ASSIGN_OR_RAISE(auto reader, RunForeignPlan(plan, std::move(table), options));
  ARROW_ASSIGN_OR_RAISE(const auto batches, reader->ToRecordBatches());
  return RowsOf(batches);
}

/// Batches of `rows` numbers each, ascending from 0, as a table with the column `x`.
std::shared_ptr<const Table> Numbers(int batches, int rows) {
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  std::vector<std::shared_ptr<arrow::RecordBatch>> made;
  for (int batch = 0; batch < batches; ++batch) {
    arrow::Int64Builder values;
    for (int row = 0; row < rows; ++row) Require(values.Append(batch * rows + row));
    made.push_back(arrow::RecordBatch::Make(schema, rows, {Require(values.Finish())}));
  }
  return Require(TableOfBatches("numbers", schema, made));
}

plan::Pipeline Over(const std::string& column) {
  plan::Pipeline pipeline;
  pipeline.input = arrow::schema({arrow::field(column, arrow::int64())});
  pipeline.projection = {{"", testing::Col(pipeline, column)}};
  return pipeline;
}

TEST(ForeignQuery, SortsWhatAnAggregateGave) {
  const auto rows = Require(Rows(Sample("df_q1.opt.pb"), Lineitem()));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].substr(0, 24), "A, F, 3774200.00, 532075");
  EXPECT_EQ(rows[3].substr(0, 24), "R, F, 3785523.00, 533795");
}

TEST(ForeignQuery, AggregatesWhatAnAggregateGave) {
  EXPECT_EQ(Require(Rows(Sample("df_count_distinct.opt.pb"), Lineitem())),
            std::vector<std::string>{"1000"});
}

TEST(ForeignQuery, PassesOverRowsAcrossBatches) {
  substrait::ForeignPlan plan;
  plan.names = {"y"};
  plan.steps = {{Over("x"), 0}, {Over("#0"), 0}};
  plan.steps[0].pipeline.limit = plan::Limit{9};
  plan.steps[0].offset = 5;
  plan.steps[1].pipeline.limit = plan::Limit{3};
  plan.steps[1].offset = 1;
  EXPECT_EQ(Require(Rows(plan, Numbers(5, 2))), (std::vector<std::string>{"6", "7"}));
  const auto reader = Require(RunForeignPlan(plan, Numbers(5, 2), {}));
  EXPECT_EQ(reader->schema()->field_names(), std::vector<std::string>{"y"});
}

TEST(ForeignQuery, AnOffsetBeyondTheEndLeavesNothing) {
  substrait::ForeignPlan plan;
  plan.names = {"y"};
  plan.steps = {{Over("x"), 100}};
  plan.steps[0].pipeline.limit = plan::Limit{substrait::kAllRows};
  EXPECT_EQ(Require(Rows(plan, Numbers(5, 2))).size(), 0u);
  plan.steps[0].offset = 3;
  EXPECT_EQ(Require(Rows(plan, Numbers(5, 2))).size(), 7u);
}

TEST(ForeignQuery, ASortOfAllRowsHasThemAll) {
  substrait::ForeignPlan plan;
  plan.names = {"y"};
  plan.steps = {{Over("x"), 0}};
  plan.steps[0].pipeline.top_k = plan::TopK{{{0, true, false}}, substrait::kAllRows};
  const auto rows = Require(Rows(plan, Numbers(50, 300)));
  ASSERT_EQ(rows.size(), 15000u);
  EXPECT_EQ(rows.front(), "14999");
  EXPECT_EQ(rows.back(), "0");
}

TEST(ForeignQuery, ManyThreadsGiveWhatOneGives) {
  ScanOptions options;
  options.unit_rows = 1000;
  const auto one = Require(Rows(Sample("df_q1.opt.pb"), Lineitem(), options));
  substrait::ForeignPlan sorted;
  sorted.names = {"y"};
  sorted.steps = {{Over("x"), 2}};
  sorted.steps[0].pipeline.top_k = plan::TopK{{{0, true, false}}, 5};
  substrait::ForeignPlan none = sorted;
  none.steps[0].pipeline.top_k->limit = 0;
  options.max_streams = 4;
  for (int run = 0; run < 5; ++run) {
    EXPECT_EQ(Require(Rows(Sample("df_q1.opt.pb"), Lineitem(), options)), one);
    EXPECT_EQ(Require(Rows(sorted, Numbers(10, 1000), options)),
              (std::vector<std::string>{"9997", "9996", "9995"}));
    EXPECT_EQ(Require(Rows(none, Numbers(10, 1000), options)).size(), 0u);
  }
}

TEST(ForeignQuery, AFailureInAnyThreadIsTheAnswer) {
  substrait::ForeignPlan plan;
  plan.names = {"y"};
  plan.steps = {{Over("x"), 0}};
  auto& pipeline = plan.steps[0].pipeline;
  plan::CallOptions strict;
  strict.division_by_zero = plan::CallOptions::DivisionByZero::kError;
  const auto divisor =
      testing::Fn(plan::Function::kSubtract, {testing::Col(pipeline, "x"), testing::Lit(7777)});
  pipeline.projection[0].expression =
      Require(plan::Call(plan::Function::kIntegerDivide, {testing::Lit(1), divisor}, strict));
  pipeline.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kSum, 0, -1, "y"}}};
  ScanOptions options;
  options.unit_rows = 1000;
  options.max_streams = 4;
  EXPECT_THAT(Rows(plan, Numbers(10, 1000), options),
              FailsWith(arrow::StatusCode::Invalid, "zero"));
  EXPECT_EQ(Require(Rows(plan, Numbers(7, 1000), options)).size(), 1u);
}

TEST(ForeignQuery, HeldRowsAreBounded) {
  substrait::ForeignPlan plan;
  plan.names = {"y"};
  plan.steps = {{Over("x"), 0}, {Over("#0"), 0}};
  plan.steps[0].pipeline.limit = plan::Limit{substrait::kAllRows};
  ScanOptions options;
  options.memory_bytes = 100'000;
  EXPECT_THAT(Rows(plan, Numbers(100, 1000), options),
              FailsWith(Code::kLimitExceeded, "memory for 100000"));
}

// What many batches share is held once.
TEST(ForeignQuery, BuffersThatBatchesShareAreCountedOnce) {
  arrow::Int64Builder values;
  for (int row = 0; row < 100'000; ++row) Require(values.Append(row));
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  const auto all = arrow::RecordBatch::Make(schema, 100'000, {Require(values.Finish())});
  std::vector<std::shared_ptr<arrow::RecordBatch>> slices;
  for (int i = 0; i < 100; ++i) slices.push_back(all->Slice(i * 1000, 1000));
  substrait::ForeignPlan plan;
  plan.names = {"y"};
  plan.steps = {{Over("x"), 0}, {Over("#0"), 0}};
  plan.steps[0].pipeline.limit = plan::Limit{substrait::kAllRows};
  ScanOptions options;
  options.memory_bytes = 4'000'000;
  const auto table = Require(TableOfBatches("slices", schema, slices));
  EXPECT_EQ(Require(Rows(plan, table, options)).size(), 100'000u);
}

TEST(ForeignQuery, ASortOfMoreRowsThanTheMemoryHoldsIsAnErrorThatSaysWhat) {
  substrait::ForeignPlan plan;
  plan.names = {"y"};
  plan.steps = {{Over("x"), 0}};
  plan.steps[0].pipeline.top_k = plan::TopK{{{0, true, false}}, substrait::kAllRows};
  ScanOptions options;
  options.memory_bytes = 1'000'000;
  EXPECT_THAT(Rows(plan, Numbers(100, 1000), options),
              FailsWith(Code::kLimitExceeded, "rows of a sort"));
}

}  // namespace
}  // namespace skyhook::client
