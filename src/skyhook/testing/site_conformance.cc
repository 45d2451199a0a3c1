#include "skyhook/testing/site_conformance.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/order/top_k_merger.h"
#include "skyhook/format/fragment.h"
#include "skyhook/site/kernel_answer.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::testing {
namespace {

using arrow::StatusCode;
using plan::Function;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using Batches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

constexpr int64_t kRows = 1000;
constexpr int64_t kGroupRows = 100;

std::shared_ptr<arrow::Schema> LettersSchema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("letter", arrow::utf8()),
                        arrow::field("price", arrow::float64())});
}

/// id 0 to 999; letter A, B, C in turn, NULL for every tenth; price falls from 1000 by 1, twice.
std::shared_ptr<arrow::Table> Letters() {
  std::string lines;
  for (int64_t id = 0; id < kRows; ++id) {
    const std::string letter =
        id % 10 == 9 ? "NULL" : std::string(1, static_cast<char>('A' + id % 3));
    lines += std::to_string(id) + "," + letter + "," + std::to_string(1000 - id % 500) + "\n";
  }
  return TableOf(LettersSchema(), lines);
}

/// What one call returned.
struct Reply {
  Batches batches;
  plan::Outcome outcome;
};

arrow::Result<Reply> ReadToEnd(std::unique_ptr<site::Answer> answer) {
  Reply reply;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, answer->Next());
    if (batch == nullptr) break;
    reply.batches.push_back(std::move(batch));
  }
  reply.outcome = answer->outcome();
  return reply;
}

arrow::Result<Reply> Call(site::Site* site, site::Request request) {
  ARROW_ASSIGN_OR_RAISE(auto answer, site->Run(std::move(request)));
  return ReadToEnd(std::move(answer));
}

arrow::Result<Reply> Pull(site::Site* site, const site::Request& request) {
  site::KernelInput input;
  ARROW_ASSIGN_OR_RAISE(auto source, site->OpenBytes(request.fragment));
  ARROW_ASSIGN_OR_RAISE(input.fragment, format::OpenFragment(source, {}, &input.opening));
  ARROW_ASSIGN_OR_RAISE(auto answer, site::RunKernel(std::move(input), request));
  return ReadToEnd(std::move(answer));
}

/// The reply of the site, or, if it declines as it should, of its bytes.
arrow::Result<Reply> Ask(site::Site* site, const site::Request& request) {
  ARROW_ASSIGN_OR_RAISE(Reply reply, Call(site, request));
  if (reply.outcome.stopped_by != plan::StoppedBy::kRefused) return reply;
  EXPECT_TRUE(reply.batches.empty());
  EXPECT_EQ(reply.outcome.remaining.rows, request.slice.rows);
  EXPECT_TRUE(reply.outcome.answered.empty());
  EXPECT_NE(reply.outcome.reason, "");
  return Pull(site, request);
}

/// A site with the letters.
struct Asker {
  Asker(SiteFixture* fixture, site::Site* site) : site(site) {
    const ParquetLayout layout{.row_group_rows = kGroupRows, .page_rows = 20};
    id = fixture->Put("letters.parquet", *ParquetBytes(*Letters(), layout));
    request.fragment = Require(site->Describe(id)).id;
    request.slice.rows = plan::RowRanges::All(kRows);
  }

  Reply Run() { return Require(Ask(site, request)); }

  site::Site* site;
  site::FragmentId id;  // without a version
  site::Request request;
};

/// `id` of objects that are not there.
site::FragmentId Absent(site::FragmentId id) {
  id.name += ".absent";
  if (id.layout == nullptr) return id;
  auto layout = std::make_shared<base::Layout>(*id.layout);
  for (base::Extent& extent : layout->extents) extent.object += ".absent";
  id.layout = std::move(layout);
  return id;
}

std::vector<int64_t> IdsOf(const Batches& batches) {
  std::vector<int64_t> ids;
  for (const std::string& row : RowsOf(batches)) ids.push_back(std::stoll(row));
  return ids;
}

std::vector<int64_t> AllIds() {
  std::vector<int64_t> ids(kRows);
  for (int64_t id = 0; id < kRows; ++id) ids[id] = id;
  return ids;
}

/// Asks again for what remains until nothing does, at most 1000 times.
std::vector<int64_t> IdsByContinuing(Asker* asker, int* calls) {
  std::vector<int64_t> ids;
  for (*calls = 0; *calls < kRows && !asker->request.slice.rows.empty(); ++*calls) {
    const Reply reply = asker->Run();
    EXPECT_EQ(reply.outcome.answered.Union(reply.outcome.remaining.rows),
              asker->request.slice.rows);
    EXPECT_TRUE(reply.outcome.answered.Intersect(reply.outcome.remaining.rows).empty());
    const std::vector<int64_t> more = IdsOf(reply.batches);
    ids.insert(ids.end(), more.begin(), more.end());
    asker->request.slice = reply.outcome.remaining;
  }
  return ids;
}

}  // namespace

