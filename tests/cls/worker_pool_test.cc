#include "skyhook/lending/host/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "tests/cls/worker_end.h"

namespace skyhook::lending {
namespace {

constexpr uint64_t kScan = 7;

int64_t Soon() { return NowMs() + 60'000; }

/// Two calls at a time, and one worker: to start another is an error.
class WorkerPoolTest : public ::testing::Test {
 protected:
  int Start(int socket, int window, WorkerHold* hold) {
    if (starts_++ > 0) return -EIO;
    if (on_start_) on_start_();
    return threads_.starter()(socket, window, hold);
  }

  std::atomic<int> starts_ = 0;
  std::function<void()> on_start_;
  WorkerThreads threads_{[](WorkerEnd* end) {
    end->Say(Kind::kReady);
    end->Hang();
  }};
  WorkerPool pool_{
      2, [this](int socket, int window, WorkerHold* hold) { return Start(socket, window, hold); }};
};

TEST_F(WorkerPoolTest, AScanIsBusyWhileItsWorkerIsBeingStarted) {
  int meanwhile = 0;
  on_start_ = [&] {
    WorkerPool::Lease other;
    meanwhile = pool_.Take(kScan, Soon(), &other);
  };
  WorkerPool::Lease lease;
  EXPECT_EQ(pool_.Take(kScan, Soon(), &lease), 0);
  EXPECT_EQ(meanwhile, -EBUSY);
}

TEST_F(WorkerPoolTest, AScanIsBusyWhileItsFirstCallRuns) {
  WorkerPool::Lease lease;
  EXPECT_EQ(pool_.Take(kScan, Soon(), &lease), 0);
  WorkerPool::Lease other;
  EXPECT_EQ(pool_.Take(kScan, Soon(), &other), -EBUSY);
}

/// There is no moment at which the worker is neither idle nor lent.
TEST_F(WorkerPoolTest, CallsOfAScanMeetItsWorkerOrAreBusy) {
  constexpr int kThreads = 2;
  constexpr int kRounds = 20'000;
  {
    WorkerPool::Lease first;
    ASSERT_EQ(pool_.Take(kScan, Soon(), &first), 0);
    first.Keep(kScan, false);
  }
  std::atomic<int> served = 0;
  std::atomic<int> other_errors = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        WorkerPool::Lease lease;
        const int error = pool_.Take(kScan, Soon(), &lease);
        if (error == 0) lease.Keep(kScan, false);
        served += error == 0 ? 1 : 0;
        other_errors += error == 0 || error == -EBUSY ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(served, 0);
  EXPECT_EQ(other_errors, 0);
  EXPECT_EQ(starts_, 1);
}

}  // namespace
}  // namespace skyhook::lending
