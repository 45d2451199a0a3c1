// What is particular of batches that pass by; that they give what a fragment of the same rows gives
// is in metamorphic_test.
#include "skyhook/exec/batch_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "skyhook/base/status.h"
#include "skyhook/exec/order/top_k_merger.h"
#include "skyhook/exec/run_over.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using base::Code;
using plan::AggregateFunction;
using plan::Function;
using plan::RowRanges;
using plan::StoppedBy;
using testing::Col;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::Fn;
using testing::KernelRun;
using testing::Lit;
using testing::Require;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

std::shared_ptr<arrow::Schema> Schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("x", arrow::int64()),
                        arrow::field("t", arrow::utf8_view())});
}

/// Rows `begin` to `end`: x is 7 times the id modulo 10, t a text of some bytes.
BatchPtr Rows(int64_t begin, int64_t end, int text_bytes = 20) {
  arrow::Int64Builder ids, xs;
  arrow::StringViewBuilder texts;
  for (int64_t id = begin; id < end; ++id) {
    Require(ids.Append(id));
    Require(xs.Append(id * 7 % 10));
    Require(texts.Append(fmt::format("{:0{}}", id, text_bytes)));
  }
  return arrow::RecordBatch::Make(
      Schema(), end - begin,
      {Require(ids.Finish()), Require(xs.Finish()), Require(texts.Finish())});
}

/// Gives batches one after the other, and then an error or the end.
class Passing : public arrow::RecordBatchReader {
 public:
  explicit Passing(std::vector<BatchPtr> batches, arrow::Status end = arrow::Status::OK())
      : batches_(std::move(batches)), end_(std::move(end)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return Schema(); }
  arrow::Status ReadNext(BatchPtr* out) override {
    const size_t at = asked++;
    if (before_batch != nullptr) before_batch(at);
    *out = at < batches_.size() ? batches_[at] : nullptr;
    return at < batches_.size() ? arrow::Status::OK() : end_;
  }

  size_t asked = 0;
  std::function<void(size_t at)> before_batch;

 private:
  std::vector<BatchPtr> batches_;
  arrow::Status end_;
};

std::shared_ptr<Passing> ThreeBatches() {
  return std::make_shared<Passing>(
      std::vector{Rows(0, 5000), Rows(5000, 5010), Rows(5010, 12'000)});
}

arrow::Result<KernelRun> TryOver(const plan::Pipeline& pipeline,
                                 std::shared_ptr<arrow::RecordBatchReader> batches,
                                 RunRequest request = {}) {
  ARROW_ASSIGN_OR_RAISE(auto execution,
                        RunOver(pipeline, std::move(batches), "a stream", std::move(request)));
  KernelRun run;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) break;
    run.batches.push_back(std::move(batch));
  }
  run.outcome = execution->outcome();
  return run;
}

plan::Pipeline Filtered() {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "x"), Lit(3)})};
  return pipeline;
}