std::string SiteName(const ::testing::TestParamInfo<SiteParameter>& info) {
  return info.param.name;
}

base::Layout Scattered(const arrow::Buffer& bytes, const std::vector<std::string>& names,
                       std::map<std::string, std::string>* objects) {
  constexpr int64_t kPieces = 5;
  const auto text = std::string_view(bytes);
  const int64_t tail_bytes = std::min<int64_t>(bytes.size() / 2, 600);
  const int64_t stored = bytes.size() - tail_bytes;
  base::Layout layout;
  layout.tail = arrow::Buffer::FromString(std::string(text.substr(static_cast<size_t>(stored))));
  for (const std::string& name : names) (*objects)[name] = "what lies before";
  for (int64_t piece = 0; piece < kPieces; ++piece) {
    const int64_t begin = stored * piece / kPieces;
    const int64_t end = stored * (piece + 1) / kPieces;
    const std::string& name = names[static_cast<size_t>(piece) % names.size()];
    std::string& object = (*objects)[name];
    layout.extents.push_back({name, {static_cast<int64_t>(object.size()), end - begin}});
    object += text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    object += "between";
  }
  return layout;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SiteConformance);

TEST_P(SiteConformance, DescribesAFragment) {
  const auto bytes = ParquetBytes(*Letters(), {.row_group_rows = 400});
  const site::FragmentId id = fixture_->Put("letters.parquet", *bytes);
  const site::FragmentDescription described = Require(site_->Describe(id));
  EXPECT_EQ(described.id.name, id.name);
  EXPECT_EQ(described.id.layout, id.layout);
  EXPECT_NE(described.id.version, "");
  EXPECT_EQ(described.bytes, bytes->size());
  EXPECT_EQ(described.num_rows, kRows);
  EXPECT_TRUE(described.declared_schema->Equals(*LettersSchema())) << *described.declared_schema;
  EXPECT_THAT(described.row_groups, ElementsAre(plan::RowRange{0, 400}, plan::RowRange{400, 800},
                                                plan::RowRange{800, 1000}));
}

TEST_P(SiteConformance, HandsOutTheBytes) {
  const auto bytes = ParquetBytes(*Letters());
  const site::FragmentId id = fixture_->Put("letters.parquet", *bytes);
  const site::FragmentDescription described = Require(site_->Describe(id));
  auto source = Require(site_->OpenBytes(described.id));
  EXPECT_EQ(source->version(), described.id.version);
  EXPECT_TRUE(Require(source->ReadOne({0, source->size()}))->Equals(*bytes));
}

TEST_P(SiteConformance, StatisticsAreByRowGroupOrUnknown) {
  Asker asker(fixture_.get(), site_.get());
  const auto statistics = Require(site_->Statistics(asker.request.fragment, "id"));
  if (statistics.empty()) return;
  ASSERT_EQ(statistics.size(), 10u);
  ASSERT_TRUE(statistics[3].has_value());
  EXPECT_EQ(statistics[3]->min->ToString(), "300");
  EXPECT_EQ(statistics[3]->max->ToString(), "399");
  EXPECT_TRUE(Require(site_->Statistics(asker.request.fragment, "no such column")).empty());
}

TEST_P(SiteConformance, FiltersOnAColumnThatIsNotReturned) {
  Asker asker(fixture_.get(), site_.get());
  plan::Pipeline pipeline = Read(*LettersSchema(), {"letter", "price"});
  pipeline.filter = {Fn(Function::kGreaterEqual, {Col(pipeline, "id"), Lit(996)})};
  asker.request.pipeline = pipeline;
  const Reply reply = asker.Run();
  EXPECT_THAT(RowsOf(reply.batches), ElementsAre("A, 504", "B, 503", "C, 502", "NULL, 501"));
  EXPECT_TRUE(reply.outcome.remaining.rows.empty());
  EXPECT_EQ(reply.outcome.version, asker.request.fragment.version);
}

TEST_P(SiteConformance, ComputesColumns) {
  Asker asker(fixture_.get(), site_.get());
  plan::Pipeline pipeline = Read(*LettersSchema(), {});
  pipeline.filter = {Fn(Function::kLess, {Col(pipeline, "id"), Lit(3)})};
  pipeline.projection = {{"sum", Fn(Function::kAdd, {Col(pipeline, "id"), Lit(100)})}};
  asker.request.pipeline = pipeline;
  EXPECT_THAT(RowsOf(asker.Run().batches), ElementsAre("100", "101", "102"));
}

