#include "skyhook/exec/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using plan::Function;
using plan::StoppedBy;
using testing::Col;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;
using testing::RunKernel;
using Rows = std::vector<std::string>;

std::shared_ptr<arrow::Schema> OrdersSchema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("kind", arrow::utf8()),
                        arrow::field("price", arrow::decimal128(15, 2)),
                        arrow::field("rate", arrow::float64())});
}

constexpr char kOrders[] =
    "1,a,10.50,0.5\n"
    "2,b,20.00,NULL\n"
    "3,NULL,5.25,1.5\n"
    "4,a,NULL,2.0\n"
    "5,b,7.75,-0.5\n"
    "6,c,100.00,0.0\n";

std::shared_ptr<format::Fragment> Orders(int64_t row_group_rows = 2) {
  testing::ParquetLayout layout;
  layout.row_group_rows = row_group_rows;
  return testing::OpenParquet(*testing::TableOf(OrdersSchema(), kOrders), layout);
}

plan::Measure Of(AggregateFunction function, int argument, const std::string& name) {
  return {function, argument, -1, name};
}

TEST(Run, AConstantOfATypeThatIsOnlyPassedThrough) {
  const auto list = arrow::list(arrow::int64());
  auto pipeline = testing::Read(*OrdersSchema(), {});
  pipeline.projection = {{"list", plan::NullLiteral(list)}};
  const auto run = RunKernel(pipeline, Orders(6));
  ASSERT_EQ(run.batches.size(), 1u);
  ASSERT_EQ(run.batches[0]->num_rows(), 6);
  Require(run.batches[0]->ValidateFull());
  EXPECT_EQ(run.batches[0]->column(0)->null_count(), 6);
  EXPECT_TRUE(run.batches[0]->column(0)->type()->Equals(*list));
}

// The three wrong answers of Arrow's former module.
TEST(Run, FilterOnAColumnThatIsNotReturned) {
  const auto fragment = Orders();
  auto pipeline = testing::Read(*OrdersSchema(), {"price"});
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "kind"), Lit("a")})};
  EXPECT_EQ(RunKernel(pipeline, fragment).rows(), (Rows{"10.50", "NULL"}));
}

