#include "skyhook/client/scan.h"

#include <arrow/memory_pool.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "skyhook/client/session_testing.h"
#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using arrow::StatusCode;
using plan::AggregateFunction;
using plan::Function;
using testing::Col;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;
using ::testing::UnorderedElementsAreArray;
using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

constexpr int64_t kFiles = 3;
constexpr int64_t kFileRows = 1000;
constexpr int64_t kRows = kFiles * kFileRows;

/// Row `id` of the test's table.
int64_t GroupOf(int64_t id) { return id * 31 % 7; }
int64_t PriceOf(int64_t id) { return id * 7919 % 997; }

/// Counts the calls of a site.
class CountingSite : public testing::ForwardingSite {
 public:
  using ForwardingSite::ForwardingSite;
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    ++calls;
    return ForwardingSite::Run(std::move(request));
  }
  std::atomic<int> calls{0};
};

/// Keeps the pipelines that it is asked for, and answers few rows a call.
class KeepingSite : public testing::NarrowSite {
 public:
  explicit KeepingSite(std::shared_ptr<site::Site> site) : NarrowSite(std::move(site), Narrow()) {}
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      asked.push_back(request.pipeline);
    }
    return NarrowSite::Run(std::move(request));
  }
  std::vector<plan::SharedPipeline> asked;

 private:
  static base::Limits Narrow() {
    base::Limits limits;
    limits.rows_in = 60;
    return limits;
  }

  std::mutex mutex_;
};

/// Fails every call for one fragment.
class FailingSite : public testing::ForwardingSite {
 public:
  FailingSite(std::shared_ptr<site::Site> site, std::string fragment)
      : ForwardingSite(std::move(site)), fragment_(std::move(fragment)) {}
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    if (request.fragment.name.ends_with(fragment_))
      return arrow::Status::IOError("the disk is gone");
    return ForwardingSite::Run(std::move(request));
  }

 private:
  std::string fragment_;
};

/// Notes where calls are to find what is made of constants.
class NotingSite : public testing::ForwardingSite {
 public:
  using ForwardingSite::ForwardingSite;
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      prepared_calls.insert(request.prepared_calls);
    }
    return ForwardingSite::Run(std::move(request));
  }
  std::set<std::shared_ptr<exec::PreparedCalls>> prepared_calls;

 private:
  std::mutex mutex_;
};

/// What all streams of a scan returned, in the order of batch_index.
Batches Drain(Scan* scan, int threads) {
  std::mutex mutex;
  std::multimap<int64_t, std::shared_ptr<arrow::RecordBatch>> ordered;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      auto stream = scan->OpenStream().ValueOrDie();
      int64_t last = 0;
      while (true) {
        auto batch = stream->Next();
        std::lock_guard<std::mutex> lock(mutex);
        EXPECT_THAT(batch, testing::IsOk());
        if (!batch.ok() || *batch == nullptr) return;
        EXPECT_GE(stream->batch_index(), std::exchange(last, stream->batch_index()))
            << "a stream goes forward";
        ordered.emplace(last, *std::move(batch));
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  Batches out;
  for (const auto& [index, batch] : ordered) out.push_back(batch);
  return out;
}

class ScanTest : public ::testing::TestWithParam<int> {
 protected:
  /// Three files of ten row groups: id, grp, price and name.
  void SetUp() override {
    for (int64_t file = 0; file < kFiles; ++file) {
      std::string lines;
      for (int64_t id = file * kFileRows; id < (file + 1) * kFileRows; ++id) {
        lines += fmt::format("{},{},{},name of {}\n", id, GroupOf(id), PriceOf(id), id);
      }
      Write(fmt::format("t/{}.parquet", file), Schema(), lines, 100);
    }
    table_ = Open("t");
  }

  static std::shared_ptr<arrow::Schema> Schema() {
    return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("grp", arrow::int64()),
                          arrow::field("price", arrow::int64()),
                          arrow::field("name", arrow::utf8())});
  }

  void Write(const std::string& name, const std::shared_ptr<arrow::Schema>& schema,
             const std::string& lines, int64_t row_group_rows = 1000) {
    testing::WriteParquet(directory_.File(name), *testing::TableOf(schema, lines),
                          {.row_group_rows = row_group_rows});
  }

  std::shared_ptr<const Table> Open(const std::string& name) {
    return Require(OpenAlone(directory_.path() + "/" + name));
  }

  /// The table with every site wrapped.
  std::shared_ptr<const Table> Behind(
      const std::function<std::shared_ptr<site::Site>(std::shared_ptr<site::Site>)>& wrap) {
    auto table = std::make_shared<Table>(*table_);
    const std::shared_ptr<site::Site> site = wrap(table->fragments[0].site);
    for (TableFragment& fragment : table->fragments) fragment.site = site;
    return table;
  }

  std::shared_ptr<Scan> Make(plan::Pipeline pipeline) {
    options_.unit_rows = unit_rows_;
    options_.max_streams = std::max(options_.max_streams, Threads());
    return Require(Scan::Make(table_, std::move(pipeline), options_));
  }

  std::vector<std::string> Rows(plan::Pipeline pipeline) {
    scan_ = Make(std::move(pipeline));
    return testing::RowsOf(Drain(scan_.get(), Threads()));
  }

  int Threads() const { return GetParam(); }

  testing::TemporaryDirectory directory_;
  std::shared_ptr<const Table> table_;
  ScanOptions options_;
  int64_t unit_rows_ = 1;  ///< a unit for each row group
  std::shared_ptr<Scan> scan_;
};

