// What happens to a query when something fails under it: the right answer, or the error that says
// what changed. No OSD goes down that was not ended on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <thread>

#include "skyhook/base/write_error.h"
#include "skyhook/client/scan.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/plan/types.h"
#include "skyhook/site/rados/refusals.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"
#include "tests/ceph/cluster_control.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::testing {
namespace {

using placement::Mode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kNameSpace = "faults-test";
const std::string kTable = "rados://replicated/" + kNameSpace + "/t";
constexpr int kFragments = 40;
constexpr int kRows = 2000;  // of a fragment

/// What a scan gave, and where.
struct Read {
  arrow::Status status;
  std::vector<int64_t> numbers;
  client::Places places;
};

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest()
      : pool_("replicated", kNameSpace),
        store_(Require(objects::OpenRadosPool({}, "replicated", kNameSpace))),
        osds_(OsdPids()) {
    std::vector<std::shared_ptr<base::ByteSource>> files;
    for (int i = 0; i < kFragments; ++i) {
      files.push_back(
          table::CountingFile(fmt::format("{:02}.parquet", i), i * kRows, kRows, kRows / 4));
    }
    table::PutOptions options;
    options.existing = table::Existing::kReplace;
    Require(table::Put(store_.get(), "t", files, options));
    snapshot_ = Require(table::ReadSnapshot(store_.get(), "t", ""));
  }
  ~FaultsTest() override {
    pool_.RemoveAll();
    EXPECT_TRUE(WaitUntil([this] { return OsdsUp() == 3; })) << "an OSD went down";
    EXPECT_EQ(OsdPids(), osds_) << "an OSD ended that nobody has ended";
  }

  int OsdsUp() {
    const std::string state = pool_.AskMonitors(R"({"prefix": "osd stat", "format": "json"})");
    const std::string name = "\"num_up_osds\":";
    return std::stoi(state.substr(state.find(name) + name.size()));
  }

  /// Scans all rows with one stream; `fault` happens once some batches have come.
  Read ScanWith(const std::function<void()>& fault, Mode mode = Mode::kPush,
                const objects::RadosOptions& rados = {}) {
    Read read;
    read.status = Scan(fault, mode, rados, &read);
    return read;
  }

  void ExpectAll(const Read& read) {
    EXPECT_THAT(read.status, IsOk());
    EXPECT_EQ(read.numbers, table::NumbersFrom(0, kFragments * kRows));
  }

  /// What share of their space makes OSDs full, too full to fill up others, nearly full.
  void SetFullRatios(double full, double backfill, double nearly) {
    for (const auto& [name, ratio] :
         {std::pair("full", full), {"backfillfull", backfill}, {"nearfull", nearly}}) {
      pool_.AskMonitors(
          fmt::format(R"({{"prefix": "osd set-{}-ratio", "ratio": {}}})", name, ratio));
    }
  }

