// What a scan makes of a site whose bytes misbehave: the right answer or the right error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "skyhook/client/scan.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/faulty_source.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using base::Code;
using plan::AggregateFunction;
using plan::Function;
using testing::Col;
using testing::FailsWith;
using testing::Fault;
using testing::FaultySource;
using testing::Fn;
using testing::Lit;
using testing::Require;
using Rows = std::vector<std::string>;

/// A site that hands out bytes and runs nothing; those of one fragment misbehave.
class FaultySite : public testing::ForwardingSite {
 public:
  FaultySite(std::shared_ptr<site::Site> site, std::string fragment, Fault fault, int64_t at)
      : ForwardingSite(std::move(site)), fragment_(std::move(fragment)), fault_(fault), at_(at) {}

  const site::Profile& profile() const override { return profile_; }

  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(
      const site::FragmentId& id, const arrow::StopToken& stop) override {
    ARROW_ASSIGN_OR_RAISE(auto source, ForwardingSite::OpenBytes(id, stop));
    if (!id.name.ends_with(fragment_)) return source;
    ARROW_ASSIGN_OR_RAISE(auto bytes, source->ReadOne({0, source->size()}));
    std::lock_guard<std::mutex> lock(mutex_);
    source_ = std::make_shared<FaultySource>(bytes, id.name, fault_, at_, nullptr,
                                             version_.empty() ? id.version : version_);
    opened_.notify_all();
    return source_;
  }

  /// The source of the fragment, once it is open.
  std::shared_ptr<FaultySource> source() {
    std::unique_lock<std::mutex> lock(mutex_);
    opened_.wait(lock, [this] { return source_ != nullptr; });
    return source_;
  }

  /// From now on hands out another version than it is asked for.
  void set_version(std::string version) { version_ = std::move(version); }

 private:
  site::Profile profile_{.kind = "faulty", .location = "a test", .runs_pipelines = false};
  std::string fragment_;
  Fault fault_;
  int64_t at_;
  std::string version_;
  std::mutex mutex_;
  std::condition_variable opened_;
  std::shared_ptr<FaultySource> source_;
};

class FaultySitesTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const auto schema =
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("tag", arrow::utf8())});
    for (int64_t file = 0; file < 3; ++file) {
      std::string lines;
      for (int64_t id = file * 500; id < (file + 1) * 500; ++id) {
        lines += fmt::format("{},{}\n", id, id % 3 == 0 ? "a" : "b");
      }
      const auto table = testing::TableOf(schema, lines);
      const std::string path = directory_.File(fmt::format("t/{}.{}", file, GetParam()));
      if (std::string(GetParam()) == "arrow") {
        testing::WriteIpc(path, *table, 100);
      } else {
        testing::WriteParquet(path, *table, {.row_group_rows = 100});
      }
    }
    table_ = Require(OpenAlone(directory_.File("t")));
    pipeline_ = testing::ReadAll(*schema);
    pipeline_.filter = {Fn(Function::kEqual, {Col(pipeline_, "tag"), Lit("a")})};
  }

  std::shared_ptr<FaultySite> Site(Fault fault, int64_t at) {
    return std::make_shared<FaultySite>(table_->fragments[0].site, fmt::format("1.{}", GetParam()),
                                        fault, at);
  }

  arrow::Result<Rows> Scanned(const std::shared_ptr<FaultySite>& site,
                              arrow::StopToken stop = arrow::StopToken::Unstoppable()) {
    auto table = std::make_shared<Table>(*table_);
    for (TableFragment& fragment : table->fragments) fragment.site = site;
    ScanOptions options;
    options.unit_rows = 1;
    options.stop = std::move(stop);
    ARROW_ASSIGN_OR_RAISE(auto scan, Scan::Make(table, pipeline_, options));
    ARROW_ASSIGN_OR_RAISE(auto stream, scan->OpenStream());
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto batch, stream->Next());
      if (batch == nullptr) return testing::RowsOf(batches);
      batches.push_back(std::move(batch));
    }
  }

  /// Reads of the faulty fragment when all goes well.
  int64_t Reads() {
    const auto site = Site(Fault::kNone, 0);
    EXPECT_EQ(Require(Scanned(site)).size(), 500u);
    const int64_t reads = site->source()->reads();
    EXPECT_GE(reads, 6);
    return reads;
  }

  testing::TemporaryDirectory directory_;
  std::shared_ptr<const Table> table_;
  plan::Pipeline pipeline_;
};

INSTANTIATE_TEST_SUITE_P(Formats, FaultySitesTest, ::testing::Values("parquet", "arrow"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(FaultySitesTest, FailuresAreReportedWithTheFilesName) {
  const int64_t reads = Reads();
  for (const Fault fault : {Fault::kFails, Fault::kShort, Fault::kFew}) {
    for (int64_t at = 0; at < reads; ++at) {
      EXPECT_THAT(Scanned(Site(fault, at)), FailsWith(arrow::StatusCode::IOError, "t/1."))
          << FaultName(fault) << " at read " << at;
    }
  }
}

TEST_P(FaultySitesTest, AChangeBetweenTwoReadsIsStale) {
  const int64_t reads = Reads();
  for (int64_t at = 0; at < reads; ++at) {
    EXPECT_THAT(Scanned(Site(Fault::kChanges, at)), FailsWith(Code::kStaleObject, "t/1.")) << at;
  }
}

TEST_P(FaultySitesTest, BytesOfAnotherVersionThanThePlannedAreStale) {
  const auto site = Site(Fault::kNone, 0);
  site->set_version("another");
  EXPECT_THAT(Scanned(site), FailsWith(Code::kStaleObject, "became another"));
}

TEST_P(FaultySitesTest, ARequestToStopEndsAStall) {
  const int64_t reads = Reads();
  for (const Fault fault : {Fault::kStalls, Fault::kHangs}) {
    for (int64_t at = 0; at < reads; ++at) {
      const auto site = Site(fault, at);
      arrow::StopSource stop;
      std::thread stopper([&] {
        site->source()->WaitUntilHeldUp();
        stop.RequestStop();
      });
      EXPECT_THAT(Scanned(site, stop.token()), FailsWith(arrow::StatusCode::Cancelled, ""))
          << FaultName(fault) << " at read " << at;
      stopper.join();
    }
  }
}

}  // namespace
}  // namespace skyhook::client
