#include "skyhook/table/put_journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "skyhook/objects/local/local_store.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/table/upkeep.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::table {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::Require;

constexpr char kFingerprint[] = "0123456789abcdef0123456789abcdef";
constexpr char kPointer[] = "t/_put-0123456789abcdef0123456789abcdef";

arrow::Result<PutJournal> Begin(objects::ObjectStore* store) {
  return PutJournal::Begin(store, "t", kFingerprint, [] { return 7; });
}

TEST(PutJournalTest, AnInterruptedPutIsGoneOnWith) {
  testing::MemoryStore store;
  std::string put;
  {
    const auto interrupted = Require(Begin(&store));
    put = interrupted.put();
    EXPECT_EQ(interrupted.since(), 7);
  }
  const auto again = Require(PutJournal::Begin(&store, "t", kFingerprint, []() {
    return arrow::Result<int64_t>(arrow::Status::Invalid("not to be asked"));
  }));
  EXPECT_EQ(again.put(), put);
  EXPECT_EQ(again.since(), 7);
  EXPECT_THAT(again.End(), IsOk());
  EXPECT_TRUE(Require(store.List("")).empty());
  EXPECT_NE(Require(Begin(&store)).put(), put);
}

TEST(PutJournalTest, PutsAtTheSameTimeAreNotTheSame) {
  testing::MemoryStore store;
  const auto one = Require(Begin(&store));
  auto two = std::make_unique<PutJournal>(Require(Begin(&store)));
  const auto three = Require(Begin(&store));
  EXPECT_NE(one.put(), two->put());
  EXPECT_NE(one.put(), three.put());
  const std::string interrupted = two->put();
  EXPECT_THAT(one.End(), IsOk());
  two.reset();
  const auto four = Require(Begin(&store));
  EXPECT_EQ(four.put(), interrupted) << "and not the one that is at work";
  EXPECT_THAT(three.End(), IsOk());
  EXPECT_THAT(four.End(), IsOk());
  EXPECT_TRUE(Require(store.List("")).empty());
}

/// Nobody is ever heard, as over a link that is broken.
class SilentStore : public testing::MemoryStore {
 public:
  arrow::Result<bool> IsPresent(const std::string&) override { return false; }
};

TEST(PutJournalTest, WhoWasTakenForInterruptedLearnsOfIt) {
  SilentStore store;
  const auto slow = Require(Begin(&store));
  const auto other = Require(Begin(&store));
  EXPECT_EQ(slow.put(), other.put());
  EXPECT_THAT(slow.End(), FailsWith(base::Code::kBusy, "was taken for interrupted"));
  EXPECT_THAT(other.End(), IsOk());
  EXPECT_THAT(slow.End(), FailsWith(base::Code::kBusy, "was taken for interrupted"));
}

TEST(PutJournalTest, TooManyAtOnceAreAnError) {
  testing::MemoryStore store;
  std::vector<PutJournal> journals;
  for (size_t i = 0; i < PutJournal::kMostAtOnce; ++i) journals.push_back(Require(Begin(&store)));
  EXPECT_THAT(Begin(&store), FailsWith(base::Code::kBusy, "32 puts of the same files"));
  EXPECT_LE(Require(store.ReadPointer(kPointer))->size(),
            static_cast<size_t>(objects::ObjectStore::kMostPointerBytes));
  for (const auto& journal : journals) EXPECT_THAT(journal.End(), IsOk());
}

TEST(PutJournalTest, OldOnesAndThoseOfOthersAreBegunAnew) {
  const std::string id = "aaaaaaaaaaaaaaaaaaaaaaaa";
  const std::vector<std::string> contents = {id + " " + id + " 3 1000\n",  // of 1970
                                             "../../x " + id + " 3 9000000000000000000\n",
                                             id + " ../../../x 3 9000000000000000000\n",
                                             id + " " + id + " -3 9000000000000000000\n",
                                             id + " " + id + " 3\n",
                                             "x",
                                             std::string("\0\xff\n", 3)};
  for (const std::string& content : contents) {
    testing::MemoryStore store;
    store.Overwrite(kPointer, content);
    const auto journal = Require(Begin(&store));
    EXPECT_NE(journal.put(), id) << content;
    EXPECT_EQ(journal.since(), 7);
    EXPECT_THAT(journal.End(), IsOk());
    EXPECT_TRUE(Require(store.List("")).empty()) << content;
  }
}

TEST(PutJournalTest, FingerprintsTellFilesApart) {
  const auto of = [](const std::vector<std::string>& names) {
    std::vector<std::shared_ptr<base::ByteSource>> files;
    for (const auto& name : names) {
      files.push_back(base::MakeBufferSource(arrow::Buffer::FromString("x"), name));
    }
    return FingerprintOf(files, {});
  };
  EXPECT_EQ(of({"a", "b"}), of({"a", "b"}));
  EXPECT_EQ(of({"a"}).size(), 32u);
  EXPECT_NE(of({"a", "b"}), of({"b", "a"}));
  EXPECT_NE(of({"a", "b"}), of({"a 1 0 \n1 b"}));
  PutOptions replace;
  replace.existing = Existing::kReplace;
  EXPECT_NE(FingerprintOf({}, {}), FingerprintOf({}, replace));
}