INSTANTIATE_TEST_SUITE_P(Threads, ScanTest, ::testing::Values(1, 4),
                         [](const auto& info) { return fmt::format("Streams{}", info.param); });

TEST_P(ScanTest, EveryRowComesOnceAndInOrder) {
  std::vector<std::string> expected;
  for (int64_t id = 0; id < kRows; ++id) expected.push_back(fmt::format("name of {}", id));
  EXPECT_EQ(Rows(testing::Read(*Schema(), {"name"})), expected);
  EXPECT_EQ(scan_->num_units(), 30);
  EXPECT_EQ(scan_->progress(), 1.0);
  EXPECT_EQ(scan_->cost().rows_in, kRows);
  EXPECT_EQ(scan_->cost().rows_out, kRows);
  EXPECT_EQ(scan_->cost().fragments, kFiles);
}

TEST_P(ScanTest, StreamsAreAsManyAsTheMemoryHolds) {
  const plan::Pipeline pipeline = testing::Read(*Schema(), {"name"});
  EXPECT_EQ(Make(pipeline)->num_streams(), Threads());
  options_.memory_bytes = table_->fragments[0].description.bytes;
  EXPECT_EQ(Make(pipeline)->num_streams(), std::min(Threads(), 3));
  options_.memory_bytes = 1;
  EXPECT_EQ(Make(pipeline)->num_streams(), 1);
}

/// So that a site that encodes it does so once.
TEST_P(ScanTest, AllCallsAreAskedForTheSamePipeline) {
  std::shared_ptr<KeepingSite> site;
  table_ = Behind([&](auto inner) { return site = std::make_shared<KeepingSite>(inner); });
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "grp"), Lit(0)})};
  unit_rows_ = kFileRows / 2;
  EXPECT_EQ(Rows(pipeline).size(), static_cast<size_t>(kRows));
  EXPECT_GE(scan_->num_units(), 6);
  ASSERT_EQ(site->asked.size(), 30u) << "a call for each row group";
  for (const auto& asked : site->asked) EXPECT_EQ(&*asked, &*site->asked.front());
}

/// Nobody hands over what another stream may be finishing with.
TEST_P(ScanTest, AStreamThatComesLateHandsNothingOver) {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.aggregate = plan::Aggregate{{}, {{AggregateFunction::kSum, 0, -1, "total"}}};
  options_.max_streams = 2;
  scan_ = Require(Scan::Make(table_, std::move(pipeline), options_));
  const auto first = Require(scan_->OpenStream());
  const auto batch = Require(first->Next());
  ASSERT_NE(batch, nullptr);
  const auto late = Require(scan_->OpenStream());
  EXPECT_EQ(Require(late->Next()), nullptr);
  EXPECT_EQ(scan_->cost().rows_out, 1) << "the group of the first stream alone";
  EXPECT_EQ(Require(first->Next()), nullptr);
  EXPECT_EQ(testing::RowsOf(*batch),
            std::vector<std::string>{std::to_string(kRows * (kRows - 1) / 2)});
}

