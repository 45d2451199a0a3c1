// Where the units of a scan are asked for, and which stream gets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "skyhook/client/scan.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/client/unit_run.h"
#include "skyhook/client/units.h"
#include "skyhook/client/work.h"
#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::IsEmpty;
using ::testing::Pair;
using testing::Require;
using SitePtr = std::shared_ptr<site::Site>;

constexpr int kFiles = 8;
constexpr int64_t kFileRows = 400;
constexpr int64_t kGroupRows = 100;

std::shared_ptr<arrow::Schema> Schema() {
  return arrow::schema({arrow::field("id", arrow::int64())});
}

/// Remote; counts what it is asked for, and refuses the fragments that `refuses` says.
class AskedSite : public testing::RemoteSite {
 public:
  explicit AskedSite(SitePtr site) : RemoteSite(std::move(site)) {}

  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(
      const site::FragmentId& id, const arrow::StopToken& stop) override {
    ++opened;
    return RemoteSite::OpenBytes(id, stop);
  }
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    ++calls;
    if (refuses(request.fragment.name)) return site::Refuse(request, "not this one");
    return RemoteSite::Run(std::move(request));
  }

  std::string WhyNot(const site::FragmentId& id) const override { return why_not; }

  std::string why_not;
  std::function<bool(const std::string& name)> refuses = [](const std::string&) { return false; };
  std::atomic<int> opened = 0;
  std::atomic<int> calls = 0;
};

class PlacedScanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int file = 0; file < kFiles; ++file) {
      std::string lines;
      for (int64_t row = 0; row < kFileRows; ++row) {
        lines += fmt::format("{}\n", file * kFileRows + row);
      }
      testing::WriteParquet(directory_.File(fmt::format("{}.parquet", file)),
                            *testing::TableOf(Schema(), lines), {.row_group_rows = kGroupRows});
    }
    table_ = std::make_shared<Table>(*Require(OpenAlone(directory_.path())));
    site_ = std::make_shared<AskedSite>(table_->fragments[0].site);
    for (TableFragment& fragment : table_->fragments) fragment.site = site_;
    options_.unit_rows = 1;  // a unit for each row group
    options_.max_streams = 4;
  }

  std::shared_ptr<Scan> Make(plan::Pipeline pipeline = testing::ReadAll(*Schema())) {
    return Require(Scan::Make(table_, std::move(pipeline), options_));
  }

  // Reads all by two streams whose rows have to ascend, and returns how many there were.
  int64_t RowsOfTwoStreams(Scan* scan) {
    std::vector<std::unique_ptr<ScanStream>> streams;
    for (int i = 0; i < 2; ++i) streams.push_back(Require(scan->OpenStream()));
    std::vector<int64_t> last(2, -1);
    std::set<int64_t> ids;
    // Batch by batch in turns: each stream is slow for the other.
    for (size_t i = 0; !streams.empty(); i = (i + 1) % std::max<size_t>(streams.size(), 1)) {
      const auto batch = Require(streams[i]->Next());
      if (batch == nullptr) {
        streams.erase(streams.begin() + static_cast<std::ptrdiff_t>(i));
        last.erase(last.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
      for (int64_t row = 0; row < column.length(); ++row) {
        EXPECT_GT(column.Value(row), std::exchange(last[i], column.Value(row)));
        EXPECT_TRUE(ids.insert(column.Value(row)).second) << column.Value(row) << " came twice";
      }
    }
    return static_cast<int64_t>(ids.size());
  }

  testing::TemporaryDirectory directory_;
  std::shared_ptr<Table> table_;
  std::shared_ptr<AskedSite> site_;
  ScanOptions options_;
};

TEST_F(PlacedScanTest, WhatIsPulledIsLeftToWhoeverComesFirst) {
  options_.placement = placement::Mode::kPull;
  options_.pulled_ahead = 0;
  const auto scan = Make();
  EXPECT_EQ(scan->num_units(), kFiles * kFileRows / kGroupRows);
  const auto slow = Require(scan->OpenStream());
  const auto fast = Require(scan->OpenStream());
  ASSERT_EQ(Require(slow->Next())->num_rows(), kGroupRows);
  int64_t rows = 0;
  while (const auto batch = Require(fast->Next())) rows += batch->num_rows();
  EXPECT_EQ(rows, kFiles * kFileRows - kGroupRows) << "the slow stream holds what it has begun";
  EXPECT_EQ(Require(slow->Next()), nullptr);
  EXPECT_EQ(scan->places().pulled, kFiles);
  EXPECT_EQ(scan->progress(), 1.0);
  EXPECT_EQ(site_->opened, kFiles) << "streams share the fragment that they read";
}

TEST_F(PlacedScanTest, WhatIsPulledNextIsReadWhileNobodyAsks) {
  table_->fragments.resize(2);
  options_.placement = placement::Mode::kPull;
  options_.unit_rows = kFileRows;
  options_.max_streams = 1;
  for (const int ahead : {0, 1}) {
    options_.pulled_ahead = ahead;
    site_->opened = 0;
    const auto scan = Make();
    const auto stream = Require(scan->OpenStream());
    ASSERT_NE(Require(stream->Next()), nullptr);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(ahead > 0 ? 20 : 0);
    while (site_->opened < 1 + ahead && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
    EXPECT_EQ(site_->opened, 1 + ahead);
    int64_t rows = 0;
    while (const auto batch = Require(stream->Next())) rows += batch->num_rows();
    EXPECT_EQ(rows, kFileRows);
    EXPECT_EQ(scan->cost().rows_in, 2 * kFileRows);
  }
}

TEST_F(PlacedScanTest, NothingIsReadAheadOfWhatMayEndTheScan) {
  options_.placement = placement::Mode::kPull;
  options_.max_streams = 1;
  plan::Pipeline pipeline = testing::ReadAll(*Schema());
  pipeline.limit = plan::Limit{kFileRows};
  const auto scan = Make(pipeline);
  const auto stream = Require(scan->OpenStream());
  int64_t rows = 0;
  while (const auto batch = Require(stream->Next())) rows += batch->num_rows();
  EXPECT_EQ(rows, kFileRows);
  EXPECT_EQ(site_->opened, 1);
}

TEST_F(PlacedScanTest, AScanThatIsLetGoWaitsForNothingItHasBegun) {
  options_.placement = placement::Mode::kPull;
  const auto scan = Make();
  for (int i = 0; i < 4; ++i) {
    const auto stream = Require(scan->OpenStream());
    ASSERT_NE(Require(stream->Next()), nullptr);
  }
}

TEST_F(PlacedScanTest, AllStreamsAreOfUseWhereOneObjectIsPulled) {
  table_->fragments.resize(1);
  EXPECT_EQ(Make()->num_streams(), 4);
}

TEST_F(PlacedScanTest, EveryStreamGoesForwardWhereverItsUnitsAreAnswered) {
  site_->refuses = [](const std::string& name) {
    return name.ends_with("/2.parquet") || name.ends_with("/3.parquet");
  };
  for (const auto mode : {placement::Mode::kAuto, placement::Mode::kPush, placement::Mode::kPull}) {
    options_.placement = mode;
    const auto scan = Make();
    EXPECT_EQ(RowsOfTwoStreams(scan.get()), kFiles * kFileRows) << placement::ModeName(mode);
    EXPECT_EQ(scan->cost().rows_in, kFiles * kFileRows) << placement::ModeName(mode);
  }
}

TEST_F(PlacedScanTest, AFilterIsAskedForOnceItsUnitIsTaken) {
  const auto units = CutUnits(*table_, std::vector<bool>(kFiles), {});
  const auto work = std::make_shared<Work>(table_, testing::ReadAll(*Schema()), options_,
                                           std::vector<Unit>{units.front()}, CutOptions(), 0);
  bool asked = false;
  UnitReader reader(work, [&] {
    asked = true;
    EXPECT_FALSE(Require(work->Take()).has_value());
    return nullptr;
  });
  EXPECT_TRUE(Require(reader.Advance()));
  EXPECT_TRUE(asked);
}

TEST_F(PlacedScanTest, ProgressDoesNotFall) {
  options_.placement = placement::Mode::kPull;
  const auto scan = Make();
  const auto stream = Require(scan->OpenStream());
  double before = 0;
  while (Require(stream->Next()) != nullptr) {
    EXPECT_GE(scan->progress(), before);
    before = scan->progress();
    EXPECT_LE(before, 1.0);
  }
  EXPECT_EQ(scan->progress(), 1.0);
}

TEST_F(PlacedScanTest, RefusalsTeachTheScanWhereToAsk) {
  options_.pulled_ahead = 0;  // what is begun ahead is placed before the refusal of the one before
  site_->refuses = [](const std::string&) { return true; };
  options_.placement = placement::Mode::kAuto;
  plan::Pipeline count = testing::ReadAll(*Schema());
  count.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  const auto scan = Make(count);
  const auto stream = Require(scan->OpenStream());
  EXPECT_EQ(testing::RowsOf({Require(stream->Next())}),
            std::vector<std::string>{std::to_string(kFiles * kFileRows)});
  EXPECT_EQ(site_->calls, placement::Learnt::kMostRefusals);
  EXPECT_EQ(scan->places().pulled, kFiles);
  EXPECT_THAT(scan->places().refusals,
              ElementsAre(Pair("not this one", placement::Learnt::kMostRefusals)));
}

TEST_F(PlacedScanTest, WhatScansMeasureTellsTheNextOnesWhereToAsk) {
  // Of what is pulled and pushed is remembered how much was read, and how long it took.
  for (const auto mode : {placement::Mode::kPush, placement::Mode::kPull}) {
    options_.placement = mode;
    EXPECT_EQ(RowsOfTwoStreams(Make().get()), kFiles * kFileRows);
  }
  const auto offers = {placement::Offer::kPipelines, placement::Offer::kBytes};
  for (const auto offer : offers) {
    // As if there were more rows: of these few there may be too little to say anything.
    table_->rates->Add(site_.get(), offer, 0, placement::Rates::kLeastSeconds);
    EXPECT_GT(table_->rates->Of(site_.get(), offer).value(), 0.0);
  }
  options_.placement = placement::Mode::kAuto;
  plan::Pipeline count = testing::ReadAll(*Schema());
  count.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  const auto count_all = [&] {
    const auto scan = Make(count);
    const auto stream = Require(scan->OpenStream());
    EXPECT_EQ(testing::RowsOf({Require(stream->Next())}),
              std::vector<std::string>{std::to_string(kFiles * kFileRows)});
    return scan->places();
  };
  table_->rates->Add(site_.get(), placement::Offer::kPipelines, int64_t{1} << 40, 1);
  Places places = count_all();
  EXPECT_EQ(places.pulled, 0);
  EXPECT_THAT(places.refusals, IsEmpty());
  table_->rates->Add(site_.get(), placement::Offer::kBytes, int64_t{1} << 50, 1);
  // The first fragment of some scans shows whether that is still right.
  for (const int pushed : {1, 1, 0, 1, 0, 0, 1}) {
    places = count_all();
    EXPECT_EQ(places.pushed, pushed);
    EXPECT_EQ(places.pulled, kFiles - pushed);
    EXPECT_THAT(places.refusals,
                ElementsAre(Pair("bytes were scanned faster here", kFiles - pushed)));
  }
}

TEST_F(PlacedScanTest, NothingIsBegunAheadBesideATrial) {
  options_.max_streams = 1;
  table_->rates->Add(site_.get(), placement::Offer::kPipelines, 1 << 20, 1);
  table_->rates->Add(site_.get(), placement::Offer::kBytes, 1 << 30, 1);
  plan::Pipeline count = testing::ReadAll(*Schema());
  count.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  Work work(table_, count, options_, CutUnits(*table_, std::vector<bool>(kFiles), {}), CutOptions(),
            0);
  const auto first = Require(work.Take());
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(first->placed->attempts.front().pulls()) << "the slower place is tried";
  EXPECT_FALSE(Require(work.TakeAhead(true, true)).has_value());
  work.Done(first->unit);
  const auto next = Require(work.TakeAhead(true, true));
  ASSERT_TRUE(next.has_value());
  EXPECT_TRUE(next->placed->attempts.front().pulls());
}

TEST_F(PlacedScanTest, WhatIsRememberedSaysNothingOfHowFastBytesAreRead) {
  options_.placement = placement::Mode::kPull;
  plan::Pipeline pipeline = testing::ReadAll(*Schema());
  pipeline.filter = {
      testing::Fn(plan::Function::kLess, {testing::Col(pipeline, "id"), testing::Lit(3)})};
  const auto rate = [&] { return table_->rates->Of(site_.get(), placement::Offer::kBytes); };
  EXPECT_EQ(RowsOfTwoStreams(Make(pipeline).get()), 3);
  table_->rates->Add(site_.get(), placement::Offer::kBytes, 0, placement::Rates::kLeastSeconds);
  const auto before = rate();
  ASSERT_TRUE(before.has_value());
  const auto scan = Make(pipeline);
  EXPECT_EQ(RowsOfTwoStreams(scan.get()), 3);
  EXPECT_GT(scan->cost().row_groups_remembered, 0);
  EXPECT_EQ(rate(), before);
}

TEST_F(PlacedScanTest, MoreStreamsThanWereAskedForHangNowhere) {
  options_.placement = placement::Mode::kPull;
  options_.max_streams = 1;
  EXPECT_EQ(RowsOfTwoStreams(Make().get()), kFiles * kFileRows);
}

TEST_F(PlacedScanTest, NearerSitesAreAskedFirst) {
  const auto refusing = std::make_shared<AskedSite>(site_);
  refusing->refuses = [](const std::string&) { return true; };
  const auto nearer = std::make_shared<AskedSite>(site_);
  for (TableFragment& fragment : table_->fragments) fragment.nearer = {refusing, nearer};
  options_.placement = placement::Mode::kPush;
  const auto scan = Make();
  EXPECT_EQ(RowsOfTwoStreams(scan.get()), kFiles * kFileRows);
  EXPECT_EQ(refusing->calls, kFiles);
  EXPECT_EQ(nearer->calls, kFiles);
  EXPECT_EQ(scan->places().pushed, kFiles);
  EXPECT_EQ(scan->places().pulled, 0);
}

TEST_F(PlacedScanTest, WhatASiteCanDoNoPartOfIsPulledLikeTheRest) {
  plan::Capabilities can;
  can.aggregates.emplace();
  const auto limited = std::make_shared<testing::LimitedSite>(site_, can);
  for (TableFragment& fragment : table_->fragments) fragment.site = limited;
  options_.placement = placement::Mode::kPush;
  plan::Pipeline first = testing::ReadAll(*Schema());
  // Which row is the first, its batch does not tell.
  first.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kFirst, 0, -1, "f"}}};
  const auto scan = Make(first);
  const auto stream = Require(scan->OpenStream());
  EXPECT_EQ(testing::RowsOf({Require(stream->Next())}), std::vector<std::string>{"0"});
  EXPECT_EQ(limited->calls, 0);
  EXPECT_THAT(scan->places().refusals, ElementsAre(Pair("the site can do no part of it", kFiles)));
}