/// Many threads put the same file: each that is told of a success has added its rows.
void PutFromManyThreads(objects::ObjectStore* store) {
  constexpr int kThreads = 6;
  constexpr int kRounds = 5;
  const auto file = CountingFile("f.parquet", 0, 10, 10);
  std::atomic<int> puts = 0;
  std::barrier together(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        together.arrive_and_wait();
        const auto put = Put(store, "t", {file}, SmallObjects(Existing::kAppend));
        EXPECT_THAT(put, IsOk());
        if (put.ok()) ++puts;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(puts, kThreads * kRounds);
  EXPECT_EQ(Require(ReadSnapshot(store, "t", "")).num_rows(), 10 * puts);
  for (const std::string& name : Require(store->List("t/"))) {
    EXPECT_THAT(name, ::testing::Not(HasSubstr("_put-")));
    EXPECT_THAT(name, ::testing::Not(HasSubstr(".live-")));
  }
}

TEST(ConcurrentPutTest, TheSameFileFromManyThreadsIsThereAsManyTimes) {
  testing::MemoryStore store;
  PutFromManyThreads(&store);
}

TEST(ConcurrentPutTest, TheSameFileFromManyThreadsIntoADirectoryIsThereAsManyTimes) {
  const testing::TemporaryDirectory directory;
  PutFromManyThreads(objects::local::MakeLocalStore(directory.path()).get());
}

TEST(LocalPresenceTest, EndsWithWhoShowsIt) {
  const testing::TemporaryDirectory directory;
  const auto store = objects::local::MakeLocalStore(directory.path());
  const std::string name = "t/.live-0123456789abcdef01234567";
  EXPECT_FALSE(Require(store->IsPresent(name)));
  {
    const auto presence = Require(store->ShowPresence(name));
    EXPECT_TRUE(Require(store->IsPresent(name)));
    EXPECT_THAT(store->ShowPresence(name), FailsWith(arrow::StatusCode::IOError, "cannot create"));
    EXPECT_TRUE(Require(store->IsPresent(name)));
  }
  EXPECT_FALSE(Require(store->IsPresent(name)));
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/t"));
  testing::WriteBytes(directory.path() + "/killed", "");
  EXPECT_FALSE(Require(store->IsPresent("killed"))) << "as a process that was killed leaves it";
}

/// A thread of this process, as the kernel sees it.
class ObservedThread {
 public:
  explicit ObservedThread(pid_t thread) : folder_(fmt::format("/proc/self/task/{}/", thread)) {}

  /// How often it has gone to sleep, if it sleeps in flock now.
  std::optional<std::string> SleepsInFlock() const {
    const std::string sleeps = Sleeps();
    int64_t call = -1;
    std::ifstream(folder_ + "syscall") >> call;
    return call == SYS_flock && sleeps == Sleeps() ? std::optional(sleeps) : std::nullopt;
  }

 private:
  std::string Sleeps() const {
    std::ifstream status(folder_ + "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("voluntary_ctxt_switches")) return line;
    }
    return "";
  }

  const std::string folder_;
};

/// The lock file of a directory, held as another process would.
class HeldLock {
 public:
  explicit HeldLock(const std::string& path)
      : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    EXPECT_EQ(::flock(file_, LOCK_EX | LOCK_NB), 0);
  }
  ~HeldLock() { ::close(file_); }

 private:
  const int file_;
};

TEST(LocalLockTest, WhoWaitedForALockThatWasRemovedWaitsForTheOneInItsPlace) {
  const testing::TemporaryDirectory directory;
  const auto store = objects::local::MakeLocalStore(directory.path());
  EXPECT_THAT(
      store->Create("t/data-" + IdNamed("x") + "-000000.parquet", *arrow::Buffer::FromString("x")),
      IsOk());
  const std::string path = directory.path() + "/t/.lock";
  auto removed = std::make_unique<HeldLock>(path);
  std::promise<pid_t> id;
  auto swung = std::async(std::launch::async, [&] {
    id.set_value(gettid());
    return Require(store->SwingPointer("t/_head", std::nullopt, "mine"));
  });
  const ObservedThread waiter(id.get_future().get());
  std::optional<std::string> asleep;
  while (!(asleep = waiter.SleepsInFlock()).has_value()) std::this_thread::yield();
  std::filesystem::remove(path);
  auto in_place = std::make_unique<HeldLock>(path);
  removed.reset();
  const auto ended = [&] {
    return swung.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  };
  while (!ended()) {
    const auto again = waiter.SleepsInFlock();
    if (again.has_value() && again != asleep) break;
    std::this_thread::yield();
  }
  EXPECT_FALSE(ended()) << "it took the lock of a file that is gone";
  testing::WriteBytes(directory.path() + "/t/_head", "theirs");
  in_place.reset();
  EXPECT_FALSE(swung.get());
  EXPECT_EQ(Require(store->ReadPointer("t/_head")), "theirs");
}

/// Directories come and go under those who lock them: no two ever hold one at once.
TEST(LocalLockTest, APointerIsSwungByOneAtATimeWhileItsDirectoryComesAndGoes) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 300;
  const testing::TemporaryDirectory directory;
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const auto store = objects::local::MakeLocalStore(directory.path());
      const std::string mine = std::to_string(i);
      const std::string scratch = "t/data-" + IdNamed(mine) + "-000000.parquet";
      for (int round = 0; round < kRounds; ++round) {
        EXPECT_THAT(store->Create(scratch, *arrow::Buffer::FromString("x")), IsOk());
        const auto swung = store->SwingPointer("t/_head", std::nullopt, mine);
        ASSERT_THAT(swung, IsOk());
        if (*swung) {
          EXPECT_EQ(++made, 1) << "the pointer was taken from who had it";
          EXPECT_EQ(Require(store->ReadPointer("t/_head")), mine);
          --made;
          EXPECT_TRUE(Require(store->SwingPointer("t/_head", mine, std::nullopt)));
        }
        EXPECT_THAT(store->Remove(scratch), IsOk());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/t"));
}

}  // namespace
}  // namespace skyhook::table