TEST_P(ScanTest, AFilterKeepsItsRows) {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.filter = {Fn(Function::kGreater, {Col(pipeline, "price"), Lit(990)})};
  std::vector<std::string> expected;
  for (int64_t id = 0; id < kRows; ++id) {
    if (PriceOf(id) > 990) expected.push_back(std::to_string(id));
  }
  ASSERT_EQ(expected.size(), 18u);
  EXPECT_EQ(Rows(pipeline), expected);
}

plan::Pipeline SumsByGroup(const arrow::Schema& schema) {
  plan::Pipeline pipeline = testing::Read(schema, {"grp", "price"});
  pipeline.aggregate = plan::Aggregate{{0},
                                       {{AggregateFunction::kCountAll, -1, -1, "n"},
                                        {AggregateFunction::kSum, 1, -1, "total"},
                                        {AggregateFunction::kMax, 1, -1, "most"}}};
  return pipeline;
}

std::vector<std::string> ExpectedSumsByGroup() {
  std::vector<std::string> rows;
  for (int64_t group = 0; group < 7; ++group) {
    int64_t count = 0;
    int64_t total = 0;
    int64_t most = 0;
    for (int64_t id = 0; id < kRows; ++id) {
      if (GroupOf(id) != group) continue;
      ++count;
      total += PriceOf(id);
      most = std::max(most, PriceOf(id));
    }
    rows.push_back(fmt::format("{}, {}, {}, {}", group, count, total, most));
  }
  return rows;
}

TEST_P(ScanTest, AnAggregateIsFinal) {
  EXPECT_THAT(Rows(SumsByGroup(*Schema())), UnorderedElementsAreArray(ExpectedSumsByGroup()));
}

TEST_P(ScanTest, CountingReadsNoPages) {
  plan::Pipeline pipeline = testing::Read(*Schema(), {});
  pipeline.aggregate = plan::Aggregate{{}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
  EXPECT_THAT(Rows(pipeline), ElementsAre("3000"));
  EXPECT_EQ(scan_->cost().pages_read, 0);
}

TEST_P(ScanTest, AnAggregateOverNoRowsHasOneRow) {
  Write("k/p=1/a.parquet", Schema(), "1,1,1,x");
  table_ = Open("k");
  plan::Pipeline pipeline = testing::Read(*table_->schema, {"price"});
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "p"), Lit(2)})};
  pipeline.aggregate = plan::Aggregate{
      {}, {{AggregateFunction::kCountAll, -1, -1, "n"}, {AggregateFunction::kSum, 0, -1, "s"}}};
  EXPECT_THAT(Rows(pipeline), ElementsAre("0, NULL"));
  EXPECT_EQ(scan_->num_units(), 0);
}

TEST_P(ScanTest, ATopKIsSortedWithTiesInRowOrder) {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"price", "id"});
  pipeline.top_k = plan::TopK{{{.column = 0, .descending = true}}, 8};
  std::vector<int64_t> ids(kRows);
  for (int64_t id = 0; id < kRows; ++id) ids[id] = id;
  std::stable_sort(ids.begin(), ids.end(),
                   [](int64_t a, int64_t b) { return PriceOf(a) > PriceOf(b); });
  std::vector<std::string> expected;
  for (int i = 0; i < 8; ++i) expected.push_back(fmt::format("{}, {}", PriceOf(ids[i]), ids[i]));
  ASSERT_EQ(expected[0].substr(0, 3), expected[1].substr(0, 3));
  EXPECT_EQ(Rows(pipeline), expected);
}

TEST_P(ScanTest, ATopKThresholdThatTightensSkipsRowGroups) {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.top_k = plan::TopK{{{.column = 0, .descending = true}}, 3};
  EXPECT_THAT(Rows(pipeline), ElementsAre("2999", "2998", "2997"));
  EXPECT_GT(scan_->cost().row_groups_skipped_runtime, 20);
}

/// Names larger values than its fragments hold.
class BoastingSite : public testing::ForwardingSite {
 public:
  using ForwardingSite::ForwardingSite;
  arrow::Result<std::vector<std::optional<plan::ColumnStatistics>>> Statistics(
      const site::FragmentId& id, const std::string& column) override {
    ARROW_ASSIGN_OR_RAISE(auto groups, ForwardingSite::Statistics(id, column));
    for (auto& group : groups) {
      if (group.has_value()) group->max = arrow::MakeScalar(kRows + 17);
    }
    return groups;
  }
};

