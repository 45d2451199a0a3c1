// The object class with its worker and without Ceph: hostile requests, and workers that fail.
#include "cls/object_class.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <new>
#include <random>
#include <sstream>
#include <stdexcept>

#include "skyhook/lending/host/worker_program.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/processes.h"
#include "skyhook/testing/result_rows.h"
#include "skyhook/testing/sanitized.h"
#include "skyhook/testing/sealed_message.h"
#include "skyhook/testing/temporary_directory.h"
#include "skyhook/wire/reply.h"
#include "tests/cls/fake_osd.h"
#include "tests/cls/requests.h"

namespace skyhook::cls {
namespace {

using lending::IsThere;
using lending::kWindowBytes;
using lending::NowMs;
using lending::ProgramOf;
using lending::Quarantine;
using lending::StartWorker;
using lending::WorkerHold;
using lending::WorkerProcess;
using testing::kSanitized;
using testing::Require;

class WorkerProgramTest : public ::testing::Test {
 protected:
  explicit WorkerProgramTest(int calls = Settings().calls) : settings_(OfProgram(10'000, calls)) {
    object_.bytes = testing::ParquetBytes(*testing::TableOf(ColumnX(), "1\n2\n"))->ToString();
  }

  static Settings OfProgram(int deadline_ms, int calls = Settings().calls) {
    Settings settings;
    settings.calls = calls;
    settings.worker = SKYHOOK_TEST_WORKER;
    settings.deadline_ms = deadline_ms;
    return settings;
  }
  /// Starts the program, and notes which process it is.
  StartWorker Noting() {
    return [this, start = ProgramOf(settings_.worker, settings_.niceness)](int socket, int window,
                                                                           WorkerHold* hold) {
      const int error = start(socket, window, hold);
      pid_ = hold->pid;
      return error;
    };
  }
  Called Call(const std::string& request) {
    Called called = CallScan(&class_, settings_, &object_, request);
    EXPECT_EQ(called.broken, "");
    return called;
  }
  static std::vector<std::string> RowsOf(const Called& called) {
    const auto reply =
        Require(wire::DecodeReply(arrow::Buffer::FromString(called.reply), AskForRows()));
    EXPECT_THAT(reply.status, testing::IsOk()) << reply.status;
    return testing::RowsOf(reply.batches);
  }

  const std::vector<std::string> rows_ = {"1", "2"};
  const Settings settings_;
  FakeObject object_;
  pid_t pid_ = -1;
  ObjectClass class_{settings_, Noting()};
};

// A script in the place of the worker writes down what it was given.
TEST(WorkerProgram, GetsNothingOfTheEnvironment) {
  const testing::TemporaryDirectory directory;
  const std::string seen = directory.File("seen");
  const std::string script = directory.File("worker");
  std::ofstream(script) << "#!/bin/sh\nenv >'" << seen << "'\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  ::setenv("SKYHOOK_SECRET_OF_THE_OSD", "1", 1);
  Settings settings;
  settings.worker = script;
  std::unique_ptr<WorkerProcess> worker;
  EXPECT_LT(WorkerProcess::Start(ProgramOf(settings.worker, settings.niceness), NowMs() + 60'000,
                                 &worker),
            0);
  ::unsetenv("SKYHOOK_SECRET_OF_THE_OSD");
  std::ostringstream environment;
  environment << std::ifstream(seen).rdbuf();
  EXPECT_THAT(environment.str(), ::testing::HasSubstr("PWD="));
  EXPECT_THAT(environment.str(), ::testing::Not(::testing::HasSubstr("SECRET")));
}

TEST_F(WorkerProgramTest, AnswersCallAfterCall) {
  for (int i = 0; i < 3; ++i) {
    const Called called = Call(Encoded(10'000));
    ASSERT_EQ(called.result, 0);
    EXPECT_EQ(RowsOf(called), rows_);
  }
  EXPECT_EQ(CallDescribe(&class_)["workers_spawned"], "1");
}

TEST_F(WorkerProgramTest, AFragmentMayLieInExtentsOfItsObject) {
  object_.id = "0123456789abcdef";
  EXPECT_EQ(RowsOf(Call(Encoded(10'000))), rows_);
  const std::string whole = object_.bytes;
  const auto cut = static_cast<int64_t>(whole.size() / 2);
  object_.bytes = "before" + whole.substr(static_cast<size_t>(cut), 50) + "between" +
                  whole.substr(0, static_cast<size_t>(cut));
  wire::Request request = AskForRows();
  request.layout = std::make_shared<base::Layout>(
      base::Layout{{{"", {6 + 50 + 7, cut}}, {"", {6, 50}}},
                   arrow::Buffer::FromString(whole.substr(static_cast<size_t>(cut) + 50))});
  request.fragment_bytes = static_cast<int64_t>(whole.size());
  EXPECT_EQ(RowsOf(Call(Require(wire::EncodeRequest(request, 10'000)))), rows_);
  // Kept open, it is not taken for another one in the same object.
  auto beyond = std::make_shared<base::Layout>(*request.layout);
  beyond->extents[0].range.length += 1'000'000;
  request.layout = beyond;
  request.fragment_bytes = -1;
  const Called called = Call(Require(wire::EncodeRequest(request, 10'000)));
  const auto reply =
      Require(wire::DecodeReply(arrow::Buffer::FromString(called.reply), AskForRows()));
  EXPECT_THAT(reply.status, testing::FailsWith(base::Code::kStaleObject, "lies in its bytes"));
}

TEST_F(WorkerProgramTest, MutatedRequestsAreAnsweredAndEndNoWorker) {
  const int calls = kSanitized ? 200 : 2000;
  const std::string request = Encoded(10'000);
  std::mt19937 random(2026);
  int answered = 0;
  for (int i = 0; i < calls; ++i) {
    std::string mutated = request;
    for (int change = 0; change < 3; ++change) {
      mutated[sizeof(wire::Header) + random() % (mutated.size() - sizeof(wire::Header))] =
          static_cast<char>(random());
    }
    answered += Call(testing::Sealed(std::move(mutated))).result == 0 ? 1 : 0;
  }
  EXPECT_EQ(answered, calls) << "with an error in words, or rows";
  auto description = CallDescribe(&class_);
  EXPECT_EQ(description["workers_spawned"], "1");
  EXPECT_EQ(description["workers_crashed"], "0");
  EXPECT_EQ(description["workers_timed_out"], "0");
}

TEST_F(WorkerProgramTest, GarbageIsNoRequest) {
  const std::string request = Encoded(100);
  for (size_t bytes = 0; bytes < request.size(); bytes += 7) {
    EXPECT_EQ(Call(request.substr(0, bytes)).result, -EINVAL) << bytes;
  }
  std::mt19937 random(2026);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes(random() % 100, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(Call(bytes).result, -EINVAL);
  }
  EXPECT_EQ(pid_, -1) << "no worker hears of it";
}

TEST_F(WorkerProgramTest, HeadersOfAnyNumbersAreAnsweredOrRefused) {
  const std::string request = Encoded(100);
  std::mt19937 random(2026);
  for (int i = 0; i < (kSanitized ? 100 : 1000); ++i) {
    std::string mutated = request;
    for (size_t at = 4; at < sizeof(wire::Header); ++at) {
      if (random() % 8 == 0) mutated[at] = static_cast<char>(random());
    }
    Call(i % 2 == 0 ? mutated : testing::Sealed(mutated));
  }
  EXPECT_EQ(CallDescribe(&class_)["workers_crashed"], "0");
}

TEST_F(WorkerProgramTest, ARequestBeyondTheWindowIsTooLargeAndIsNotCopied) {
  ceph::bufferlist in;
  ceph::bufferlist out;
  for (const uint64_t bytes : {kWindowBytes, uint64_t{1}}) {
    const std::string zeros(bytes, '\0');
    in.append(ceph::buffer::copy(zeros.data(), static_cast<unsigned>(zeros.size())));
  }
  EXPECT_EQ(class_.Scan(&object_, &in, &out), -E2BIG);
  EXPECT_EQ(in.get_num_buffers(), 2u);
}

TEST_F(WorkerProgramTest, AnObjectBeyondTheClassInterfaceIsRefusedInWords) {
  object_.stat_bytes = uint64_t{1} << 31;
  const Called called = Call(Encoded(100));
  EXPECT_EQ(called.result, 0);
  EXPECT_NE(called.reply.find("the first 2 GiB of an object only"), std::string::npos);
  EXPECT_EQ(pid_, -1);
}

TEST_F(WorkerProgramTest, ThatIsKilledInACallCostsThatCall) {
  object_.before_read = [this] { return kill(pid_, SIGKILL) == 0 ? 0 : -errno; };
  EXPECT_EQ(Call(Encoded(10'000)).result, -ESHUTDOWN);
  object_.before_read = nullptr;
  EXPECT_EQ(RowsOf(Call(Encoded(10'000))), rows_);
}

TEST_F(WorkerProgramTest, ThatEndsWhileItIsIdleCostsNoCall) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(RowsOf(Call(Encoded(10'000))), rows_);
    ASSERT_EQ(kill(pid_, SIGKILL), 0);
    siginfo_t ended{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT), 0);
  }
  EXPECT_EQ(CallDescribe(&class_)["workers_spawned"], "3");
  EXPECT_EQ(CallDescribe(&class_)["workers_crashed"], "0");
}

TEST_F(WorkerProgramTest, ThatIsStoppedIsKilledAtItsDeadline) {
  const Settings hasty = OfProgram(2000);
  ObjectClass object_class(hasty, Noting());
  object_.before_read = [this] { return kill(pid_, SIGSTOP) == 0 ? 0 : -errno; };
  const Called called = CallScan(&object_class, hasty, &object_, Encoded(2000));
  EXPECT_EQ(called.broken, "");
  EXPECT_EQ(called.result, -ETIMEDOUT);
  EXPECT_EQ(object_.reads, 1);
  EXPECT_EQ(kill(pid_, 0), -1) << "it is gone";
}

/// A disk whose first read of each call takes a while.
class SlowDiskTest : public WorkerProgramTest {
 protected:
  static constexpr int kCalls = Quarantine::kStrikes + 1;

  static Settings Of(int deadline_ms, int reads_ms) {
    Settings settings = OfProgram(deadline_ms);
    settings.reads_ms = reads_ms;
    return settings;
  }
  Called CallWhileReading(int64_t read_ms, ObjectClass* object_class, const Settings& settings) {
    object_.reads = 0;
    object_.before_read = [this, read_ms] {
      const int64_t end_ms = NowMs() + read_ms;
      while (object_.reads == 1 && NowMs() < end_ms) usleep(1000);
      return 0;
    };
    Called called = CallScan(object_class, settings, &object_,
                             Encoded(static_cast<uint32_t>(settings.deadline_ms)));
    EXPECT_EQ(called.broken, "");
    return called;
  }
};

TEST_F(SlowDiskTest, IsNotBlamedOnTheWorker) {
  const Settings settings = Of(1000, 60'000);
  ObjectClass object_class(settings, ProgramOf(settings.worker, settings.niceness));
  const int64_t until_all_is_over = settings.deadline_ms + GraceMs(settings) + 10;
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_EQ(CallWhileReading(until_all_is_over, &object_class, settings).result, 0);
  }
  auto description = CallDescribe(&object_class);
  EXPECT_EQ(description["workers_spawned"], "1");
  EXPECT_EQ(description["workers_timed_out"], "0");
  EXPECT_EQ(description["calls_quarantined"], "0");
}

TEST_F(SlowDiskTest, IsTheReasonOfARefusalWhenItIsTooSlow) {
  const Settings settings = Of(10'000, 50);
  ObjectClass object_class(settings, ProgramOf(settings.worker, settings.niceness));
  for (int i = 0; i < kCalls; ++i) {
    const Called called = CallWhileReading(100, &object_class, settings);
    EXPECT_EQ(called.result, 0);
    EXPECT_THAT(called.reply, ::testing::HasSubstr("reading took longer than 50 ms"));
  }
  auto description = CallDescribe(&object_class);
  EXPECT_EQ(description["calls_with_slow_reads"], std::to_string(kCalls));
  EXPECT_EQ(description["workers_timed_out"], "0");
  EXPECT_EQ(description["calls_quarantined"], "0");
  object_.before_read = nullptr;
  EXPECT_EQ(CallScan(&object_class, settings, &object_, Encoded(10'000)).result, 0);
}

TEST_F(WorkerProgramTest, RemembersTheFooterOfAnObjectThatHasAnId) {
  const auto reads = [this] {
    object_.reads = 0;
    EXPECT_EQ(RowsOf(Call(Encoded(10'000))), rows_);
    return object_.reads;
  };
  const int without_id = reads();
  EXPECT_EQ(reads(), without_id);
  object_.id = "0123456789abcdef";
  EXPECT_EQ(reads(), without_id);
  EXPECT_LT(reads(), without_id);
  ++object_.mtime_ns;
  EXPECT_EQ(reads(), without_id) << "another object";
  object_.id = "another id";
  EXPECT_EQ(reads(), without_id);
  object_.bytes += "no footer";
  Call(Encoded(10'000));
  EXPECT_GT(object_.reads, 0) << "another size";
  object_.id = std::string(lending::kMostIdBytes + 1, 'x');
  object_.bytes.resize(object_.bytes.size() - 9);
  reads();
  EXPECT_EQ(reads(), without_id) << "no id that is understood";
}

TEST_F(WorkerProgramTest, ForgetsTheFootersThatWereUsedLeast) {
  const auto reads_of = [this](int id) {
    object_.id = fmt::format("id {}", id);
    object_.reads = 0;
    EXPECT_EQ(RowsOf(Call(Encoded(10'000))), rows_);
    return object_.reads;
  };
  const int first = reads_of(0);
  const int again = reads_of(0);
  ASSERT_LT(again, first);
  for (int id = 1; id < 32; ++id) reads_of(id);
  EXPECT_EQ(reads_of(0), again);
  reads_of(32);
  EXPECT_EQ(reads_of(0), again);
  EXPECT_EQ(reads_of(1), first);
}

TEST_F(WorkerProgramTest, AFailedReadIsWhatTheClientIsTold) {
  for (const int error : {-EOPNOTSUPP, -EIO, -ENOENT}) {
    object_.before_read = [error] { return error; };
    EXPECT_EQ(Call(Encoded(10'000)).result, error);
  }
  EXPECT_EQ(CallDescribe(&class_)["workers_spawned"], "1") << "it is no fault of the worker";
}

TEST_F(WorkerProgramTest, AnExceptionCostsOneCall) {
  object_.before_read = []() -> int { throw std::bad_alloc(); };
  for (int i = 0; i < 2 * settings_.calls; ++i) EXPECT_EQ(Call(Encoded(10'000)).result, -ENOMEM);
  object_.before_read = []() -> int { throw std::runtime_error("no such thing"); };
  EXPECT_EQ(Call(Encoded(10'000)).result, -EIO);
  object_.before_read = nullptr;
  EXPECT_EQ(RowsOf(Call(Encoded(10'000))), rows_);
}

/// Calls of scans that take many times as long as a call may, for one worker.
class LongScanTest : public WorkerProgramTest {
 protected:
  static constexpr int64_t kRows = 300'000;
  static constexpr int64_t kFound = kRows / 1000;
  /// A worker abandons a scan that nobody has asked for within so many milliseconds.
  static constexpr int64_t kAbandonedMs = 200;

  explicit LongScanTest(int calls = 1) : WorkerProgramTest(calls) {
    object_.bytes = BytesFrom(0);
    object_.id = "0123456789abcdef";
  }

  /// x counts from `first` on.
  static std::string BytesFrom(int64_t first) {
    arrow::Int64Builder numbers;
    arrow::StringBuilder texts;
    for (int64_t row = 0; row < kRows; ++row) {
      Require(numbers.Append(first + row));
      Require(
          texts.Append(fmt::format("{} babababababab {}", row % 1000 == 0 ? "yes" : "no", row)));
    }
    const auto table =
        arrow::Table::Make(Columns(), {Require(numbers.Finish()), Require(texts.Finish())}, kRows);
    return testing::ParquetBytes(*table, {.row_group_rows = kRows / 3})->ToString();
  }

  static std::shared_ptr<arrow::Schema> Columns() {
    return arrow::schema({arrow::field("x", arrow::int64()), arrow::field("t", arrow::utf8())});
  }
  static wire::Request AskFor(uint64_t scan, bool count) {
    wire::Request request;
    plan::Pipeline pipeline = testing::Read(*Columns(), {"x"});
    pipeline.filter = {
        testing::Fn(plan::Function::kRegexpMatches,
                    {testing::Col(pipeline, "t"), testing::Lit("yes (a|b)*(a|b)*(a|b)* [0-9]+$")})};
    if (count) {
      pipeline.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
    }
    request.pipeline = std::move(pipeline);
    request.slice.rows = plan::RowRanges::All(kRows);
    request.slice.scan = scan;
    return request;
  }
  Called CallFor(const wire::Request& request, uint32_t deadline_ms) {
    return Call(Require(wire::EncodeRequest(request, deadline_ms)));
  }
  static wire::Reply ReplyOf(const Called& called, const wire::Request& request) {
    return Require(wire::DecodeReply(arrow::Buffer::FromString(called.reply), request));
  }
  /// By a call of a millisecond. As a client does, it calls again while the worker is busy: on a
  /// machine that is busy itself the scan may have been abandoned, and not have stopped yet.
  wire::Reply ShortCall(const wire::Request& request) {
    const uint64_t scan = request.slice.scan;
    const int64_t end_ms = NowMs() + 20'000;
    int64_t begin_ms = NowMs();
    Called called = CallFor(request, 1);
    for (; called.result == -EBUSY && NowMs() < end_ms; called = CallFor(request, 1)) {
      ++busy_;
      const bool left = left_ms_.contains(scan) && NowMs() - left_ms_[scan] >= kAbandonedMs;
      busy_unless_abandoned_ += left ? 0 : 1;
      begin_ms = NowMs();
    }
    EXPECT_EQ(called.result, 0);
    wire::Reply reply = ReplyOf(called, request);
    left_ms_.erase(scan);
    if (reply.outcome.remaining.at_work) left_ms_[scan] = begin_ms;
    return reply;
  }
  /// All of a scan.
  std::vector<std::string> ByShortCalls(wire::Request request) {
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    while (!request.slice.rows.empty()) {
      const wire::Reply reply = ShortCall(request);
      EXPECT_THAT(reply.status, testing::IsOk()) << reply.status;
      const plan::Slice& remaining = reply.outcome.remaining;
      at_work_ += remaining.at_work ? 1 : 0;
      kept_ += remaining.rows_kept > 0 ? 1 : 0;
      batches.insert(batches.end(), reply.batches.begin(), reply.batches.end());
      request.slice.rows = remaining.rows;
      if (!remaining.at_work) bytes_read_ += reply.outcome.cost.bytes_read;
    }
    return testing::RowsOf(batches);
  }
  /// A call that ended before its work did.
  void LeaveAtWork(uint64_t scan) {
    const wire::Request request = AskFor(scan, false);
    while (!ShortCall(request).outcome.remaining.at_work) {
    }
  }

  int busy_ = 0;
  int busy_unless_abandoned_ = 0;        // of busy_, where no scan can have been abandoned yet
  std::map<uint64_t, int64_t> left_ms_;  // by scan, when the call began that left it at work
  int at_work_ = 0;
  int kept_ = 0;
  int64_t bytes_read_ = 0;
};

TEST_F(LongScanTest, ShortCallsCostNoMoreReadingThanALongOne) {
  for (const bool count : {false, true}) {
    const wire::Request request = AskFor(0, count);
    const wire::Reply whole = ReplyOf(CallFor(request, 10'000), request);
    ASSERT_TRUE(whole.outcome.remaining.rows.empty());
    at_work_ = kept_ = 0;
    bytes_read_ = 0;
    EXPECT_EQ(ByShortCalls(AskFor(1, count)), testing::RowsOf(whole.batches));
    EXPECT_GT(at_work_, 0);
    EXPECT_LE(bytes_read_, whole.outcome.cost.bytes_read);
    if (count) {
      EXPECT_GT(kept_, 0);
    } else {
      EXPECT_EQ(testing::RowsOf(whole.batches).size(), static_cast<size_t>(kFound));
    }
  }
  EXPECT_EQ(CallDescribe(&class_)["workers_spawned"], "1");
}

TEST_F(LongScanTest, AWorkerIsBusyWithTheScanThatItWorksOn) {
  const wire::Request other = AskFor(1000, false);
  int busy = 0;
  for (uint64_t scan = 1; busy == 0 && scan < 100; ++scan) {
    LeaveAtWork(scan);
    busy += CallFor(other, 1).result == -EBUSY ? 1 : 0;
    EXPECT_EQ(ByShortCalls(AskFor(scan, false)).size(), static_cast<size_t>(kFound));
  }
  EXPECT_EQ(busy, 1);
  EXPECT_EQ(CallDescribe(&class_)["calls_busy"], std::to_string(busy + busy_));
  EXPECT_EQ(ByShortCalls(other).size(), static_cast<size_t>(kFound));
  EXPECT_EQ(CallDescribe(&class_)["workers_crashed"], "0");
}

class TwoLongScansTest : public LongScanTest {
 protected:
  TwoLongScansTest() : LongScanTest(2) {}
};

TEST_F(TwoLongScansTest, EachHasAWorker) {
  for (uint64_t scan = 1; scan < 20; scan += 2) {
    LeaveAtWork(scan);
    LeaveAtWork(scan + 1);
    EXPECT_EQ(ByShortCalls(AskFor(scan + 1, false)).size(), static_cast<size_t>(kFound));
    EXPECT_EQ(ByShortCalls(AskFor(scan, false)).size(), static_cast<size_t>(kFound));
  }
  auto description = CallDescribe(&class_);
  EXPECT_EQ(description["workers_spawned"], "2");
  EXPECT_EQ(description["calls_busy"], std::to_string(busy_));
  EXPECT_EQ(busy_unless_abandoned_, 0) << "one was given the worker of the other";
}

/// Others ask all the while, which must not keep it alive.
TEST_F(LongScanTest, AScanThatNobodyAsksForIsAbandoned) {
  const wire::Request other = AskFor(1000, false);
  // Between two reads, where it waits for the next call.
  object_.before_read = [] {
    usleep(5'000);
    return 0;
  };
  LeaveAtWork(1);
  object_.before_read = nullptr;
  const int64_t end_ms = NowMs() + 20'000;
  int result = -EBUSY;
  while (result == -EBUSY && NowMs() < end_ms) result = CallFor(other, 1).result;
  EXPECT_EQ(result, 0);
  EXPECT_EQ(ByShortCalls(other).size(), static_cast<size_t>(kFound));
  EXPECT_EQ(ByShortCalls(AskFor(1, false)).size(), static_cast<size_t>(kFound)) << "it begins anew";
  EXPECT_EQ(CallDescribe(&class_)["workers_spawned"], "1");
}

/// All calls of a worker have one stop.
TEST_F(LongScanTest, AnAbandonedScanStopsNoOther) {
  wire::Request kept = AskFor(1, false);
  int64_t found = 0;
  // Leaves a scan in the midst of a row group, of which nothing is at work.
  bool at_work = false;
  while (found == 0 || at_work) {
    const wire::Reply reply = ShortCall(kept);
    for (const auto& batch : reply.batches) found += batch->num_rows();
    kept.slice.rows = reply.outcome.remaining.rows;
    at_work = reply.outcome.remaining.at_work;
  }
  ASSERT_LT(found, kFound);
  object_.before_read = [] {
    usleep(5'000);
    return 0;
  };
  LeaveAtWork(2);
  object_.before_read = nullptr;
  while (!kept.slice.rows.empty()) {
    const wire::Reply reply = ShortCall(kept);
    ASSERT_THAT(reply.status, testing::IsOk());
    for (const auto& batch : reply.batches) found += batch->num_rows();
    kept.slice.rows = reply.outcome.remaining.rows;
  }
  EXPECT_EQ(found, kFound);
}

/// Unlike with a reply that is too large, it would be the same again.
TEST_F(LongScanTest, ACallThatRunsOutOfMemoryIsNotTriedAgain) {
  const int64_t text_bytes = int64_t{48} << 20;
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  Require(numbers.Append(1));
  Require(texts.Append(std::string(static_cast<size_t>(text_bytes), 'a')));
  const auto table =
      arrow::Table::Make(Columns(), {Require(numbers.Finish()), Require(texts.Finish())}, 1);
  object_.bytes = testing::ParquetBytes(*table, {.dictionary = false})->ToString();
  object_.id.clear();
  wire::Request request = AskFor(0, true);
  request.slice.rows = plan::RowRanges::All(1);
  const auto call = [this](const wire::Request& asked) {
    object_.reads = 0;
    return ReplyOf(CallFor(asked, 10'000), asked);
  };
  request.limits.memory_bytes = 4 * text_bytes;
  EXPECT_EQ(call(request).outcome.stopped_by, plan::StoppedBy::kNothing);
  const int reads = object_.reads;
  request.limits.memory_bytes = 1 << 20;
  const wire::Reply refused = call(request);
  EXPECT_EQ(refused.outcome.stopped_by, plan::StoppedBy::kRefused);
  EXPECT_THAT(refused.outcome.reason, ::testing::HasSubstr("where memory for"));
  EXPECT_LE(object_.reads, reads);
}

TEST_F(LongScanTest, NothingIsKeptOfAnObjectThatChanged) {
  wire::Request request = AskFor(1, false);
  int64_t found = 0;
  while (found == 0) {
    const wire::Reply reply = ShortCall(request);
    for (const auto& batch : reply.batches) found += batch->num_rows();
    request.slice.rows = reply.outcome.remaining.rows;
  }
  ASSERT_LT(found, kFound);
  object_.bytes = BytesFrom(kRows);
  ++object_.mtime_ns;
  const auto rest = ByShortCalls(request);
  EXPECT_EQ(rest.size(), static_cast<size_t>(kFound - found));
  EXPECT_EQ(rest.front(), std::to_string(kRows + found * 1000));
}

TEST_F(LongScanTest, AScanOfAnObjectWithoutAnIdIsNotKept) {
  object_.id.clear();
  const wire::Request request = AskFor(1, false);
  const wire::Reply reply = ShortCall(request);
  EXPECT_EQ(reply.outcome.stopped_by, plan::StoppedBy::kDeadline);
  EXPECT_FALSE(reply.outcome.remaining.goes_on());
}

/// The worker program at a socket, as a service of its own.
class ListeningWorkerTest : public ::testing::Test {
 protected:
  ListeningWorkerTest() {
    object_.bytes = testing::ParquetBytes(*testing::TableOf(ColumnX(), "1\n2\n"))->ToString();
    listener_ = Listen();
    while (!IsThere(path_)) usleep(1000);
  }
  ~ListeningWorkerTest() override { Kill(); }

  pid_t Listen() const {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    execl(SKYHOOK_TEST_WORKER, SKYHOOK_TEST_WORKER, "--listen", path_.c_str(), "0", nullptr);
    _exit(127);
  }
  void Kill() {
    for (const pid_t worker : Workers()) kill(worker, SIGKILL);
    kill(listener_, SIGKILL);
    waitpid(listener_, nullptr, 0);
  }
  /// The listener's children.
  std::vector<pid_t> Workers() const {
    std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", listener_));
    return {std::istream_iterator<pid_t>(children), {}};
  }
  Settings OfListener(int deadline_ms) const {
    Settings settings;
    settings.worker = path_;
    settings.deadline_ms = deadline_ms;
    return settings;
  }
  Called Call() { return CallScan(&class_, settings_, &object_, Encoded(10'000)); }

  const testing::TemporaryDirectory directory_;
  const std::string path_ = directory_.File("worker.socket");
  pid_t listener_ = -1;
  FakeObject object_;
  const Settings settings_ = OfListener(10'000);
  ObjectClass class_{settings_, ProgramOf(settings_.worker, settings_.niceness)};
};

TEST_F(ListeningWorkerTest, ServesCallAfterCall) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Call().result, 0);
  EXPECT_EQ(Workers().size(), 1u);
  EXPECT_EQ(CallDescribe(&class_)["workers_spawned"], "1");
  EXPECT_EQ(CallDescribe(&class_)["worker_found"], "yes");
}

TEST_F(ListeningWorkerTest, AWorkerThatEndsIsReplaced) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Call().result, 0);
    // The one before goes too, once the class has noticed.
    while (Workers().size() != 1) usleep(1000);
    const pid_t worker = Workers()[0];
    kill(worker, SIGKILL);
    while (!testing::HasEnded(worker)) usleep(1000);
  }
  EXPECT_EQ(CallDescribe(&class_)["workers_crashed"], "0");
}

TEST_F(ListeningWorkerTest, AWorkerThatIsStoppedIsEndedAtItsDeadline) {
  const Settings hasty = OfListener(2000);
  ObjectClass object_class(hasty, ProgramOf(hasty.worker, hasty.niceness));
  object_.before_read = [this] { return kill(Workers().at(0), SIGSTOP) == 0 ? 0 : -errno; };
  EXPECT_EQ(CallScan(&object_class, hasty, &object_, Encoded(2000)).result, -ETIMEDOUT);
  while (!Workers().empty()) usleep(1000);
}

TEST_F(ListeningWorkerTest, ThatIsGoneAndComesBack) {
  Kill();
  EXPECT_EQ(Call().result, -ENOTCONN);
  listener_ = Listen();
  while (Call().result == -ENOTCONN) usleep(1000);
  EXPECT_EQ(Call().result, 0);
}

TEST_F(ListeningWorkerTest, OneListensAtASocket) {
  EXPECT_EQ(Call().result, 0);
  int status = 0;
  waitpid(Listen(), &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  EXPECT_EQ(Call().result, 0);
}

class UnfitProgramTest : public ::testing::TestWithParam<std::pair<const char*, int>> {};

// Long before its deadline, where the program ends: the test would time out.
TEST_P(UnfitProgramTest, IsAnErrorOfTheCall) {
  const auto& [program, error] = GetParam();
  Settings settings;
  settings.worker = program;
  settings.deadline_ms = error == -ETIMEDOUT ? 1 : 3'600'000;
  ObjectClass object_class(settings, ProgramOf(settings.worker, settings.niceness));
  FakeObject object{.bytes = "1234"};
  const Called called = CallScan(&object_class, settings, &object, Encoded(settings.deadline_ms));
  EXPECT_EQ(called.broken, "");
  EXPECT_EQ(called.result, error);
}

INSTANTIATE_TEST_SUITE_P(Programs, UnfitProgramTest,
                         ::testing::Values(std::pair("/no/such/program", -ENOTCONN),
                                           std::pair("/bin/true", -ENOTCONN),
                                           std::pair("/bin/sleep", -ETIMEDOUT)));

TEST(Registration, TwoMethodsThatRead) {
  const Registered registered = Register();
  EXPECT_EQ(registered.name, "skyhook");
  ASSERT_EQ(registered.methods.size(), 2u);
  for (const auto& [name, method] : registered.methods) {
    EXPECT_EQ(method.flags, CLS_METHOD_RD) << name;
  }
  FakeObject object{.bytes = "1234"};
  ceph::bufferlist in;
  ceph::bufferlist out;
  EXPECT_EQ(registered.methods.at("scan").call(&object, &in, &out), -EINVAL);
  EXPECT_EQ(registered.methods.at("describe").call(&object, &in, &out), 0);
  EXPECT_EQ(out.to_str().rfind("version=" SKYHOOK_VERSION "\nwire=1\n", 0), 0u);
}

}  // namespace
}  // namespace skyhook::cls