TEST_P(SiteConformance, AggregatesIntoPartialsThatMerge) {
  Asker asker(fixture_.get(), site_.get());
  plan::Pipeline pipeline = Read(*LettersSchema(), {"letter", "id"});
  pipeline.aggregate = plan::Aggregate{{0},
                                       {{plan::AggregateFunction::kCountAll, -1, -1, "n"},
                                        {plan::AggregateFunction::kSum, 1, -1, "s"}}};
  asker.request.pipeline = pipeline;
  auto merger = Require(exec::PartialMerger::Make(pipeline, {}));
  const Reply reply = asker.Run();
  for (const auto& batch : reply.batches) Require(merger->Consume(*batch, 0));
  Require(merger->Finish());
  Batches merged;
  while (auto batch = Require(merger->Next())) merged.push_back(batch);
  EXPECT_THAT(RowsOf(merged), UnorderedElementsAre("A, 300, 149697", "B, 300, 149700",
                                                   "C, 300, 149703", "NULL, 100, 50400"));
}

TEST_P(SiteConformance, CountsRows) {
  Asker asker(fixture_.get(), site_.get());
  plan::Pipeline pipeline = Read(*LettersSchema(), {});
  pipeline.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  asker.request.pipeline = pipeline;
  auto merger = Require(exec::PartialMerger::Make(pipeline, {}));
  for (const auto& batch : asker.Run().batches) Require(merger->Consume(*batch, 0));
  Require(merger->Finish());
  EXPECT_THAT(RowsOf(*Require(merger->Next())), ElementsAre("1000"));
}

TEST_P(SiteConformance, FindsTheFirstRowsOfAnOrder) {
  Asker asker(fixture_.get(), site_.get());
  plan::Pipeline pipeline = Read(*LettersSchema(), {"id", "price"});
  pipeline.top_k = plan::TopK{{{.column = 1, .descending = true}}, 3};
  asker.request.pipeline = pipeline;
  auto merger = Require(exec::TopKMerger::Make(pipeline, int64_t{1} << 30));
  int64_t sequence = 0;
  for (const auto& batch : asker.Run().batches) {
    Require(merger->Consume(batch, 0, sequence++));
  }
  EXPECT_THAT(RowsOf(*Require(merger->Finish())), ElementsAre("0, 1000", "500, 1000", "1, 999"));
}

TEST_P(SiteConformance, CutsALimitInRowOrder) {
  Asker asker(fixture_.get(), site_.get());
  plan::Pipeline pipeline = Read(*LettersSchema(), {"id"});
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "letter"), Lit("C")})};
  pipeline.limit = plan::Limit{4};
  asker.request.pipeline = pipeline;
  const Reply reply = asker.Run();
  EXPECT_THAT(IdsOf(reply.batches), ElementsAre(2, 5, 8, 11));
  EXPECT_EQ(reply.outcome.stopped_by, plan::StoppedBy::kRowLimit);
}

TEST_P(SiteConformance, AnswersOnlyTheRowsAskedFor) {
  Asker asker(fixture_.get(), site_.get());
  asker.request.pipeline = Read(*LettersSchema(), {"id"});
  asker.request.slice.rows = plan::RowRanges({{5, 7}, {99, 101}, {998, 1000}});
  const Reply reply = asker.Run();
  EXPECT_THAT(IdsOf(reply.batches), ElementsAre(5, 6, 99, 100, 998, 999));
  EXPECT_EQ(reply.outcome.answered, asker.request.slice.rows);
  EXPECT_EQ(reply.outcome.cost.rows_in, 6);
}

TEST_P(SiteConformance, GoesOnAfterTheReplyIsFull) {
  Asker asker(fixture_.get(), site_.get());
  asker.request.pipeline = Read(*LettersSchema(), {"id"});
  asker.request.limits.reply_bytes = 1;
  asker.request.limits.batch_rows = 50;
  int calls = 0;
  EXPECT_EQ(IdsByContinuing(&asker, &calls), AllIds());
  EXPECT_GT(calls, 2);
}

TEST_P(SiteConformance, GoesOnAfterTheRowsInLimit) {
  Asker asker(fixture_.get(), site_.get());
  asker.request.pipeline = Read(*LettersSchema(), {"id"});
  asker.request.limits.rows_in = 1;
  int calls = 0;
  EXPECT_EQ(IdsByContinuing(&asker, &calls), AllIds());
  EXPECT_GT(calls, 2);
}