TEST_P(ScanTest, ATopKIsRightWhereStatisticsNameValuesThatAreNotThere) {
  table_ = Behind([](auto site) { return std::make_shared<BoastingSite>(std::move(site)); });
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.top_k = plan::TopK{{{.column = 0, .descending = true}}, 3};
  EXPECT_THAT(Rows(pipeline), ElementsAre("2999", "2998", "2997"));
  EXPECT_EQ(scan_->progress(), 1.0);
  // Rows that others leave out are none that their statistics tell of.
  pipeline.filter = {Fn(Function::kLess, {Col(pipeline, "id"), Lit(1000)})};
  EXPECT_THAT(Rows(pipeline), ElementsAre("999", "998", "997"));
}

TEST_P(ScanTest, ALimitIsTheFirstRows) {
  for (const int64_t limit : {0, 1, 99, 1500, 2999, 3000, 5000}) {
    plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
    pipeline.limit = plan::Limit{limit};
    std::vector<std::string> expected;
    for (int64_t id = 0; id < std::min(limit, kRows); ++id) expected.push_back(std::to_string(id));
    EXPECT_EQ(Rows(pipeline), expected) << limit;
  }
}

TEST_P(ScanTest, ALimitOverAFilterIsTheFirstRowsThatPass) {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "price"), Lit(5)})};
  pipeline.limit = plan::Limit{2};
  std::vector<std::string> expected;
  for (int64_t id = 0; expected.size() < 2; ++id) {
    if (PriceOf(id) == 5) expected.push_back(std::to_string(id));
  }
  EXPECT_EQ(Rows(pipeline), expected);
}

TEST_P(ScanTest, AFullLimitStartsNoFurtherUnit) {
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.limit = plan::Limit{10};
  ASSERT_EQ(Rows(pipeline).size(), 10u);
  EXPECT_LE(scan_->cost().rows_in, Threads() * 100);
  EXPECT_EQ(scan_->cost().fragments_skipped, 2);
  EXPECT_EQ(scan_->progress(), 1.0);
}

