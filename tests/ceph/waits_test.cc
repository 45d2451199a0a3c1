// Waits for a Ceph that does not answer: they end when they are to stop, and are told of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <set>

#include "skyhook/client/scan.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/plan/types.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/testing/pipelines.h"
#include "tests/ceph/cluster_control.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::testing {
namespace {

using arrow::Status;
using ::testing::Contains;
using ::testing::HasSubstr;

const std::string kNameSpace = "waits-test";

/// Requests a stop as soon as a wait lasts.
class StopsWaits : public objects::WaitObserver {
 public:
  std::chrono::milliseconds patience() const override { return std::chrono::milliseconds(100); }
  void Lasts(const std::string& what, std::chrono::milliseconds) noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    whats_.insert(what);
    ended_ = false;
    if (stop_ != nullptr) stop_->RequestStop(Status::Cancelled("stopped by the test"));
  }
  void Ended() noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  void LeftBehind() noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++left_behind_;
  }

  void Request(arrow::StopSource* stop) {
    const std::lock_guard<std::mutex> lock(mutex_);
    whats_.clear();
    stop_ = stop;
  }
  std::set<std::string> whats() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return whats_;
  }
  bool ended() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return ended_;
  }
  int left_behind() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return left_behind_;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> whats_;
  arrow::StopSource* stop_ = nullptr;
  bool ended_ = false;
  int left_behind_ = 0;
};

/// Processes that do nothing as long as this lives.
class Suspended {
 public:
  explicit Suspended(std::set<int> pids) : pids_(std::move(pids)) {
    for (const int pid : pids_) EXPECT_EQ(::kill(pid, SIGSTOP), 0);
    EXPECT_TRUE(WaitUntil([this] { return all(); }));
  }
  ~Suspended() {
    for (const int pid : pids_) ::kill(pid, SIGCONT);
  }
  /// Whether every thread of each is stopped.
  bool all() const { return std::all_of(pids_.begin(), pids_.end(), IsStopped); }

 private:
  static bool IsStopped(int pid) {
    for (const auto& thread :
         std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid))) {
      const std::string status = ContentOf(thread.path() / "status");
      if (!StatusOf(status, "State").starts_with("T")) return false;
    }
    return true;
  }

  const std::set<int> pids_;
};

class WaitsTest : public ::testing::Test {
 protected:
  WaitsTest() : observer_(std::make_shared<StopsWaits>()), pool_("replicated", kNameSpace) {
    rados_.waits = observer_;
    rados_.timeout_s = 600;  // nothing of librados's own ends a wait
    store_ = Require(objects::OpenRadosPool(rados_, "replicated", kNameSpace));
    table::PutOptions options;
    options.existing = table::Existing::kReplace;
    Require(
        table::Put(store_.get(), "t", {table::CountingFile("a.parquet", 0, 1000, 100)}, options));
  }
  ~WaitsTest() override { pool_.RemoveAll(); }

  /// Runs `wait` until it ends by its stop, while `suspended` still are.
  void ExpectStops(const Suspended& suspended, const std::string& what,
                   const std::function<Status(const arrow::StopToken&)>& wait) {
    SCOPED_TRACE(what);
    arrow::StopSource stop;
    observer_->Request(&stop);
    const Status status = wait(stop.token());
    observer_->Request(nullptr);
    EXPECT_TRUE(status.IsCancelled()) << status.ToString();
    EXPECT_TRUE(suspended.all());
  }

  std::shared_ptr<StopsWaits> observer_;
  objects::RadosOptions rados_;
  TestPool pool_;
  std::shared_ptr<objects::RadosPool> store_;
};

TEST_F(WaitsTest, OfTheStoreEndByTheirStop) {
  using Verb = std::function<Status(objects::RadosPool*)>;
  const auto bytes = arrow::Buffer::FromString("x");
  const std::vector<std::pair<std::string, Verb>> verbs = {
      {"Create", [&](auto* pool) { return pool->Create("t/new", *bytes).status(); }},
      {"Look", [](auto* pool) { return pool->Look("t/_head").status(); }},
      {"OpenObject", [](auto* pool) { return pool->OpenObject("t/_head").status(); }},
      {"ChecksumOf", [](auto* pool) { return pool->ChecksumOf("t/_head").status(); }},
      {"Remove", [](auto* pool) { return pool->Remove("t/none"); }},
      {"List", [](auto* pool) { return pool->List("t").status(); }},
      {"NameSpacesWithTables", [](auto* pool) { return pool->NameSpacesWithTables().status(); }},
      {"ReadPointer", [](auto* pool) { return pool->ReadPointer("t/_head").status(); }},
      {"SwingPointer", [](auto* pool) { return pool->SwingPointer("p", "a", "b").status(); }},
      {"ShowPresence", [](auto* pool) { return pool->ShowPresence("t/there").status(); }},
      {"IsPresent", [](auto* pool) { return pool->IsPresent("t/_head").status(); }}};
  {
    const Suspended suspended(OsdPids());
    for (const auto& [name, verb] : verbs) {
      ExpectStops(suspended, name,
                  [&](const arrow::StopToken& stop) { return verb(store_->WithStop(stop).get()); });
    }
  }
  EXPECT_GE(observer_->left_behind(), 2) << "lists are threads";
  EXPECT_THAT(Require(store_->ReadPointer("t/_head")), ::testing::Ne(std::nullopt));
}