plan::Pipeline CountOfAll() {
  plan::Pipeline pipeline = testing::Read(*Schema(), {});
  pipeline.aggregate = plan::Aggregate{{}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
  return pipeline;
}

TEST(BatchSource, RowsAreNumberedAndCountedAsTheyCome) {
  const KernelRun run = Require(TryOver(Filtered(), ThreeBatches()));
  ASSERT_EQ(run.rows().size(), 1200u);
  EXPECT_EQ(run.rows().front(), "9");
  EXPECT_EQ(run.rows().back(), "11999");
  EXPECT_EQ(run.outcome.stopped_by, StoppedBy::kNothing);
  EXPECT_EQ(run.outcome.answered, RowRanges::All(12'000));
  EXPECT_TRUE(run.outcome.remaining.rows.empty());
  EXPECT_EQ(run.outcome.cost.rows_in, 12'000);
  EXPECT_EQ(run.outcome.cost.rows_out, 1200);
  EXPECT_EQ(run.outcome.cost.row_groups, 0);
  EXPECT_EQ(run.outcome.cost.bytes_read, 0);
  EXPECT_EQ(run.outcome.version, "");
}

TEST(BatchSource, FirstAndLastAreThoseThatCameFirstAndLast) {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"x", "id"});
  pipeline.aggregate = plan::Aggregate{
      {0},
      {{AggregateFunction::kFirst, 1, -1, "first"}, {AggregateFunction::kLast, 1, -1, "last"}}};
  pipeline.filter = {Fn(Function::kLess, {Col(pipeline, "x"), Lit(2)})};
  const KernelRun run = Require(TryOver(pipeline, ThreeBatches()));
  EXPECT_THAT(testing::FinalRows(pipeline, run.batches),
              ::testing::UnorderedElementsAre("0, 0, 11990", "1, 3, 11993"));
}

TEST(BatchSource, EmptyBatchesAndNoBatchesHaveNoRows) {
  const auto empty = Rows(0, 0);
  const std::vector<std::vector<BatchPtr>> streams = {{}, {empty}, {empty, empty}};
  for (const auto& batches : streams) {
    const KernelRun run = Require(TryOver(Filtered(), std::make_shared<Passing>(batches)));
    EXPECT_TRUE(run.batches.empty());
    EXPECT_EQ(run.outcome.cost.rows_in, 0);
    const KernelRun count = Require(TryOver(CountOfAll(), std::make_shared<Passing>(batches)));
    EXPECT_THAT(testing::FinalRows(CountOfAll(), count.batches), ElementsAre("0"));
  }
  const auto mixed =
      std::make_shared<Passing>(std::vector{empty, Rows(0, 3), empty, empty, Rows(3, 10), empty});
  EXPECT_THAT(Require(TryOver(Filtered(), mixed)).rows(), ElementsAre("9"));
}

TEST(BatchSource, CountingLooksAtNoColumn) {
  const KernelRun run = Require(TryOver(CountOfAll(), ThreeBatches()));
  EXPECT_THAT(testing::FinalRows(CountOfAll(), run.batches), ElementsAre("12000"));
}

TEST(BatchSource, AnErrorInTheMidstComesThroughAndEndsIt) {
  for (const plan::Pipeline& pipeline : {Filtered(), CountOfAll()}) {
    const auto batches = std::make_shared<Passing>(std::vector{Rows(0, 5000), Rows(5000, 6000)},
                                                   arrow::Status::IOError("the line is cut"));
    const auto execution = Require(RunOver(pipeline, batches, "a stream", {}));
    arrow::Status status;
    while (status.ok()) {
      const auto batch = execution->Next();
      status = batch.status();
      ASSERT_TRUE(!batch.ok() || *batch != nullptr) << "it ended as if it were whole";
    }
    EXPECT_THAT(status, FailsWith(arrow::StatusCode::IOError, "the line is cut"));
    EXPECT_EQ(batches->asked, 3u);
    EXPECT_THAT(execution->Next(), FailsWith(arrow::StatusCode::IOError, "the line is cut"));
    EXPECT_EQ(batches->asked, 3u) << "asked again after an error";
    EXPECT_TRUE(execution->outcome().answered.empty());
    EXPECT_EQ(execution->outcome().remaining.rows, RowRanges::All(6000));
  }
}

TEST(BatchSource, NothingIsAskedForBehindAFullLimit) {
  for (const auto& [limit, asked] : {std::pair(0, 0u), std::pair(1, 1u), std::pair(500, 1u),
                                     std::pair(501, 2u), std::pair(502, 3u)}) {
    plan::Pipeline pipeline = Filtered();
    pipeline.limit = plan::Limit{limit};
    const auto batches = ThreeBatches();
    const KernelRun run = Require(TryOver(pipeline, batches));
    EXPECT_EQ(run.rows().size(), static_cast<size_t>(limit));
    EXPECT_EQ(batches->asked, asked) << "for a limit of " << limit;
    EXPECT_EQ(run.outcome.stopped_by, StoppedBy::kRowLimit);
  }
}

TEST(BatchSource, ALimitLeavesTheRowsOfItsLastBatch) {
  plan::Pipeline pipeline = Filtered();
  pipeline.limit = plan::Limit{2};
  const KernelRun run = Require(TryOver(pipeline, ThreeBatches()));
  EXPECT_THAT(run.rows(), ElementsAre("9", "19"));
  EXPECT_EQ(run.outcome.answered, RowRanges::All(20));
  EXPECT_EQ(run.outcome.remaining.rows, (RowRanges{{20, 5000}}));
}

TEST(BatchSource, RowsInAndADeadlineHold) {
  RunRequest request;
  request.limits.rows_in = 5001;
  auto batches = ThreeBatches();
  KernelRun run = Require(TryOver(Filtered(), batches, request));
  EXPECT_EQ(run.outcome.stopped_by, StoppedBy::kNothing) << "what came is answered";
  EXPECT_EQ(run.outcome.answered, RowRanges::All(5010));
  EXPECT_EQ(batches->asked, 2u);
  request = {};
  request.limits.deadline = std::chrono::steady_clock::now();
  batches = ThreeBatches();
  run = Require(TryOver(Filtered(), batches, request));
  EXPECT_TRUE(run.batches.empty());
  EXPECT_EQ(batches->asked, 0u);
}

TEST(BatchSource, IsCancelledBetweenTwoBatches) {
  arrow::StopSource stop;
  RunRequest request;
  request.stop = stop.token();
  const auto batches = ThreeBatches();
  batches->before_batch = [&](size_t at) {
    if (at == 1) stop.RequestStop();
  };
  EXPECT_THAT(TryOver(Filtered(), batches, request), FailsWith(arrow::StatusCode::Cancelled, ""));
  EXPECT_EQ(batches->asked, 2u);
}

TEST(BatchSource, EmptyBatchesWithoutAnEndAreCancelled) {
  arrow::StopSource stop;
  RunRequest request;
  request.stop = stop.token();
  const auto batches = std::make_shared<Passing>(std::vector<BatchPtr>(1000, Rows(0, 0)));
  batches->before_batch = [&](size_t at) {
    if (at == 10) stop.RequestStop();
  };
  EXPECT_THAT(TryOver(Filtered(), batches, request), FailsWith(arrow::StatusCode::Cancelled, ""));
  EXPECT_EQ(batches->asked, 11u);
}

/// The best of what a call gave, which may have given some early.
std::vector<std::string> Best(const plan::Pipeline& pipeline, const KernelRun& run) {
  auto merger = Require(TopKMerger::Make(pipeline, int64_t{1} << 30));
  int64_t sequence = 0;
  for (const auto& batch : run.batches) Require(merger->Consume(batch, 0, sequence++));
  return testing::RowsOf({Require(merger->Finish())});
}

plan::Pipeline TopThree() {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"x", "id", "t"});
  pipeline.top_k = plan::TopK{{{.column = 0, .descending = true}}, 3};
  return pipeline;
}