TEST_P(SiteConformance, ADeadlineThatHasPassedLeavesEverything) {
  Asker asker(fixture_.get(), site_.get());
  asker.request.pipeline = Read(*LettersSchema(), {"id"});
  asker.request.limits.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  const Reply reply = asker.Run();
  EXPECT_TRUE(reply.batches.empty());
  EXPECT_EQ(reply.outcome.stopped_by, plan::StoppedBy::kDeadline);
  EXPECT_EQ(reply.outcome.remaining.rows, asker.request.slice.rows);
}

TEST_P(SiteConformance, ARuntimeFilterOnlyDropsWhatItRejects) {
  Asker asker(fixture_.get(), site_.get());
  plan::Pipeline pipeline = Read(*LettersSchema(), {"id"});
  asker.request.pipeline = pipeline;
  auto filter = std::make_shared<plan::SettableRuntimeFilter>("join");
  filter->Set(Fn(Function::kLess, {Col(pipeline, "id"), Lit(50)}));
  asker.request.runtime_filters = {filter};
  const std::vector<int64_t> ids = IdsOf(asker.Run().batches);
  ASSERT_GE(ids.size(), 50u);
  for (int64_t id = 0; id < 50; ++id) EXPECT_EQ(ids[id], id);
}

TEST_P(SiteConformance, AnotherVersionIsStale) {
  Asker asker(fixture_.get(), site_.get());
  asker.request.pipeline = Read(*LettersSchema(), {"id"});
  const site::FragmentId now =
      fixture_->Put("letters.parquet", *ParquetBytes(*Letters()->Slice(1)));
  const auto is_stale = FailsWith(base::Code::kStaleObject, asker.id.name);
  EXPECT_THAT(Call(site_.get(), asker.request), AnyOf(is_stale, IsOk()));
  EXPECT_THAT(Ask(site_.get(), asker.request), is_stale);
  EXPECT_THAT(site_->Describe(asker.request.fragment), is_stale);
  EXPECT_THAT(site_->OpenBytes(asker.request.fragment), is_stale);
  EXPECT_EQ(Require(site_->Describe(now)).num_rows, 999);
}

TEST_P(SiteConformance, AMissingFragmentIsNamed) {
  Asker asker(fixture_.get(), site_.get());
  asker.request.pipeline = Read(*LettersSchema(), {"id"});
  asker.request.fragment = Absent(asker.id);
  const auto is_missing = FailsWith(StatusCode::IOError, ".absent");
  EXPECT_THAT(Ask(site_.get(), asker.request), is_missing);
  EXPECT_THAT(site_->Describe(asker.request.fragment), is_missing);
  EXPECT_THAT(site_->OpenBytes(asker.request.fragment), is_missing);
}

TEST_P(SiteConformance, AColumnThatIsNotThereIsNamed) {
  Asker asker(fixture_.get(), site_.get());
  asker.request.pipeline =
      Read(*arrow::schema({arrow::field("colour", arrow::int64())}), {"colour"});
  EXPECT_THAT(Ask(site_.get(), asker.request), FailsWith(StatusCode::Invalid, "colour"));
}

TEST_P(SiteConformance, WhatIsNoFragmentIsCorrupt) {
  const site::FragmentId id =
      fixture_->Put("text.parquet", *arrow::Buffer::FromString("this is no Parquet file"));
  EXPECT_THAT(site_->Describe(id), FailsWith(base::Code::kCorruptData, "text.parquet"));
}

TEST_P(SiteConformance, ACancelledRequestFails) {
  Asker asker(fixture_.get(), site_.get());
  asker.request.pipeline = Read(*LettersSchema(), {"id"});
  arrow::StopSource stop;
  stop.RequestStop();
  asker.request.stop = stop.token();
  EXPECT_THAT(Ask(site_.get(), asker.request), FailsWith(StatusCode::Cancelled, ""));
}

TEST_P(SiteConformance, TheAccountAddsUp) {
  Asker asker(fixture_.get(), site_.get());
  plan::Pipeline pipeline = Read(*LettersSchema(), {"id", "letter"});
  pipeline.filter = {Fn(Function::kLess, {Col(pipeline, "id"), Lit(150)})};
  asker.request.pipeline = pipeline;
  const Reply reply = asker.Run();
  const plan::Cost& cost = reply.outcome.cost;
  ASSERT_EQ(RowsOf(reply.batches).size(), 150u);
  EXPECT_EQ(cost.rows_in, kRows);
  EXPECT_EQ(cost.rows_out, 150);
  EXPECT_EQ(cost.row_groups, 10);
  EXPECT_EQ(cost.row_groups_skipped_statistics, 8);
  EXPECT_GT(cost.bytes_read, 0);
  EXPECT_GT(cost.read_calls, 0);
  EXPECT_GE(cost.bytes_out, 150 * 8);
  EXPECT_GT(cost.cpu_ns, 0);
}

}  // namespace skyhook::testing