TEST_F(PlacedScanTest, WhatASiteDeclinesBeforehandItIsNotAskedFor) {
  site_->why_not = "it lies across";
  options_.placement = placement::Mode::kPush;
  const auto scan = Make();
  EXPECT_EQ(scan->num_streams(), 4);
  EXPECT_EQ(RowsOfTwoStreams(scan.get()), kFiles * kFileRows);
  EXPECT_EQ(site_->calls, 0);
  EXPECT_THAT(scan->places().refusals, ElementsAre(Pair("it lies across", kFiles)));
}

TEST_F(PlacedScanTest, ARefusalIsHeardBeforeTheNextPlaceIsAsked) {
  site_->refuses = [](const std::string&) { return true; };
  auto placed = std::make_shared<PlacedFragment>();
  const auto all = testing::ReadAll(*Schema());
  placed->attempts = {{site_, placement::Offer::kPipelines, all},
                      {site_, placement::Offer::kBytes, all}};
  placed->puller = std::make_shared<Puller>(nullptr);
  site::Request request;
  request.pipeline = all;
  request.fragment = table_->fragments[0].description.id;
  request.slice.rows = plan::RowRanges({{0, kFileRows}});
  int heard = 0;
  const auto refused = [&](const site::Site* site) {
    EXPECT_EQ(site, site_.get());
    EXPECT_EQ(site_->opened, 0);
    ++heard;
  };
  WaitClocks waits;
  UnitRun run(placed, nullptr, request, refused, &waits);
  EXPECT_EQ(Require(run.Next())->num_rows(), kFileRows);
  EXPECT_EQ(heard, 1);
  EXPECT_THAT(run.refusals(), ElementsAre("not this one"));
}

TEST_F(PlacedScanTest, ACallThatNeverAnswersIsAnErrorWhereNobodyElseCanBeAsked) {
  base::Limits limits;
  limits.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  auto placed = std::make_shared<PlacedFragment>();
  placed->attempts = {{std::make_shared<testing::NarrowSite>(site_, limits),
                       placement::Offer::kPipelines, testing::ReadAll(*Schema())}};
  site::Request request;
  request.pipeline = testing::ReadAll(*Schema());
  request.fragment = table_->fragments[0].description.id;
  request.slice.rows = plan::RowRanges({{0, kFileRows}});
  const auto refused = [](const site::Site*) { FAIL() << "nobody is left"; };
  WaitClocks waits;
  UnitRun run(placed, nullptr, request, refused, &waits);
  EXPECT_THAT(run.Next(), FailsWith(base::Code::kLimitExceeded, "without any answer"));
  EXPECT_THAT(run.refusals(), IsEmpty());
}

}  // namespace
}  // namespace skyhook::client
