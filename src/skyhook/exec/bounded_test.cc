// Limits of one call that hold: the size of batches, the memory of top-k, sane options; and how
// often a call looks whether it was stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "skyhook/exec/aggregate/group_table.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/order/top_k.h"
#include "skyhook/exec/order/top_k_merger.h"
#include "skyhook/exec/program.h"
#include "skyhook/exec/run.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/vector/batches.h"

namespace skyhook::exec {
namespace {

using base::Code;
using plan::AggregateFunction;
using plan::Function;
using testing::Col;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;

// Rows of a number and a text of `text_bytes` bytes, which is another one in each row.
std::shared_ptr<arrow::Table> WideRows(int rows, size_t text_bytes) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (int i = 0; i < rows; ++i) {
    Require(numbers.Append(i));
    Require(texts.Append(std::string(text_bytes, static_cast<char>('a' + i % 26))));
  }
  const auto schema =
      arrow::schema({arrow::field("i", arrow::int64()), arrow::field("s", arrow::utf8())});
  return arrow::Table::Make(schema, {Require(numbers.Finish()), Require(texts.Finish())});
}

// Few pages of many rows, stored with and without a dictionary.
std::shared_ptr<format::Fragment> WideFragment(bool dictionary) {
  testing::ParquetLayout layout;
  layout.dictionary = dictionary;
  layout.page_rows = 64;
  return testing::OpenParquet(*WideRows(2000, 20'000), layout);
}

TEST(BoundedBatches, HoldNoMoreBytesThanTheirShareOfTheMemory) {
  for (const bool dictionary : {false, true}) {
    const auto fragment = WideFragment(dictionary);
    auto request = testing::AllRowsOf(*fragment);
    request.limits.memory_bytes = 4 << 20;
    const int64_t most = vector::BatchBytes(request.limits);
    const auto run =
        testing::RunKernel(testing::ReadAll(*fragment->schema()), fragment, std::move(request));
    int64_t rows = 0;
    for (const auto& batch : run.batches) {
      EXPECT_LE(vector::BytesOf(*batch), most);
      rows += batch->num_rows();
    }
    EXPECT_EQ(rows, 2000);
    EXPECT_GE(run.batches.size(), 2000u * 20'000 / (512 * 1024));
  }
}

TEST(BoundedBatches, ARowThatIsLargerLeavesAlone) {
  const auto batch = Require(WideRows(10, 1000)->CombineChunksToBatch());
  const auto schema =
      arrow::schema({arrow::field("i", arrow::int64()), arrow::field("s", arrow::utf8_view())});
  const auto views = arrow::RecordBatch::Make(
      schema, 10,
      {batch->column(0),
       Require(arrow::MakeArrayFromScalar(arrow::StringViewScalar(std::string(1000, 'x')), 10))});
  EXPECT_EQ(vector::BytesOf(*views), 10 * (8 + 16 + 1000));
  const auto sizes = [&](int64_t rows, int64_t bytes) {
    std::vector<int64_t> out;
    for (const auto& slice : vector::Cut(views, rows, bytes)) out.push_back(slice->num_rows());
    return out;
  };
  EXPECT_EQ(sizes(100, 1 << 20), (std::vector<int64_t>{10}));
  EXPECT_EQ(sizes(4, 1 << 20), (std::vector<int64_t>{4, 4, 2}));
  EXPECT_EQ(sizes(100, 3 * 1024), (std::vector<int64_t>{3, 3, 3, 1}));
  EXPECT_EQ(sizes(100, 10), std::vector<int64_t>(10, 1));
}

TEST(BoundedReading, APageBeyondTheMemoryIsAnErrorThatSaysWhat) {
  testing::ParquetLayout layout;
  layout.dictionary = false;
  // One page, for the writer looks at the sizes of pages after so many values only.
  const auto fragment = testing::OpenParquet(*WideRows(1000, 100'000), layout);
  auto request = testing::AllRowsOf(*fragment);
  request.limits.memory_bytes = 1 << 20;
  EXPECT_THAT(
      testing::TryKernel(testing::ReadAll(*fragment->schema()), fragment, std::move(request)),
      FailsWith(Code::kLimitExceeded, "column 's': a page of 1000040"));
}

TEST(BoundedTexts, OnesThatACallMakesOutOfLittleAreAnErrorThatSaysWhat) {
  const auto fragment = testing::OpenParquet(*WideRows(100, 20));
  const auto text = plan::InputColumn(1, arrow::utf8_view());
  for (const int64_t times : {100'000, 50'000'000}) {  // 200 MB in 100 texts, 1 GB in one
    const auto repeated = Require(plan::Call(
        plan::Function::kRepeat, {text, Require(plan::Literal(arrow::MakeScalar(times)))}));
    plan::Pipeline pipeline = testing::ReadAll(*fragment->schema());
    pipeline.filter = {Require(plan::Call(
        plan::Function::kEqual, {Require(plan::Call(plan::Function::kLength, {repeated})),
                                 Require(plan::Literal(arrow::MakeScalar(int64_t{7})))}))};
    auto request = testing::AllRowsOf(*fragment);
    request.limits.memory_bytes = 32 << 20;
    EXPECT_THAT(testing::TryKernel(pipeline, fragment, std::move(request)),
                FailsWith(Code::kLimitExceeded, "where memory for 33554432 is left"));
  }
}

TEST(BoundedTexts, SomeAreMadeWhateverTheMemory) {
  const auto fragment = testing::OpenParquet(*WideRows(100, 20));
  const auto run = [&](int64_t times) {
    plan::Pipeline pipeline = testing::ReadAll(*fragment->schema());
    const auto repeated = Require(
        plan::Call(plan::Function::kRepeat, {plan::InputColumn(1, arrow::utf8_view()),
                                             Require(plan::Literal(arrow::MakeScalar(times)))}));
    pipeline.filter = {Require(plan::Call(plan::Function::kEqual, {repeated, repeated}))};
    auto request = testing::AllRowsOf(*fragment);
    request.limits.memory_bytes = 1;
    return testing::TryKernel(pipeline, fragment, std::move(request));
  };
  EXPECT_THAT(run(8'000), testing::IsOk());  // 16 MB
  EXPECT_THAT(run(9'000), FailsWith(Code::kLimitExceeded, "where memory for 16777216 is left"));
}

TEST(Limits, OnesThatMeanNothingAreRefused) {
  const auto fragment = testing::OpenParquet(*WideRows(3, 1));
  for (const int64_t rows : {0, -1}) {
    auto request = testing::AllRowsOf(*fragment);
    request.limits.batch_rows = rows;
    EXPECT_THAT(
        testing::TryKernel(testing::ReadAll(*fragment->schema()), fragment, std::move(request)),
        FailsWith(arrow::StatusCode::Invalid, "batch_rows"));
  }
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.aggregate = plan::Aggregate{{0}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
  MergeOptions options;
  options.batch_rows = 0;
  EXPECT_THAT(PartialMerger::Make(pipeline, options),
              FailsWith(arrow::StatusCode::Invalid, "batch_rows"));
}

// `rows` keys in an order that looks random.
std::shared_ptr<arrow::Table> ShuffledKeys(int rows) {
  std::string lines;
  for (int i = 0; i < rows; ++i) lines += fmt::format("key-{:07},{}\n", i * 7919LL % rows, i);
  return testing::TableOf(
      arrow::schema({arrow::field("k", arrow::utf8()), arrow::field("v", arrow::int64())}), lines);
}

plan::Pipeline FirstByKey(const format::Fragment& fragment, int64_t limit) {
  auto pipeline = testing::ReadAll(*fragment.schema());
  pipeline.top_k = plan::TopK{{{0, false, false}}, limit};
  return pipeline;
}

TEST(BoundedTopK, CandidatesBeyondTheMemoryLeaveEarlyAndNoneIsLost) {
  constexpr int kRows = 20'011;
  const auto fragment = testing::OpenParquet(*ShuffledKeys(kRows));
  const auto pipeline = FirstByKey(*fragment, 15'000);
  auto request = testing::AllRowsOf(*fragment);
  request.limits.memory_bytes = 256 * 1024;
  const auto run = testing::RunKernel(pipeline, fragment, std::move(request));
  EXPECT_GT(run.outcome.cost.partial_flushes, 3);
  auto merger = Require(TopKMerger::Make(pipeline, 64 << 20));
  int64_t sequence = 0;
  for (const auto& batch : run.batches) {
    EXPECT_LE(vector::BytesOf(*batch), 64 * 1024);
    Require(merger->Consume(batch, 0, sequence++));
  }
  const auto rows = testing::RowsOf(*Require(merger->Finish()));
  ASSERT_EQ(rows.size(), 15'000u);
  for (int i = 0; i < 15'000; ++i) {
    ASSERT_EQ(rows[static_cast<size_t>(i)].substr(0, 11), fmt::format("key-{:07}", i));
  }
}

TEST(BoundedTopK, MergingMoreThanTheMemoryIsAnErrorThatSaysWhat) {
  const auto fragment = testing::OpenParquet(*ShuffledKeys(20'011));
  const auto pipeline = FirstByKey(*fragment, 15'000);
  const auto run = testing::RunKernel(pipeline, fragment);
  auto merger = Require(TopKMerger::Make(pipeline, 256 * 1024));
  arrow::Status status;
  for (const auto& batch : run.batches) {
    if (status.ok()) status = merger->Consume(batch, 0, 0);
  }
  EXPECT_THAT(status, FailsWith(Code::kLimitExceeded, "rows of a sort"));
}

// What is held of batches with few rows that count are those rows, and not the batches.
TEST(BoundedTopK, BatchesAreLetGoWhenTheMemoryIsFull) {
  const auto fragment = WideFragment(false);
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.top_k = plan::TopK{{{0, true, false}}, 3};
  auto merger = Require(TopKMerger::Make(pipeline, 1 << 20));
  auto rows = testing::ReadAll(*fragment->schema());
  int64_t sequence = 0;
  for (const auto& batch : testing::RunKernel(rows, fragment).batches) {
    Require(merger->Consume(batch, 0, sequence++));
  }
  const auto best = Require(merger->Finish());
  ASSERT_EQ(best->num_rows(), 3);
  EXPECT_EQ(testing::RowsOf(*best)[0].substr(0, 6), "1999, ");
}

TEST(BestRows, AreTheSmallestWhateverTheOrder) {
  std::mt19937 random(7);
  for (const int64_t limit : {1, 2, 7, 100}) {
    std::vector<Candidate> all;
    BestRows best(limit);
    for (int64_t i = 0; i < 500; ++i) {
      const Candidate candidate{std::to_string(random() % 50), {0, 0, i}, i};
      all.push_back(candidate);
      best.Add(candidate);
      EXPECT_EQ(best.full(), i + 1 >= limit);
      if (best.full()) {
        std::vector<Candidate> sorted = all;
        std::sort(sorted.begin(), sorted.end());
        ASSERT_EQ(best.worst().source, sorted[static_cast<size_t>(limit) - 1].source);
      }
    }
    std::sort(all.begin(), all.end());
    const auto sorted = best.TakeSorted();
    ASSERT_EQ(static_cast<int64_t>(sorted.size()), limit);
    for (size_t i = 0; i < sorted.size(); ++i) EXPECT_EQ(sorted[i].source, all[i].source);
    EXPECT_TRUE(best.rows().empty());
  }
}

TEST(BoundedDistinct, ValuesOfOneGroupBeyondTheMemoryAreAnErrorThatSaysWhat) {
  const auto fragment = testing::OpenParquet(*ShuffledKeys(50'021));
  for (const bool keyed : {false, true}) {
    auto pipeline = testing::ReadAll(*fragment->schema());
    pipeline.projection.push_back({"one", Lit(1)});
    pipeline.aggregate = plan::Aggregate{keyed ? std::vector<int>{2} : std::vector<int>{},
                                         {{AggregateFunction::kCountDistinct, 0, -1, "n"}}};
    const auto run = testing::RunKernel(pipeline, fragment);
    EXPECT_EQ(testing::FinalRows(pipeline, run.batches),
              (std::vector<std::string>{keyed ? "1, 50021" : "50021"}));
    MergeOptions options;
    options.memory_bytes = 512 * 1024;
    EXPECT_THAT(testing::Merged(pipeline, run.batches, options),
                FailsWith(Code::kLimitExceeded, "distinct values"));
  }
}

TEST(GroupTable, RefusesMoreGroupsThanItsNumbersHave) {
  GroupTable table({arrow::int64()}, 10);
  arrow::Int64Builder values;
  for (int i = 0; i < 11; ++i) Require(values.Append(i));
  const auto array = Require(values.Finish());
  std::vector<uint32_t> groups(11);
  Require(
      table.Assign({Require(vector::Column::FromArray(array->Slice(0, 10)))}, 10, groups.data()));
  EXPECT_EQ(table.size(), 10);
  EXPECT_THAT(table.Assign({Require(vector::Column::FromArray(array))}, 11, groups.data()),
              FailsWith(Code::kLimitExceeded, "more than 10 groups"));
}

// What travels between processes does not depend on the seed of one.
TEST(GroupTable, HashesThatSharesAreMadeOfAreTheSameEverywhere) {
  const auto array = Require(arrow::MakeArrayFromScalar(arrow::Int64Scalar(42), 1));
  const auto hashes = Require(GroupTable::HashesOf({Require(vector::Column::FromArray(array))}, 1));
  EXPECT_EQ(hashes[0], 2446243831268593509u);
}

TEST(GroupTable, CountsItsScratch) {
  GroupTable table({arrow::int64()});
  const int64_t before = table.bytes_held();
  const auto array = Require(arrow::MakeArrayFromScalar(arrow::Int64Scalar(42), 5000));
  std::vector<uint32_t> groups(5000);
  Require(table.Assign({Require(vector::Column::FromArray(array))}, 5000, groups.data()));
  EXPECT_EQ(table.size(), 1);
  EXPECT_GE(table.bytes_held() - before, 1024 * 16) << "a thousand keys are encoded at a time";
}

// Forwards to a fragment, and requests a stop when a row is read.
class StoppingFragment : public format::Fragment {
 public:
  StoppingFragment(std::shared_ptr<format::Fragment> of, int64_t stop_row)
      : of_(std::move(of)), stop_row_(stop_row) {}

  const std::string& name() const override { return of_->name(); }
  const std::string& version() const override { return of_->version(); }
  const std::shared_ptr<arrow::Schema>& declared_schema() const override {
    return of_->declared_schema();
  }
  const std::shared_ptr<arrow::Schema>& schema() const override { return of_->schema(); }
  const std::vector<plan::NestedField>& nested_fields() const override {
    return of_->nested_fields();
  }
  int64_t num_rows() const override { return of_->num_rows(); }
  int num_row_groups() const override { return of_->num_row_groups(); }
  plan::RowRange row_group_rows(int group) const override { return of_->row_group_rows(group); }
  int64_t row_group_bytes(int group, const std::vector<int>& columns) const override {
    return of_->row_group_bytes(group, columns);
  }
  arrow::Result<std::optional<plan::ColumnStatistics>> Statistics(int group, int column) override {
    return of_->Statistics(group, column);
  }
  arrow::Result<std::vector<format::PageStatistics>> Pages(
      int group, int column, const format::ReadContext& context) override {
    return of_->Pages(group, column, context);
  }
  bool HasBloomFilter(int group, int column) const override {
    return of_->HasBloomFilter(group, column);
  }
  arrow::Result<bool> MayContainAny(int group, int column, plan::ScalarSpan values,
                                    const format::ReadContext& context) override {
    return of_->MayContainAny(group, column, values, context);
  }
  arrow::Result<std::unique_ptr<format::RowGroupReader>> Open(
      int group, const format::ReadContext& context) override {
    ARROW_ASSIGN_OR_RAISE(auto reader, of_->Open(group, context));
    return std::make_unique<Reader>(std::move(reader), this);
  }

  // Requests a stop, or lets the deadline pass where there is one.
  void End() {
    is_over = true;
    if (!deadline.has_value()) source.RequestStop();
    while (deadline.has_value() && std::chrono::steady_clock::now() < *deadline) {
      std::this_thread::yield();
    }
  }

  arrow::StopSource source;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  bool stop_at_dictionary = false;
  bool is_over = false;
  int64_t cells_after_stop = 0;

 private:
  class Reader : public format::RowGroupReader {
   public:
    Reader(std::unique_ptr<format::RowGroupReader> of, StoppingFragment* fragment)
        : of_(std::move(of)), fragment_(fragment) {}
    arrow::Status Prefetch(const std::vector<int>& columns, const plan::RowRanges& rows,
                           bool late) override {
      return of_->Prefetch(columns, rows, late);
    }
    arrow::Result<std::shared_ptr<arrow::Array>> Read(
        int column, int64_t begin, int64_t length,
        std::optional<std::span<const int32_t>> selection) override {
      if (fragment_->is_over) fragment_->cells_after_stop += length;
      if (begin + length > fragment_->stop_row_) fragment_->End();
      return of_->Read(column, begin, length, selection);
    }
    arrow::Result<std::shared_ptr<arrow::Array>> Dictionary(int column) override {
      if (fragment_->stop_at_dictionary) fragment_->source.RequestStop();
      return of_->Dictionary(column);
    }
    int64_t bytes_held() const override { return of_->bytes_held(); }

   private:
    std::unique_ptr<format::RowGroupReader> of_;
    StoppingFragment* fragment_;
  };

  std::shared_ptr<format::Fragment> of_;
  int64_t stop_row_;
};

// The second row group's statistics cannot be read.
class DamagedFragment : public StoppingFragment {
 public:
  using StoppingFragment::StoppingFragment;
  arrow::Result<std::optional<plan::ColumnStatistics>> Statistics(int group, int column) override {
    if (group == 1) return base::CorruptData("no statistics of row group 1");
    return StoppingFragment::Statistics(group, column);
  }
};

constexpr int kManyRows = 100'003;

std::shared_ptr<StoppingFragment> ManyRows(int64_t stop_row) {
  testing::ParquetLayout layout;
  layout.dictionary = false;
  return std::make_shared<StoppingFragment>(testing::OpenParquet(*ShuffledKeys(kManyRows), layout),
                                            stop_row);
}

TEST(Looks, AFilterOverManyRowsStopsWithinOneChunk) {
  const auto fragment = ManyRows(20'000);
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kLike, {Col(pipeline, "k"), Lit("%9")}),
                     Fn(Function::kGreaterEqual, {Col(pipeline, "v"), Lit(3)})};
  auto request = testing::AllRowsOf(*fragment);
  request.stop = fragment->source.token();
  const auto run = testing::TryKernel(pipeline, fragment, std::move(request));
  EXPECT_THAT(run, FailsWith(arrow::StatusCode::Cancelled, ""));
  EXPECT_LE(fragment->cells_after_stop, kChunkRows) << "the other column of the chunk under way";
}

TEST(Looks, ADeadlineEndsAFilterWithinOneChunkAndSaysWhatIsLeft) {
  const auto fragment = ManyRows(20'000);
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kLike, {Col(pipeline, "k"), Lit("%9")}),
                     Fn(Function::kGreaterEqual, {Col(pipeline, "v"), Lit(3)})};
  auto request = testing::AllRowsOf(*fragment);
  // Long enough that it has not passed before the row is reached.
  request.limits.deadline = fragment->deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(2);
  const auto run = testing::RunKernel(pipeline, fragment, std::move(request));
  EXPECT_EQ(run.outcome.stopped_by, plan::StoppedBy::kDeadline);
  EXPECT_EQ(run.outcome.remaining.rows.num_rows(), kManyRows) << "no window was answered";
  EXPECT_LE(fragment->cells_after_stop, kChunkRows) << "the other column of the chunk under way";
}

// What a call that may be resumed gave up, the next one would take for dealt with.
TEST(Looks, TooMuchMemoryIsNoDeadlineOfACallThatMayBeResumed) {
  constexpr int64_t kFirstLarge = 2'500;
  std::string lines;
  for (int64_t row = 0; row < 3'000; ++row) {
    lines += fmt::format("word,{}\n", row < kFirstLarge ? 1 : 50'000'000);
  }
  const auto schema =
      arrow::schema({arrow::field("s", arrow::utf8()), arrow::field("n", arrow::int64())});
  testing::ParquetLayout layout;
  layout.dictionary = false;
  layout.row_group_rows = 1'000;
  const auto fragment = std::make_shared<StoppingFragment>(
      testing::OpenParquet(*testing::TableOf(schema, lines), layout), kFirstLarge);
  auto pipeline = testing::ReadAll(*fragment->schema());
  const auto repeated = Fn(Function::kRepeat, {Col(pipeline, "s"), Col(pipeline, "n")});
  pipeline.filter = {Fn(Function::kGreater, {Fn(Function::kLength, {repeated}), Lit(5)})};
  auto request = testing::AllRowsOf(*fragment);
  request.slice.scan = 1;
  request.limits.memory_bytes = 32 << 20;
  request.limits.deadline = fragment->deadline =
      std::chrono::steady_clock::now() + std::chrono::seconds(2);
  EXPECT_THAT(testing::TryKernel(pipeline, fragment, std::move(request)),
              FailsWith(Code::kLimitExceeded, "where memory for 33554432 is left"));
}

TEST(Looks, AheadSayNothingOfARowGroupThatIsNotReached) {
  testing::ParquetLayout layout;
  layout.row_group_rows = 1'000;
  const auto fragment = std::make_shared<DamagedFragment>(
      testing::OpenParquet(*ShuffledKeys(3'000), layout), /*stop_row=*/kManyRows);
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "v"), Lit(0)})};
  EXPECT_THAT(testing::TryKernel(pipeline, fragment, testing::AllRowsOf(*fragment)),
              FailsWith(Code::kCorruptData, "no statistics of row group 1"));
  pipeline.limit = plan::Limit{3};
  EXPECT_EQ(testing::RunKernel(pipeline, fragment, testing::AllRowsOf(*fragment)).rows().size(),
            3u);
}

TEST(Looks, ADictionaryIsEvaluatedInPiecesWithALookBeforeEach) {
  std::vector<std::string> texts;
  for (int i = 0; i < 3 * kChunkRows + 5; ++i) texts.push_back(fmt::format("value {}", i));
  arrow::StringViewBuilder builder;
  for (const auto& text : texts) Require(builder.Append(text));
  const vector::Column values = Require(vector::Column::FromArray(Require(builder.Finish())));
  Program program;
  const int node =
      program.Add(Fn(Function::kLike, {plan::InputColumn(0, arrow::utf8_view()), Lit("%7")}));
  arrow::StopSource source;
  plan::Cost cost;
  const format::ReadContext context(&cost, source.token());
  const vector::Column result = Require(EvaluateInPieces(program, node, values, &context));
  ASSERT_EQ(result.length(), 3 * kChunkRows + 5);
  for (size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ(result.values<uint8_t>()[i] != 0, i % 10 == 7) << i;
  }
  source.RequestStop();
  EXPECT_THAT(EvaluateInPieces(program, node, values, &context),
              FailsWith(arrow::StatusCode::Cancelled, ""));
}

TEST(Looks, APredicateOverADictionaryStopsBeforeItIsEvaluated) {
  const auto fragment =
      std::make_shared<StoppingFragment>(testing::OpenParquet(*ShuffledKeys(kManyRows)), kManyRows);
  fragment->stop_at_dictionary = true;
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kLike, {Col(pipeline, "k"), Lit("%none")})};
  auto request = testing::AllRowsOf(*fragment);
  request.stop = fragment->source.token();
  EXPECT_THAT(testing::TryKernel(pipeline, fragment, std::move(request)),
              FailsWith(arrow::StatusCode::Cancelled, ""));
}

}  // namespace
}  // namespace skyhook::exec