TEST(Run, CountWithAFilter) {
  const auto fragment = Orders();
  auto pipeline = testing::Read(*OrdersSchema(), {});
  pipeline.filter = {Fn(Function::kGreater, {Col(pipeline, "id"), Lit(2)})};
  pipeline.aggregate = plan::Aggregate{{}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
  EXPECT_EQ(testing::FinalRows(pipeline, RunKernel(pipeline, fragment).batches), (Rows{"4"}));
}

TEST(Run, ComputedColumn) {
  const auto fragment = Orders();
  auto pipeline = testing::Read(*OrdersSchema(), {"id"});
  pipeline.projection.push_back(
      {"double_price", Fn(Function::kAdd, {Col(pipeline, "price"), Col(pipeline, "price")})});
  EXPECT_EQ(RunKernel(pipeline, fragment).rows(),
            (Rows{"1, 21.00", "2, 40.00", "3, 10.50", "4, NULL", "5, 15.50", "6, 200.00"}));
}

TEST(Run, GroupsWithNullKeysAndNullValues) {
  const auto fragment = Orders();
  auto pipeline = testing::Read(*OrdersSchema(), {"kind", "price"});
  pipeline.aggregate = plan::Aggregate{{0},
                                       {{AggregateFunction::kCountAll, -1, -1, "n"},
                                        Of(AggregateFunction::kCount, 1, "prices"),
                                        Of(AggregateFunction::kSum, 1, "sum"),
                                        Of(AggregateFunction::kMin, 1, "min"),
                                        Of(AggregateFunction::kMax, 1, "max"),
                                        Of(AggregateFunction::kAvg, 1, "avg")}};
  EXPECT_THAT(testing::FinalRows(pipeline, RunKernel(pipeline, fragment).batches),
              ::testing::UnorderedElementsAre(
                  "a, 2, 1, 10.50, 10.50, 10.50, 10.5", "b, 2, 2, 27.75, 7.75, 20.00, 13.875",
                  "NULL, 1, 1, 5.25, 5.25, 5.25, 5.25", "c, 1, 1, 100.00, 100.00, 100.00, 100"));
}

TEST(Run, AggregateWithoutKeysOverNoRowsGivesOneRow) {
  const auto fragment = Orders();
  auto pipeline = testing::Read(*OrdersSchema(), {"price"});
  pipeline.filter = {Fn(Function::kGreater, {Col(pipeline, "id"), Lit(100)})};
  pipeline.aggregate = plan::Aggregate{
      {}, {{AggregateFunction::kCountAll, -1, -1, "n"}, Of(AggregateFunction::kSum, 0, "sum")}};
  EXPECT_EQ(testing::FinalRows(pipeline, RunKernel(pipeline, fragment).batches), (Rows{"0, NULL"}));
}

TEST(Run, AggregateFilterAndDistinct) {
  const auto fragment = Orders();
  auto pipeline = testing::Read(*OrdersSchema(), {"kind", "price"});
  pipeline.projection.push_back({"cheap", Fn(Function::kLess, {Col(pipeline, "id"), Lit(5)})});
  pipeline.aggregate = plan::Aggregate{{},
                                       {{AggregateFunction::kCountDistinct, 0, -1, "kinds"},
                                        {AggregateFunction::kCountDistinct, 0, 2, "early_kinds"},
                                        {AggregateFunction::kSum, 1, 2, "early_sum"}}};
  EXPECT_EQ(testing::FinalRows(pipeline, RunKernel(pipeline, fragment).batches),
            (Rows{"3, 2, 35.75"}));
}

TEST(Run, TopKBreaksTiesByRow) {
  const auto fragment = Orders();
  auto pipeline = testing::Read(*OrdersSchema(), {"kind", "id"});
  pipeline.top_k = plan::TopK{{{0, true, false}}, 4};
  EXPECT_EQ(RunKernel(pipeline, fragment).rows(), (Rows{"c, 6", "b, 2", "b, 5", "a, 1"}));
  pipeline.top_k = plan::TopK{{{0, false, true}}, 2};
  EXPECT_EQ(RunKernel(pipeline, fragment).rows(), (Rows{"NULL, 3", "a, 1"}));
}

TEST(Run, ErrorsOnlyForRowsThatTheFilterKeeps) {
  const auto fragment = Orders();
  auto pipeline = testing::Read(*OrdersSchema(), {});
  const auto max = Lit(std::numeric_limits<int64_t>::max() - 3);
  pipeline.projection = {{"sum", Fn(Function::kAdd, {Col(pipeline, "id"), max})}};
  pipeline.filter = {Fn(Function::kLess, {Col(pipeline, "id"), Lit(3)})};
  EXPECT_EQ(RunKernel(pipeline, fragment).rows(),
            (Rows{"9223372036854775805", "9223372036854775806"}));
  pipeline.filter.clear();
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(6);
  auto execution = Require(exec::Run(pipeline, fragment, std::move(request)));
  arrow::Status status;
  while (status.ok()) {
    const auto batch = execution->Next();
    status = batch.status();
    ASSERT_TRUE(!batch.ok() || *batch != nullptr) << "the overflow went unnoticed";
  }
  EXPECT_THAT(status, FailsWith(arrow::StatusCode::Invalid, "does not fit int64"));
}

// The first error of a projection over all rows.
arrow::Status ErrorOf(const plan::ExpressionPtr& projected,
                      const std::shared_ptr<format::Fragment>& fragment) {
  auto pipeline = testing::Read(*OrdersSchema(), {});
  pipeline.projection = {{"p", projected}};
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(6);
  auto execution = Require(exec::Run(pipeline, fragment, std::move(request)));
  auto batch = execution->Next();
  while (batch.ok() && *batch != nullptr) batch = execution->Next();
  return batch.status();
}

TEST(Run, ErrorsNameTheFragmentAndItsColumns) {
  const auto fragment = Orders();
  const auto pipeline = testing::Read(*OrdersSchema(), {});
  const auto most = Lit(std::numeric_limits<int64_t>::max());
  EXPECT_THAT(ErrorOf(Fn(Function::kAdd, {Col(pipeline, "id"), most}), fragment),
              FailsWith(arrow::StatusCode::Invalid,
                        fragment->name() + ": (id + 9223372036854775807): overflow: add(1, "));
  EXPECT_THAT(
      ErrorOf(Require(plan::Call(Function::kCast, {Col(pipeline, "kind")}, {}, arrow::int64())),
              fragment),
      FailsWith(arrow::StatusCode::Invalid,
                fragment->name() + ": cast(kind AS int64): a does not fit int64"));
}

TEST(Run, UnknownColumnIsNamed) {
  auto pipeline = testing::ReadAll(*arrow::schema({arrow::field("colour", arrow::int64())}));
  EXPECT_THAT(exec::Run(pipeline, Orders(), {}), FailsWith(arrow::StatusCode::Invalid, "'colour'"));
}

TEST(Run, StopsForCancellation) {
  arrow::StopSource source;
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(6);
  request.stop = source.token();
  auto execution =
      Require(exec::Run(testing::ReadAll(*OrdersSchema()), Orders(), std::move(request)));
  source.RequestStop();
  EXPECT_THAT(execution->Next(), FailsWith(arrow::StatusCode::Cancelled, ""));
  EXPECT_EQ(execution->outcome().stopped_by, StoppedBy::kCancelled);
  EXPECT_EQ(execution->outcome().remaining.rows, plan::RowRanges::All(6));
}

// A file of 20,000 rows in row groups of 5,000: several chunks each.
std::shared_ptr<format::Fragment> Counted() {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += fmt::format("{}\n", i);
  testing::ParquetLayout layout;
  layout.row_group_rows = 5'000;
  return testing::OpenParquet(
      *testing::TableOf(arrow::schema({arrow::field("id", arrow::int64())}), lines), layout);
}

// Asks again for what is left until nothing is; returns the ids in the order they came.
std::vector<int64_t> RunToTheEnd(const plan::Pipeline& pipeline,
                                 const std::shared_ptr<format::Fragment>& fragment,
                                 const base::Limits& limits, StoppedBy expected, int* calls) {
  std::vector<int64_t> ids;
  plan::RowRanges left = plan::RowRanges::All(fragment->num_rows());
  for (*calls = 0; !left.empty() && *calls < 100; ++*calls) {
    RunRequest request;
    request.slice.rows = left;
    request.limits = limits;
    const auto run = RunKernel(pipeline, fragment, std::move(request));
    EXPECT_EQ(run.outcome.answered.Union(run.outcome.remaining.rows), left);
    EXPECT_LT(run.outcome.remaining.rows.num_rows(), left.num_rows()) << "no progress";
    const bool stopped = !run.outcome.remaining.rows.empty();
    EXPECT_EQ(run.outcome.stopped_by, stopped ? expected : StoppedBy::kNothing);
    for (const auto& batch : run.batches) {
      const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
      for (int64_t i = 0; i < column.length(); ++i) ids.push_back(column.Value(i));
    }
    left = run.outcome.remaining.rows;
  }
  return ids;
}

TEST(Run, ReplyBytesLeaveTheRestOfTheRows) {
  const auto fragment = Counted();
  base::Limits limits;
  limits.reply_bytes = 8 * 4096;
  int calls = 0;
  const auto ids = RunToTheEnd(testing::ReadAll(*fragment->schema()), fragment, limits,
                               StoppedBy::kReplyBytes, &calls);
  ASSERT_EQ(ids.size(), 20'000u);
  EXPECT_GT(calls, 3);
  for (int64_t i = 0; i < 20'000; ++i) ASSERT_EQ(ids[static_cast<size_t>(i)], i);
}

TEST(Run, RowsInLeaveTheRestOfTheRows) {
  const auto fragment = Counted();
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {
      Fn(Function::kEqual, {Fn(Function::kModulo, {Col(pipeline, "id"), Lit(1000)}), Lit(7)})};
  base::Limits limits;
  limits.rows_in = 5'000;
  int calls = 0;
  const auto ids = RunToTheEnd(pipeline, fragment, limits, StoppedBy::kRowsIn, &calls);
  ASSERT_EQ(ids.size(), 20u);
  EXPECT_EQ(calls, 4);
  for (int64_t i = 0; i < 20; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], i * 1000 + 7);
}

TEST(Run, PassedDeadlineLeavesAllRows) {
  const auto fragment = Counted();
  RunRequest request;
  request.slice.rows = {{100, 200}, {300, 400}};
  request.limits.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  const auto run = RunKernel(testing::ReadAll(*fragment->schema()), fragment, request);
  EXPECT_TRUE(run.rows().empty());
  EXPECT_EQ(run.outcome.stopped_by, StoppedBy::kDeadline);
  EXPECT_EQ(run.outcome.remaining.rows, request.slice.rows);
}

/// What calls that are resumed give, each of whose deadlines has passed when it begins.
struct ResumedRun {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::vector<int64_t> kept;      // after each call
  std::vector<int64_t> answered;  // by each call
  plan::Cost cost;                // of all
};

ResumedRun RunResumed(const plan::Pipeline& pipeline,
                      const std::shared_ptr<format::Fragment>& fragment) {
  RunRequest request = testing::AllRowsOf(*fragment);
  request.slice.scan = 1;
  request.limits.deadline = std::chrono::steady_clock::now();
  const auto execution = Require(exec::Run(pipeline, fragment, request));
  ResumedRun out;
  while (true) {
    while (auto batch = Require(execution->Next())) out.batches.push_back(batch);
    out.kept.push_back(execution->outcome().remaining.rows_kept);
    out.answered.push_back(execution->outcome().answered.num_rows());
    out.cost += execution->outcome().cost;
    if (!execution->outcome().remaining.goes_on()) return out;
    request.slice = execution->outcome().remaining;
    execution->Resume(request);
  }
}

TEST(Run, ResumedCallsReadEachPageOnce) {
  const auto fragment = Counted();
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "id"), Lit(6'000)})};
  const auto whole = RunKernel(pipeline, fragment);
  const ResumedRun resumed = RunResumed(pipeline, Counted());
  EXPECT_EQ(testing::RowsOf(resumed.batches), whole.rows());
  EXPECT_GT(resumed.answered.size(), 3u);
  EXPECT_THAT(resumed.answered, ::testing::Each(::testing::Gt(0)));
  EXPECT_THAT(resumed.kept, ::testing::Each(0)) << "rows are given, not kept";
  EXPECT_EQ(resumed.cost.bytes_read, whole.outcome.cost.bytes_read);
  EXPECT_EQ(resumed.cost.pages_read, whole.outcome.cost.pages_read);
  EXPECT_EQ(resumed.cost.row_groups, whole.outcome.cost.row_groups);
}

TEST(Run, ARowGroupThatLostWorkIsBegunAgainInIsCountedOnce) {
  const auto fragment = Counted();
  const auto pipeline = testing::ReadAll(*fragment->schema());
  const auto whole = RunKernel(pipeline, fragment);
  RunRequest request = testing::AllRowsOf(*fragment);
  request.slice.scan = 1;
  request.limits.deadline = std::chrono::steady_clock::now();
  plan::Cost cost;
  int calls = 0;
  for (; !request.slice.rows.empty(); ++calls) {
    const auto run = RunKernel(pipeline, fragment, request);
    cost += run.outcome.cost;
    request.slice.rows = run.outcome.remaining.rows;
  }
  EXPECT_GT(calls, whole.outcome.cost.row_groups);
  EXPECT_EQ(cost.row_groups, whole.outcome.cost.row_groups);
}

TEST(Run, ResumedCallsKeepAnAggregateUntilTheLast) {
  const auto fragment = Counted();
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.aggregate = plan::Aggregate{
      {0}, {{AggregateFunction::kCountAll, -1, -1, "n"}, Of(AggregateFunction::kSum, 0, "sum")}};
  const ResumedRun resumed = RunResumed(pipeline, fragment);
  EXPECT_EQ(testing::FinalRows(pipeline, resumed.batches).size(), 20'000u);
  ASSERT_GT(resumed.kept.size(), 3u);
  EXPECT_EQ(resumed.kept.back(), 0);
  EXPECT_EQ(resumed.answered.back(), 20'000);
  for (size_t i = 0; i + 1 < resumed.kept.size(); ++i) {
    EXPECT_EQ(resumed.answered[i], 0);
    EXPECT_GT(resumed.kept[i], i == 0 ? 0 : resumed.kept[i - 1]);
  }
  EXPECT_EQ(resumed.cost.partial_flushes, 0);
}

TEST(Run, ResumedCallsCountRowsThatNothingIsReadOf) {
  constexpr int64_t kMany = 5'000'000;
  const auto schema = arrow::schema({arrow::field("x", arrow::null())});
  const auto batch =
      arrow::RecordBatch::Make(schema, kMany, {std::make_shared<arrow::NullArray>(kMany)});
  const auto fragment = Require(format::FragmentFromBatches(schema, {batch}, "many"));
  auto pipeline = testing::Read(*schema, {});
  pipeline.aggregate = plan::Aggregate{{}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
  const ResumedRun resumed = RunResumed(pipeline, fragment);
  EXPECT_GT(resumed.kept.size(), 2u);
  EXPECT_EQ(testing::FinalRows(pipeline, resumed.batches), (Rows{"5000000"}));
}

TEST(Run, AnAggregateIsFlushedBeforeItIsLargerThanAReply) {
  const auto fragment = Counted();
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.aggregate = plan::Aggregate{{0}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
  RunRequest request = testing::AllRowsOf(*fragment);
  request.limits.reply_bytes = 64 * 1024;
  const auto run = RunKernel(pipeline, fragment, std::move(request));
  EXPECT_EQ(run.outcome.stopped_by, StoppedBy::kReplyBytes);
  EXPECT_GT(run.outcome.answered.num_rows(), 0);
  EXPECT_EQ(testing::FinalRows(pipeline, run.batches).size(),
            static_cast<size_t>(run.outcome.answered.num_rows()));
}

TEST(Run, RowLimitEndsAtTheLastRowUsed) {
  const auto fragment = Counted();
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "id"), Lit(6'000)})};
  pipeline.limit = plan::Limit{3};
  const auto run = RunKernel(pipeline, fragment);
  EXPECT_EQ(run.rows(), (Rows{"6000", "6001", "6002"}));
  EXPECT_EQ(run.outcome.stopped_by, StoppedBy::kRowLimit);
  EXPECT_EQ(run.outcome.remaining.rows, (plan::RowRanges{{6'003, 20'000}}));
}

TEST(Run, MemoryLimitFlushesPartialsThatStillMerge) {
  const auto fragment = Counted();
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.aggregate = plan::Aggregate{
      {0}, {{AggregateFunction::kCountAll, -1, -1, "n"}, Of(AggregateFunction::kSum, 0, "sum")}};
  RunRequest request;
  request.slice.rows = {{0, 2}, {4'999, 15'000}};
  request.limits.memory_bytes = 64 * 1024;
  const auto run = RunKernel(pipeline, fragment, std::move(request));
  EXPECT_GT(run.outcome.cost.partial_flushes, 1);
  auto rows = testing::FinalRows(pipeline, run.batches);
  ASSERT_EQ(rows.size(), 10'003u);
  EXPECT_THAT(rows, ::testing::Contains("4999, 1, 4999"));
}

TEST(Run, AnyRowRangesTogetherGiveTheWhole) {
  const auto fragment = Orders();
  const auto pipeline = testing::ReadAll(*OrdersSchema());
  RunRequest odd, even;
  odd.slice.rows = {{0, 1}, {2, 3}, {4, 5}};
  even.slice.rows = {{1, 2}, {3, 4}, {5, 6}};
  EXPECT_EQ(RunKernel(pipeline, fragment, odd).rows(),
            (Rows{"1, a, 10.50, 0.5", "3, NULL, 5.25, 1.5", "5, b, 7.75, -0.5"}));
  EXPECT_EQ(RunKernel(pipeline, fragment, even).rows(),
            (Rows{"2, b, 20.00, NULL", "4, a, NULL, 2", "6, c, 100.00, 0"}));
}

}  // namespace
}  // namespace skyhook::exec