TEST_P(ScanTest, ALargeLimitIsReadInOrderByOneStream) {
  std::string lines;
  for (int i = 0; i < 100'000; ++i) lines += fmt::format("{},0,0,\n", i);
  Write("large/a.parquet", Schema(), lines, 10'000);
  Write("large/b.parquet", Schema(), lines, 10'000);
  table_ = Open("large");
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.limit = plan::Limit{70'001};
  const std::vector<std::string> rows = Rows(pipeline);
  ASSERT_EQ(rows.size(), 70'001u);
  for (int i = 0; i < 70'001; ++i) ASSERT_EQ(rows[i], std::to_string(i));
  EXPECT_EQ(scan_->cost().rows_in, 80'000);
  EXPECT_EQ(scan_->cost().fragments_skipped, 1);
}

class HiveScanTest : public ScanTest {
 protected:
  void SetUp() override {
    const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
    Write("h/year=2022/a.parquet", schema, "1\n2");
    Write("h/year=2023/a.parquet", schema, "3\n4");
    Write("h/year=2024/a.parquet", schema, "5\n6");
    Write("h/year=__HIVE_DEFAULT_PARTITION__/a.parquet", schema, "7\n8");
    table_ = Open("h");
  }

  plan::Pipeline Pipeline() { return testing::Read(*table_->schema, {"x", "year"}); }
};

INSTANTIATE_TEST_SUITE_P(Threads, HiveScanTest, ::testing::Values(1, 4),
                         [](const auto& info) { return fmt::format("Streams{}", info.param); });

TEST_P(HiveScanTest, PartitionColumnsAreReturned) {
  EXPECT_THAT(Rows(Pipeline()), ElementsAre("1, 2022", "2, 2022", "3, 2023", "4, 2023", "5, 2024",
                                            "6, 2024", "7, NULL", "8, NULL"));
}

TEST_P(HiveScanTest, HiveValuesThatPrune) {
  plan::Pipeline pipeline = Pipeline();
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "year"), Lit(2024)})};
  EXPECT_THAT(Rows(pipeline), ElementsAre("5, 2024", "6, 2024"));
  EXPECT_EQ(scan_->cost().fragments, 4);
  EXPECT_EQ(scan_->cost().fragments_skipped, 3);
  EXPECT_EQ(scan_->cost().rows_in, 2);
}

TEST_P(HiveScanTest, ComputedPredicatesOverHiveValuesPruneToo) {
  plan::Pipeline pipeline = Pipeline();
  pipeline.filter = {
      Fn(Function::kEqual, {Fn(Function::kModulo, {Col(pipeline, "year"), Lit(2)}), Lit(0)})};
  EXPECT_THAT(Rows(pipeline), ElementsAre("1, 2022", "2, 2022", "5, 2024", "6, 2024"));
  EXPECT_EQ(scan_->cost().fragments_skipped, 2);
}

TEST_P(HiveScanTest, TheDefaultPartitionIsNull) {
  plan::Pipeline pipeline = Pipeline();
  pipeline.filter = {Fn(Function::kIsNull, {Col(pipeline, "year")})};
  EXPECT_THAT(Rows(pipeline), ElementsAre("7, NULL", "8, NULL"));
  EXPECT_EQ(scan_->cost().fragments_skipped, 3);
}

TEST_P(HiveScanTest, OtherConjunctsStillApply) {
  plan::Pipeline pipeline = Pipeline();
  pipeline.filter = {Fn(Function::kLess, {Col(pipeline, "year"), Lit(2024)}),
                     Fn(Function::kGreater, {Col(pipeline, "x"), Lit(1)})};
  EXPECT_THAT(Rows(pipeline), ElementsAre("2, 2022", "3, 2023", "4, 2023"));
  EXPECT_EQ(scan_->cost().fragments_skipped, 2);
}

TEST_P(HiveScanTest, ARuntimeFilterOnAPartitionColumnSkipsItsFragments) {
  auto filter = std::make_shared<plan::SettableRuntimeFilter>("join");
  filter->Set(Fn(Function::kEqual, {Col(Pipeline(), "year"), Lit(2023)}));
  options_.runtime_filters = {filter};
  EXPECT_THAT(Rows(Pipeline()), ElementsAre("3, 2023", "4, 2023"));
  EXPECT_EQ(scan_->cost().row_groups_skipped_runtime, 3);
}

TEST_P(HiveScanTest, PartitionColumnsAreGroupedBy) {
  plan::Pipeline pipeline = testing::Read(*table_->schema, {"year", "x"});
  pipeline.aggregate = plan::Aggregate{{0}, {{AggregateFunction::kSum, 1, -1, "s"}}};
  EXPECT_THAT(Rows(pipeline),
              UnorderedElementsAreArray({"2022, 3", "2023, 7", "2024, 11", "NULL, 15"}));
}

TEST_P(HiveScanTest, OnlyPartitionColumnsCanBeRead) {
  EXPECT_THAT(Rows(testing::Read(*table_->schema, {"year"})),
              ElementsAre("2022", "2022", "2023", "2023", "2024", "2024", "NULL", "NULL"));
}

TEST_P(ScanTest, AColumnThatAFileLacksIsNullThere) {
  Write("m/1.parquet", arrow::schema({arrow::field("a", arrow::int64())}), "1\n2");
  Write("m/2.parquet",
        arrow::schema({arrow::field("b", arrow::utf8()), arrow::field("a", arrow::int64())}),
        "x,3\nNULL,4");
  table_ = Open("m");
  EXPECT_THAT(Rows(testing::ReadAll(*table_->schema)),
              ElementsAre("1, NULL", "2, NULL", "3, x", "4, NULL"));
  plan::Pipeline pipeline = testing::Read(*table_->schema, {"a"});
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "b"), Lit("x")})};
  EXPECT_THAT(Rows(pipeline), ElementsAre("3"));
  EXPECT_EQ(scan_->cost().fragments_skipped, 1);
}