  /// As the map of the monitors says.
  bool PoolIsFull() {
    const std::string pools =
        pool_.AskMonitors(R"({"prefix": "osd pool ls", "detail": "detail", "format": "json"})");
    return std::regex_search(pools, std::regex(R"("flags_names":"([a-z_]+,)*full[,"])"));
  }

  std::string ObjectAt(size_t fragment) const {
    return table::ObjectOf("t", snapshot_.fragments[fragment].object);
  }

  TestPool pool_;
  std::shared_ptr<objects::RadosPool> store_;
  table::Snapshot snapshot_;
  std::set<int> osds_;

 private:
  static arrow::Status Scan(const std::function<void()>& fault, Mode mode,
                            const objects::RadosOptions& rados, Read* read) {
    client::Session session({.rados = rados});
    ARROW_ASSIGN_OR_RAISE(const auto table, client::OpenTable(&session, kTable));
    client::ScanOptions options;
    options.placement = mode;
    options.units_ahead = 1;
    ARROW_ASSIGN_OR_RAISE(
        const auto scan,
        client::Scan::Make(table, ReadAll(*plan::EngineSchema(*table->schema)), options));
    ARROW_ASSIGN_OR_RAISE(const auto stream, scan->OpenStream());
    arrow::Status status;
    for (int batches = 0;; ++batches) {
      if (batches == 5 && fault) fault();
      auto batch = stream->Next();
      status = batch.status();
      if (!batch.ok() || *batch == nullptr) break;
      const auto& column = static_cast<const arrow::Int64Array&>(*(*batch)->column(0));
      for (int64_t i = 0; i < column.length(); ++i) read->numbers.push_back(column.Value(i));
    }
    read->places = scan->places();
    return status;
  }
};

TEST_F(FaultsTest, NoFault) {
  const Read read = ScanWith(nullptr);
  ExpectAll(read);
  EXPECT_EQ(read.places.pushed, kFragments);
  EXPECT_EQ(read.places.pulled, 0);
  ExpectAll(ScanWith(nullptr, Mode::kPull));
  ExpectAll(ScanWith(nullptr, Mode::kAuto));
}

TEST_F(FaultsTest, WorkersKilled) {
  ExpectAll(ScanWith([] { SignalWorkers(SIGKILL); }));
  ExpectAll(ScanWith(nullptr));
}

TEST_F(FaultsTest, WorkersStopped) {
  const Read read = ScanWith([] { SignalWorkers(SIGSTOP); });
  SignalWorkers(SIGKILL);
  ExpectAll(read);
  EXPECT_GT(read.places.pulled, 0);
  EXPECT_GT(read.places.refusals.count("the OSD's worker did not answer in time"), 0u);
}

TEST_F(FaultsTest, OsdKilledAndRestarted) {
  for (const Mode mode : {Mode::kPush, Mode::kPull}) {
    ExpectAll(ScanWith([] { Cluster("kill-osd 1"); }, mode));
    Cluster("start-osd 1");
    EXPECT_TRUE(WaitUntil([this] { return OsdsUp() == 3; }));
    ExpectAll(ScanWith(nullptr, mode));
  }
  osds_ = OsdPids();
}

TEST_F(FaultsTest, AllOsdsRestarted) {
  std::thread restart;
  const Read read = ScanWith([&] {
    for (int osd = 0; osd < 3; ++osd) Cluster(fmt::format("kill-osd {}", osd));
    restart = std::thread([] {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      for (int osd = 0; osd < 3; ++osd) Cluster(fmt::format("start-osd {}", osd));
    });
  });
  restart.join();
  ExpectAll(read);
  EXPECT_TRUE(WaitUntil([this] { return OsdsUp() == 3; }));
  osds_ = OsdPids();
}

TEST_F(FaultsTest, MonitorGoneForTenSeconds) {
  std::thread restart;
  ExpectAll(ScanWith([&] {
    Cluster("kill-mon");
    restart = std::thread([] {
      std::this_thread::sleep_for(std::chrono::seconds(10));
      Cluster("start-mon");
    });
  }));
  restart.join();
  ExpectAll(ScanWith(nullptr));
}

/// OSDs that start find what `prepare` has done to them.
class RestartedFaultsTest : public FaultsTest {
 protected:
  void RestartOsds(const std::string& environment = "", int osds = 3) {
    std::vector<std::thread> restarts;
    for (int osd = 0; osd < osds; ++osd) {
      restarts.emplace_back([osd, &environment] {
        Cluster(fmt::format("stop-osd {}", osd));
        Cluster(fmt::format("start-osd {}", osd), environment);
      });
    }
    for (std::thread& restart : restarts) restart.join();
    EXPECT_TRUE(WaitUntil([this] { return OsdsUp() == 3; }));
    osds_ = OsdPids();
    std::this_thread::sleep_for(site::rados::Refusals::kRemembered);
  }
  static std::string FaultyWorker() {
    return fmt::format("SKYHOOK_WORKER={}/skyhook-faulty-worker", SKYHOOK_TEST_PROGRAMS);
  }
  static std::filesystem::path Class() {
    return std::filesystem::path(std::getenv("SKYHOOK_CLUSTER")) / "classes/libcls_skyhook.so";
  }
};

TEST_F(RestartedFaultsTest, ClassAbsent) {
  std::filesystem::rename(Class(), Class().string() + ".away");
  RestartOsds();
  const Read read = ScanWith(nullptr);
  std::filesystem::rename(Class().string() + ".away", Class());
  ExpectAll(read);
  EXPECT_EQ(read.places.pushed, 0);
  EXPECT_EQ(
      read.places.refusals.count("the OSD has no class skyhook, or its pool is erasure-coded"), 1u);
  RestartOsds();
  EXPECT_EQ(ScanWith(nullptr).places.pushed, kFragments);
}

struct OtherVersion {
  std::string name;
  bool understood;
  std::string reason;  // to pull
};

/// The worker of one OSD is of this version.
class OtherVersionTest : public RestartedFaultsTest,
                         public ::testing::WithParamInterface<OtherVersion> {};

TEST_P(OtherVersionTest, IsUsedOrReadPast) {
  const OtherVersion& other = GetParam();
  // The class gives workers no environment: a script does.
  const TemporaryDirectory directory;
  const std::string script = directory.File("worker");
  std::ofstream(script) << fmt::format(
      "#!/bin/sh\nSKYHOOK_TEST_VERSION='{}' exec '{}/skyhook-faulty-worker' \"$@\"\n", other.name,
      SKYHOOK_TEST_PROGRAMS);
  std::filesystem::permissions(script, std::filesystem::perms(0755));
  RestartOsds("SKYHOOK_WORKER=" + script, 1);
  const Read read = ScanWith(nullptr);
  RestartOsds("", 1);
  ExpectAll(read);
  EXPECT_GT(read.places.pushed, 0);
  if (other.understood) {
    EXPECT_EQ(read.places.pulled, 0);
    return;
  }
  EXPECT_GT(read.places.pulled, 0);
  EXPECT_THAT(read.places.refusals, ElementsAre(::testing::Key(HasSubstr(other.reason))));
}

INSTANTIATE_TEST_SUITE_P(
    Versions, OtherVersionTest,
    ::testing::Values(OtherVersion{"newer", true, ""},
                      OtherVersion{"newest", false, "a message for readers of version 2"},
                      OtherVersion{"older", false, "a message for readers of version 2"},
                      OtherVersion{"other protocol", false, "the OSD cannot start its worker"}),
    [](const auto& info) { return info.param.name.substr(0, info.param.name.find(' ')); });

/// The worker of these tests ends, or goes on for ever, over an object that says so.
TEST_F(RestartedFaultsTest, PoisonedObjects) {
  RestartOsds(FaultyWorker());
  for (const std::string poison : {"poison: crash", "poison: hang"}) {
    const auto schema =
        arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())});
    table::PutOptions append;
    append.existing = table::Existing::kAppend;
    ParquetLayout layout;
    layout.compression = arrow::Compression::UNCOMPRESSED;
    const auto bytes =
        ParquetBytes(*TableOf(schema, fmt::format("{},{}", kFragments * kRows, poison)), layout);
    Require(table::Put(store_.get(), "t", {base::MakeBufferSource(bytes, poison)}, append));
    for (int i = 0; i < 4; ++i) {
      const Read read = ScanWith(nullptr);
      EXPECT_THAT(read.status, IsOk());
      EXPECT_EQ(read.numbers, table::NumbersFrom(0, kFragments * kRows + 1));
      EXPECT_EQ(read.places.pulled, 1);
      ASSERT_EQ(read.places.refusals.size(), 1u);
      const std::string& reason = read.places.refusals.begin()->first;
      if (i < 2) {
        EXPECT_EQ(reason, poison == "poison: crash" ? "the OSD's worker failed"
                                                    : "the OSD's worker did not answer in time");
      } else {
        EXPECT_THAT(reason, HasSubstr("this plan ended 2 workers over this object"));
      }
    }
    // The table as it was.
    std::vector<std::shared_ptr<base::ByteSource>> files;
    const table::Manifest next = table::ManifestWith(snapshot_);
    Require(table::Commit(store_.get(), "t", table::IdNamed("restore-" + poison.substr(8, 4)), 0,
                          [&](const table::Manifest*) { return next; }));
  }
  RestartOsds();
}