TEST_F(WaitsTest, OfReadsEndByTheirStopAndThatOfTheStore) {
  arrow::StopSource of_store;
  const auto source = Require(store_->OpenObject("t/_head"));
  const auto stoppable = Require(store_->WithStop(of_store.token())->OpenObject("t/_head"));
  const Suspended suspended(OsdPids());
  ExpectStops(suspended, "of the read", [&](const arrow::StopToken& stop) {
    return source->Read({{0, 1}}, stop).status();
  });
  observer_->Request(&of_store);
  EXPECT_TRUE(stoppable->Read({{0, 1}}).status().IsCancelled());
  EXPECT_THAT(observer_->whats(), Contains("object 'rados://replicated/waits-test/t/_head'"));
  observer_->Request(nullptr);
  EXPECT_TRUE(suspended.all());
}

/// More than librados has in flight by itself.
TEST_F(WaitsTest, OfManyBytesEndByTheirStop) {
  constexpr int kWriters = 3;
  const auto bytes = arrow::Buffer::FromString(std::string(size_t{64} << 20, 'x'));
  const Suspended suspended(OsdPids());
  arrow::StopSource stop;
  observer_->Request(&stop);
  std::vector<std::future<Status>> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.push_back(std::async(std::launch::async, [&, i] {
      return store_->WithStop(stop.token())->Create(fmt::format("t/large-{}", i), *bytes).status();
    }));
  }
  for (auto& writer : writers) EXPECT_TRUE(writer.get().IsCancelled());
  observer_->Request(nullptr);
  EXPECT_TRUE(suspended.all());
}

TEST_F(WaitsTest, OfPresenceEndsByItsStop) {
  arrow::StopSource stop;
  auto presence = Require(store_->WithStop(stop.token())->ShowPresence("t/here"));
  EXPECT_EQ(Require(store_->IsPresent("t/here")), true);
  const Suspended suspended(OsdPids());
  observer_->Request(&stop);
  presence.reset();
  observer_->Request(nullptr);
  EXPECT_TRUE(suspended.all());
}

TEST_F(WaitsTest, OfScansEndByTheirStop) {
  client::Session session({.rados = rados_});
  const auto table =
      Require(client::OpenTable(&session, "rados://replicated/" + kNameSpace + "/t"));
  for (const auto mode : {placement::Mode::kPush, placement::Mode::kPull}) {
    const Suspended suspended(OsdPids());
    ExpectStops(suspended, placement::ModeName(mode), [&](const arrow::StopToken& stop) -> Status {
      client::ScanOptions options;
      options.placement = mode;
      options.stop = stop;
      ARROW_ASSIGN_OR_RAISE(
          const auto scan,
          client::Scan::Make(table, ReadAll(*plan::EngineSchema(*table->schema)), options));
      ARROW_ASSIGN_OR_RAISE(const auto stream, scan->OpenStream());
      return stream->Next().status();
    });
  }
}

TEST_F(WaitsTest, OfMonitorsEndByTheirStop) {
  const std::set<int> monitor = {DaemonPid("mon.a")};
  auto other = rados_;
  other.timeout_s = 601;  // another connection
  {
    const Suspended suspended(monitor);
    ExpectStops(suspended, "question", [&](const arrow::StopToken& stop) {
      return store_->WithStop(stop)->AskMonitors(R"({"prefix": "osd stat"})").status();
    });
    ExpectStops(suspended, "pool", [&](const arrow::StopToken& stop) {
      return objects::OpenRadosPool(rados_, "no-such-pool", "", stop).status();
    });
    ExpectStops(suspended, "connection", [&](const arrow::StopToken& stop) {
      return objects::OpenRadosPool(other, "replicated", kNameSpace, stop).status();
    });
  }
  // The connection that was being made is the next call's.
  const auto pool = Require(objects::OpenRadosPool(other, "replicated", kNameSpace));
  EXPECT_THAT(Require(pool->ReadPointer("t/_head")), ::testing::Ne(std::nullopt));
}

TEST_F(WaitsTest, AreToldOfUntilTheyEnd) {
  std::thread reader;
  arrow::Result<std::optional<std::string>> read = Status::UnknownError("");
  {
    const Suspended suspended(OsdPids());
    observer_->Request(nullptr);
    reader = std::thread([&] { read = store_->ReadPointer("t/_head"); });
    EXPECT_TRUE(WaitUntil([&] { return !observer_->whats().empty(); }));
    EXPECT_FALSE(observer_->ended());
  }
  reader.join();
  EXPECT_THAT(read.status(), IsOk());
  EXPECT_TRUE(WaitUntil([&] { return observer_->ended(); }));
  EXPECT_THAT(observer_->whats(), ::testing::Each(HasSubstr("t/_head")));
}

}  // namespace
}  // namespace skyhook::testing