TEST(BatchSource, ATopKKeepsTheRowsThatItReturns) {
  const KernelRun run = Require(TryOver(TopThree(), ThreeBatches()));
  const std::vector<std::string> expected = {
      "9, 7, 00000000000000000007", "9, 17, 00000000000000000017", "9, 27, 00000000000000000027"};
  EXPECT_EQ(run.rows(), expected);
  EXPECT_EQ(run.outcome.cost.partial_flushes, 0);
}

TEST(BatchSource, TheRowsThatATopKKeepsAreBounded) {
  std::vector<BatchPtr> batches;
  for (int64_t begin = 0; begin < 8000; begin += 1000) {
    batches.push_back(Rows(begin, begin + 1000, /*text_bytes=*/1000));
  }
  plan::Pipeline pipeline = TopThree();
  pipeline.top_k->limit = 2000;
  RunRequest request;
  request.limits.memory_bytes = 1 << 20;  // for half of the best rows
  const KernelRun flushed = Require(TryOver(pipeline, std::make_shared<Passing>(batches), request));
  EXPECT_GT(flushed.outcome.cost.partial_flushes, 0);
  const auto best = Best(pipeline, flushed);
  ASSERT_EQ(best.size(), 2000u);
  EXPECT_EQ(best[0].substr(0, 5), "9, 7,");
  EXPECT_EQ(best[799].substr(0, 8), "9, 7997,");
  EXPECT_EQ(best[1999].substr(0, 8), "7, 3991,");
  const KernelRun whole = Require(TryOver(pipeline, std::make_shared<Passing>(batches)));
  EXPECT_EQ(whole.outcome.cost.partial_flushes, 0);
  EXPECT_EQ(Best(pipeline, whole), best);
}