TEST_F(FaultsTest, WhoMayOnlyReadPulls) {
  const TemporaryDirectory directory;
  const std::string key = pool_.AskMonitors(
      R"({"prefix": "auth get-or-create", "entity": "client.faults-reader", "caps": ["mon", "allow r", "osd", "allow r"]})");
  std::ofstream(directory.File("keyring")) << key;
  objects::RadosOptions reader;
  reader.name = "client.faults-reader";
  reader.keyring = directory.File("keyring");
  const Read read = ScanWith(nullptr, Mode::kPush, reader);
  ExpectAll(read);
  EXPECT_EQ(read.places.pushed, 0);
  EXPECT_EQ(read.places.refusals.count(
                "the OSD does not load the class skyhook, or the client's capabilities lack x"),
            1u);
}

/// One object of many calls: what changes after the first of them.
class ChangedObjectTest : public FaultsTest, public ::testing::WithParamInterface<Mode> {
 protected:
  ChangedObjectTest() {
    table::PutOptions options;
    options.existing = table::Existing::kReplace;
    const auto file = table::CountingFile("large.parquet", 0, 200'000, 10'000);
    Require(table::Put(store_.get(), "t", {file}, options));
    snapshot_ = Require(table::ReadSnapshot(store_.get(), "t", ""));
  }
  arrow::Status StatusAfter(const std::function<void()>& change) {
    // Every call is answered in small parts.
    return ScanWith(change, GetParam()).status;
  }
  std::string Bytes() { return table::ContentOf(Require(store_->OpenObject(ObjectAt(0))).get()); }
};