TEST_P(ScanTest, SpillingKeepsEveryGroup) {
  std::string lines;
  for (int i = 0; i < 100'000; ++i)
    lines += fmt::format("{},0,{},a name of some length {}\n", i, i, i);
  Write("large/a.parquet", Schema(), lines, 20'000);
  table_ = Open("large");
  options_.memory_bytes = 2 * 1024 * 1024;
  options_.spill_directory = directory_.path();
  plan::Pipeline pipeline = testing::Read(*Schema(), {"name", "price"});
  pipeline.aggregate = plan::Aggregate{
      {0}, {{AggregateFunction::kSum, 1, -1, "s"}, {AggregateFunction::kCountAll, -1, -1, "n"}}};
  std::vector<std::string> expected;
  for (int i = 0; i < 100'000; ++i)
    expected.push_back(fmt::format("a name of some length {0}, {0}, 1", i));
  std::vector<std::string> rows = Rows(pipeline);
  ASSERT_EQ(rows.size(), expected.size());
  std::sort(rows.begin(), rows.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(rows, expected);
  EXPECT_GT(scan_->cost().spilled_bytes, 0);
}

/// Runs a row scan, an aggregate, a top-k and a limit over sites that stop each call early. Units
/// are whole files.
class LeftoverTest : public ScanTest {
 protected:
  void SetUp() override {
    ScanTest::SetUp();
    unit_rows_ = kFileRows;
  }

  void ExpectAnswersUnder(const base::Limits& limits) {
    counting_ = std::make_shared<CountingSite>(table_->fragments[0].site);
    table_ = Behind([&](auto) { return std::make_shared<testing::NarrowSite>(counting_, limits); });
    plan::Pipeline all = testing::Read(*Schema(), {"id"});
    std::vector<std::string> ids;
    for (int64_t id = 0; id < kRows; ++id) ids.push_back(std::to_string(id));
    EXPECT_EQ(Rows(all), ids);
    EXPECT_EQ(scan_->cost().rows_in, kRows);
    calls_of_row_scan_ = counting_->calls;
    EXPECT_THAT(Rows(SumsByGroup(*Schema())), UnorderedElementsAreArray(ExpectedSumsByGroup()));
    plan::Pipeline last = all;
    last.top_k = plan::TopK{{{.column = 0, .descending = true}}, 2};
    EXPECT_THAT(Rows(last), ElementsAre("2999", "2998"));
    plan::Pipeline first = all;
    first.limit = plan::Limit{150};
    ids.resize(150);
    EXPECT_EQ(Rows(first), ids);
  }

  std::shared_ptr<CountingSite> counting_;
  int calls_of_row_scan_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Threads, LeftoverTest, ::testing::Values(1, 4),
                         [](const auto& info) { return fmt::format("Streams{}", info.param); });

TEST_P(LeftoverTest, AfterReplyBytes) {
  base::Limits limits;
  limits.reply_bytes = 1;
  limits.batch_rows = 20;
  ExpectAnswersUnder(limits);
  EXPECT_GE(calls_of_row_scan_, 30);
}

TEST_P(LeftoverTest, AfterRowsIn) {
  base::Limits limits;
  limits.rows_in = 1;
  ExpectAnswersUnder(limits);
  EXPECT_GE(calls_of_row_scan_, 30);
}

TEST_P(LeftoverTest, AfterMemoryNothingIsLeft) {
  base::Limits limits;
  limits.memory_bytes = 1;
  ExpectAnswersUnder(limits);
  EXPECT_EQ(calls_of_row_scan_, kFiles);
}

TEST_P(LeftoverTest, WhatACallNeverAnswersIsDoneHere) {
  base::Limits limits;
  limits.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  ExpectAnswersUnder(limits);
  EXPECT_EQ(calls_of_row_scan_, kFiles);
}

TEST_P(ScanTest, WhatASiteRefusesIsDoneHere) {
  table_ = Behind([](auto site) { return std::make_shared<testing::RefusingSite>(site); });
  EXPECT_THAT(Rows(SumsByGroup(*Schema())), UnorderedElementsAreArray(ExpectedSumsByGroup()));
  EXPECT_GT(scan_->cost().bytes_read, 0);
}

TEST_P(ScanTest, WhatIsPulledIsReadOnceHoweverLittleMemoryThereIs) {
  std::string lines;
  for (int i = 0; i < 50'000; ++i) lines += fmt::format("{0},0,{0},a name with number {0}\n", i);
  Write("large/a.parquet", Schema(), lines, 50'000);
  table_ = Open("large");
  table_ = Behind([](auto site) { return std::make_shared<testing::RemoteSite>(site); });
  options_.memory_bytes = 1;
  options_.placement = placement::Mode::kPull;
  EXPECT_EQ(Rows(testing::ReadAll(*table_->schema)).size(), 50'000u);
  // And what is read at once for the footer.
  EXPECT_LE(scan_->cost().network_bytes, table_->fragments[0].description.bytes + 64 * 1024);
  EXPECT_EQ(scan_->places().pulled, 1);
}

/// Holds the answer for the first file back until it is let go.
class HeldBackSite : public testing::RemoteSite {
 public:
  using testing::RemoteSite::RemoteSite;
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    const bool first = request.fragment.name.ends_with("/0.parquet");
    const bool second = request.fragment.name.ends_with("/1.parquet");
    ARROW_ASSIGN_OR_RAISE(auto answer, testing::RemoteSite::Run(std::move(request)));
    if (second) begun.set_value();
    if (!first) return answer;
    return std::make_unique<Held>(std::move(answer), let_go.get_future().share());
  }

  std::promise<void> begun;  ///< the call for the second file
  std::promise<void> let_go;

 private:
  class Held : public site::Answer {
   public:
    Held(std::unique_ptr<site::Answer> answer, std::shared_future<void> let_go)
        : answer_(std::move(answer)), let_go_(std::move(let_go)) {}
    arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
      let_go_.wait();
      return answer_->Next();
    }
    const plan::Outcome& outcome() const override { return answer_->outcome(); }

   private:
    std::unique_ptr<site::Answer> answer_;
    std::shared_future<void> let_go_;
  };
};

TEST_P(ScanTest, ALimitTakesTheFirstRowsWhoeverFillsIt) {
  auto site = std::make_shared<HeldBackSite>(table_->fragments[0].site);
  table_ = Behind([&](auto) { return site; });
  options_.placement = placement::Mode::kPush;
  options_.max_streams = 2;
  options_.units_ahead = 1;
  plan::Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "id"), Lit(997)})};
  pipeline.limit = plan::Limit{10};
  auto scan = Make(pipeline);
  auto slow = Require(scan->OpenStream());
  auto fast = Require(scan->OpenStream());
  // The first stream has begun the first two files and waits; the other one fills the limit.
  auto first = std::async(std::launch::async, [&] { return slow->Next(); });
  site->begun.get_future().wait();
  EXPECT_EQ(Require(fast->Next()), nullptr);
  site->let_go.set_value();
  Batches batches;
  for (auto batch = Require(first.get()); batch != nullptr; batch = Require(slow->Next())) {
    batches.push_back(batch);
  }
  EXPECT_THAT(testing::RowsOf(batches), ElementsAre("997", "998", "999", "1000", "1001", "1002",
                                                    "1003", "1004", "1005", "1006"));
}

TEST_P(ScanTest, CallsOfAScanShareWhatIsMadeOfConstants) {
  std::shared_ptr<NotingSite> site;
  table_ = Behind([&](auto inner) { return site = std::make_shared<NotingSite>(inner); });
  auto pipeline = testing::Read(*Schema(), {"id"});
  pipeline.filter = {Fn(Function::kLike, {Col(pipeline, "name"), Lit("name of %99_")})};
  const auto rows = Rows(pipeline);
  ASSERT_EQ(rows.size(), 30u);
  EXPECT_EQ(rows[29], "2999");
  EXPECT_EQ(scan_->num_units(), 30);
  ASSERT_EQ(site->prepared_calls.size(), 1u);
  EXPECT_NE(*site->prepared_calls.begin(), nullptr);
  EXPECT_EQ(Rows(pipeline), rows);
  EXPECT_EQ(site->prepared_calls.size(), 2u) << "another scan has its own";
}

TEST_P(ScanTest, AFileThatChangesUnderTheScanIsStale) {
  const std::string path = directory_.File("t/1.parquet");
  const auto before = std::filesystem::last_write_time(path);
  Write("t/1.parquet", Schema(), "1,1,1,x");
  std::filesystem::last_write_time(path, before + std::chrono::seconds(1));
  auto stream = Require(Make(SumsByGroup(*Schema()))->OpenStream());
  EXPECT_THAT(stream->Next(), FailsWith(base::Code::kStaleObject, "t/1.parquet"));
}

TEST_P(ScanTest, OneFailureEndsEveryStream) {
  table_ = Behind([](auto site) { return std::make_shared<FailingSite>(site, "1.parquet"); });
  for (const plan::Pipeline& pipeline :
       {testing::Read(*Schema(), {"id"}), SumsByGroup(*Schema())}) {
    auto scan = Make(pipeline);
    auto first = Require(scan->OpenStream());
    auto second = Require(scan->OpenStream());
    arrow::Result<std::shared_ptr<arrow::RecordBatch>> batch = first->Next();
    while (batch.ok() && *batch != nullptr) batch = first->Next();
    EXPECT_THAT(batch, FailsWith(StatusCode::IOError, "the disk is gone"));
    EXPECT_THAT(second->Next(), FailsWith(StatusCode::IOError, "the disk is gone"));
    EXPECT_THAT(first->Next(), FailsWith(StatusCode::IOError, "the disk is gone"));
  }
}

TEST_P(ScanTest, ACancelledScanEndsEveryStream) {
  arrow::StopSource stop;
  options_.stop = stop.token();
  auto scan = Make(testing::Read(*Schema(), {"id"}));
  auto first = Require(scan->OpenStream());
  auto second = Require(scan->OpenStream());
  EXPECT_EQ(Require(first->Next())->num_rows(), 100);
  stop.RequestStop();
  EXPECT_THAT(first->Next(), FailsWith(StatusCode::Cancelled, ""));
  EXPECT_THAT(second->Next(), FailsWith(StatusCode::Cancelled, ""));
  EXPECT_THAT(Require(scan->OpenStream())->Next(), FailsWith(StatusCode::Cancelled, ""));
}

TEST_P(ScanTest, ASlowConsumerHoldsBackTheWork) {
  auto site = std::make_shared<CountingSite>(table_->fragments[0].site);
  table_ = Behind([&](auto) { return site; });
  auto scan = Make(testing::Read(*Schema(), {"id", "name"}));
  auto stream = Require(scan->OpenStream());
  EXPECT_EQ(site->calls, 0);
  for (int batches = 1; batches <= 5; ++batches) {
    ASSERT_EQ(Require(stream->Next())->num_rows(), 100);
    EXPECT_EQ(site->calls, batches);
  }
}

TEST_P(ScanTest, AnAbandonedScanIsAccountedForAndLeaksNothing) {
  // What a site remembers of the files is not the scan's.
  ASSERT_EQ(Rows(testing::Read(*Schema(), {"id", "name"})).size(), size_t{kRows});
  const int64_t before = arrow::default_memory_pool()->bytes_allocated();
  auto scan = Make(testing::Read(*Schema(), {"id", "name"}));
  auto stream = Require(scan->OpenStream());
  ASSERT_EQ(Require(stream->Next())->num_rows(), 100);
  stream.reset();
  EXPECT_GT(scan->cost().bytes_read, 0);
  EXPECT_EQ(scan->cost().rows_out, 100);
  EXPECT_LT(scan->progress(), 0.1);
  scan.reset();
  EXPECT_EQ(arrow::default_memory_pool()->bytes_allocated(), before);
}

TEST_P(ScanTest, AReaderShowsDeclaredTypes) {
  auto reader = Require(ToReader(Make(testing::Read(*Schema(), {"name", "id"}))));
  EXPECT_EQ(reader->schema()->ToString(), "name: string\nid: int64");
  auto read = Require(reader->ToTable());
  Require(read->ValidateFull());
  ASSERT_EQ(read->num_rows(), kRows);
  EXPECT_EQ(testing::RowsOf(*read)[2345], "name of 2345, 2345");
}

TEST_P(ScanTest, ColumnsThatTheTableLacksAreRefused) {
  const auto absent = arrow::schema({arrow::field("colour", arrow::int64())});
  EXPECT_THAT(Scan::Make(table_, testing::ReadAll(*absent), {}),
              FailsWith(StatusCode::Invalid, "no column 'colour'"));
  const auto other = arrow::schema({arrow::field("id", arrow::int32())});
  EXPECT_THAT(Scan::Make(table_, testing::ReadAll(*other), {}),
              FailsWith(StatusCode::Invalid, "column 'id'"));
}

}  // namespace
}  // namespace skyhook::client