/// Of 3 rows of 1000 bytes each, whatever else has passed.
TEST(BatchSource, ATopKLetsGoOfTheRowsThatAreBeaten) {
  std::vector<BatchPtr> batches;
  for (int64_t begin = 0; begin < 64'000; begin += 1000) {
    batches.push_back(Rows(begin, begin + 1000, /*text_bytes=*/1000));
  }
  plan::Pipeline pipeline = TopThree();
  pipeline.top_k->keys = {{.column = 1, .descending = true}};
  RunRequest request;
  request.limits.memory_bytes = 3 << 20;
  const KernelRun run = Require(TryOver(pipeline, std::make_shared<Passing>(batches), request));
  EXPECT_EQ(run.outcome.cost.partial_flushes, 0);
  ASSERT_EQ(run.rows().size(), 3u);
  EXPECT_EQ(run.rows()[0].substr(0, 9), "3, 63999,");
}

/// As over a fragment, where they are read again.
TEST(BatchSource, OnlyRowsThatATopKReturnsAreComputed) {
  plan::CallOptions options;
  options.division_by_zero = plan::CallOptions::DivisionByZero::kError;
  plan::Pipeline pipeline = testing::Read(*Schema(), {"x"});
  pipeline.projection.push_back(
      {"q", Require(plan::Call(Function::kIntegerDivide, {Lit(90), Col(pipeline, "x")}, options))});
  pipeline.top_k = plan::TopK{{{.column = 0, .descending = true}}, 2};
  EXPECT_THAT(Require(TryOver(pipeline, ThreeBatches())).rows(), ElementsAre("9, 10", "9, 10"));
  pipeline.top_k->keys = {{.column = 0, .descending = false}};
  EXPECT_THAT(TryOver(pipeline, ThreeBatches()), FailsWith(arrow::StatusCode::Invalid, "a stream"));
}

TEST(BatchSource, WhatIsNotAsThePlanSaysIsNamed) {
  const auto other =
      arrow::RecordBatch::Make(arrow::schema({arrow::field("other", arrow::int64())}), 0,
                               {std::make_shared<arrow::Int64Array>(0, nullptr)});
  EXPECT_THAT(TryOver(Filtered(), std::make_shared<Passing>(std::vector{Rows(0, 3), other})),
              FailsWith(arrow::StatusCode::Invalid, "a stream: a batch with schema other"));
  const auto colour = testing::ReadAll(*arrow::schema({arrow::field("colour", arrow::int64())}));
  EXPECT_THAT(TryOver(colour, ThreeBatches()),
              FailsWith(arrow::StatusCode::Invalid, "a stream: no column 'colour'"));
  RunRequest request;
  request.slice.rows = RowRanges::All(5);
  EXPECT_THAT(TryOver(Filtered(), ThreeBatches(), request),
              FailsWith(arrow::StatusCode::Invalid, "a slice was asked for"));
}

TEST(BatchSource, FieldsOfStructsAreRead) {
  const auto ids = Rows(0, 10)->column(0);
  const auto type = arrow::struct_({arrow::field("a", arrow::int64())});
  const auto schema = arrow::schema({arrow::field("s", type)});
  const auto batch = arrow::RecordBatch::Make(
      schema, 10, {Require(arrow::StructArray::Make({ids}, type->fields()))});
  plan::Pipeline pipeline;
  pipeline.input = schema;
  const auto field = Require(plan::Field(plan::InputColumn(0, type), 0));
  pipeline.projection = {{"a", field}};
  pipeline.filter = {Fn(Function::kGreater, {field, Lit(7)})};
  const auto batches = Require(arrow::RecordBatchReader::Make({batch}, schema));
  EXPECT_THAT(Require(TryOver(pipeline, batches)).rows(), ElementsAre("8", "9"));
}

}  // namespace
}  // namespace skyhook::exec