TEST_P(ChangedObjectTest, OverwrittenBeforeItIsTouched) {
  pool_.Write(ObjectAt(0), *arrow::Buffer::FromString(Bytes() + "x"));
  EXPECT_THAT(ScanWith(nullptr, GetParam()).status,
              FailsWith(base::Code::kStaleObject, "bytes, and had"));
}

TEST_P(ChangedObjectTest, Truncated) {
  pool_.Write(ObjectAt(0), *arrow::Buffer::FromString(Bytes().substr(0, 1000)));
  EXPECT_THAT(ScanWith(nullptr, GetParam()).status,
              FailsWith(base::Code::kStaleObject, "has 1000 bytes, and had"));
}

TEST_P(ChangedObjectTest, Deleted) {
  EXPECT_THAT(store_->Remove(ObjectAt(0)), IsOk());
  EXPECT_THAT(ScanWith(nullptr, GetParam()).status,
              FailsWith(arrow::StatusCode::IOError, "No such file or directory"));
}

INSTANTIATE_TEST_SUITE_P(Modes, ChangedObjectTest, ::testing::Values(Mode::kPush, Mode::kPull),
                         [](const auto& info) { return placement::ModeName(info.param); });

/// The whole object is pulled in several reads: it changes between two of them.
TEST_F(FaultsTest, ChangedInMidQuery) {
  table::PutOptions options;
  options.existing = table::Existing::kReplace;
  const auto file = table::CountingFile("large.parquet", 0, 400'000, 10'000);
  Require(table::Put(store_.get(), "t", {file}, options));
  snapshot_ = Require(table::ReadSnapshot(store_.get(), "t", ""));
  const std::string bytes = table::ContentOf(Require(store_->OpenObject(ObjectAt(0))).get());
  std::string corrupted = bytes;
  corrupted[corrupted.size() / 2] ^= 1;
  // The same size: only the version tells.
  const Read read = ScanWith(
      [&] { pool_.Write(ObjectAt(0), *arrow::Buffer::FromString(corrupted)); }, Mode::kPull);
  EXPECT_THAT(read.status, FailsWith(base::Code::kStaleObject, "changed"));
  pool_.Write(ObjectAt(0), *arrow::Buffer::FromString(bytes));
  const Read deleted =
      ScanWith([&] { EXPECT_THAT(store_->Remove(ObjectAt(0)), IsOk()); }, Mode::kPull);
  EXPECT_THAT(deleted.status, FailsWith(arrow::StatusCode::IOError, "No such file"));
}

TEST_F(FaultsTest, ClusterFull) {
  table::PutOptions replace;
  replace.existing = table::Existing::kReplace;
  const auto put = [&] {
    return table::Put(store_.get(), "another", {table::CountingFile("a", 0, 10, 10)}, replace)
        .status();
  };
  Require(store_->Create("another/old", *arrow::Buffer::FromString("x")));
  auto presence = Require(store_->ShowPresence("another/present"));
  SetFullRatios(1e-7, 1e-7, 1e-7);
  EXPECT_TRUE(WaitUntil([this] { return PoolIsFull(); }));
  // An OSD refuses what adds an object once it has this map.
  arrow::Status refused;
  EXPECT_TRUE(WaitUntil([&] { return !(refused = put()).ok(); }));
  EXPECT_THAT(refused, FailsWith(arrow::StatusCode::IOError, "No space left on device"));
  EXPECT_TRUE(base::IsWriteError(refused));
  for (const Mode mode : {Mode::kPush, Mode::kPull}) ExpectAll(ScanWith(nullptr, mode));
  // What removes makes room: it is not held up until there is some.
  EXPECT_THAT(store_->Remove("another/old"), IsOk());
  EXPECT_FALSE(Require(store_->Look("another/old")).has_value());
  presence.reset();
  EXPECT_FALSE(Require(store_->Look("another/present")).has_value());
  EXPECT_TRUE(PoolIsFull());
  SetFullRatios(0.95, 0.9, 0.85);
  EXPECT_TRUE(WaitUntil([&] { return put().ok(); }));
}

/// CPU time of all workers, in clock ticks.
int64_t WorkerTicks() {
  int64_t ticks = 0;
  for (const Worker& worker : Workers()) {
    const std::string stat = ContentOf(fmt::format("/proc/{}/stat", worker.pid));
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    int64_t user = 0;
    int64_t system = 0;
    fields >> user >> system;
    ticks += user + system;
  }
  return ticks;
}

TEST_F(FaultsTest, NobodyWorksForAClientThatWasKilled) {
  const int64_t before = WorkerTicks();
  const pid_t client = ::fork();
  if (client == 0) {
    const std::string query = fmt::format(
        "SET skyhook_placement = 'push'; SELECT count(*) FROM '{0}' a, '{0}' b, '{0}' c "
        "WHERE regexp_matches(a.t, '(a|b)*c.*d.*e') AND regexp_matches(b.t, 'a') AND a.n < b.n",
        kTable);
    const std::string program = fmt::format("{}/skyhook", SKYHOOK_TEST_PROGRAMS);
    ::execl(program.c_str(), "skyhook", "sql", "--repeat", "1000", "-c", query.c_str(), nullptr);
    ::_exit(127);
  }
  EXPECT_TRUE(WaitUntil([&] { return WorkerTicks() > before; })) << "the workers have begun";
  ASSERT_EQ(::kill(client, SIGKILL), 0);
  int status = 0;
  ::waitpid(client, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  // The deadline of a call is a second at most.
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const int64_t after = WorkerTicks();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(WorkerTicks(), after);
}

}  // namespace
}  // namespace skyhook::testing
