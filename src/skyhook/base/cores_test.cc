// No more threads have a core than there are, those that wait get one in turn, and none hangs.
#include "skyhook/base/cores.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace skyhook::base {
namespace {

using std::chrono::milliseconds;

const arrow::StopToken kGoOn = arrow::StopToken::Unstoppable();

TEST(CoresTest, NoMoreThreadsComputeThanThereAreCores) {
  constexpr int kCores = 2;
  const auto cores = std::make_shared<Cores>(kCores);
  std::atomic<int> computing = 0;
  std::atomic<int> most = 0;
  std::atomic<int> waited = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      Core core(cores, kGoOn);
      for (int step = 0; step < 50; ++step) {
        core.Acquire();
        const int now = ++computing;
        for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
        }
        std::this_thread::yield();
        --computing;
        const WithoutCore idle(&core);
        ++waited;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(waited, 6 * 50);
  EXPECT_GE(most, 1);
  EXPECT_LE(most, kCores);
}

TEST(CoresTest, WhoYieldsComesBehindThoseThatWait) {
  const auto cores = std::make_shared<Cores>(1);
  Core one(cores, kGoOn);
  one.Acquire();
  std::atomic<bool> has_one = false;
  std::thread other([&] {
    Core core(cores, kGoOn);
    core.Acquire();
    has_one = true;
  });
  // The other thread may not wait yet.
  while (!has_one) one.Yield();
  other.join();
  EXPECT_TRUE(one.Release()) << "it came back";
  EXPECT_FALSE(one.Release());
}

TEST(CoresTest, WhoWaitsDoesWithoutACoreAndOnlyWithOneGetsItBack) {
  const auto cores = std::make_shared<Cores>(1);
  Core one(cores, kGoOn);
  Core other(cores, kGoOn);
  one.Acquire();
  {
    const WithoutCore idle(&one);
    other.Acquire();
    EXPECT_TRUE(other.Release());
  }
  EXPECT_TRUE(one.Release());
  { const WithoutCore idle(&one); }
  EXPECT_FALSE(one.Release()) << "it had none";
  { const WithoutCore nobody(nullptr); }
}

TEST(CoresTest, WhatIsBorrowedIsNoneOfTheCores) {
  const auto cores = std::make_shared<Cores>(1);
  Core one(cores, kGoOn);
  Core other(cores, kGoOn);
  one.Borrow();
  other.Acquire();
  EXPECT_TRUE(one.Release());
  EXPECT_TRUE(other.Release());
  one.Borrow();
  one.Yield();
  EXPECT_TRUE(one.Release()) << "now it is";
  other.Acquire();
}

TEST(CoresTest, OneMoreIsForWhoeverWaits) {
  const auto cores = std::make_shared<Cores>(0);
  std::thread other([&] {
    Core core(cores, kGoOn);
    core.Acquire();
  });
  cores->AddOne();
  other.join();
  Core one(cores, kGoOn);
  one.Acquire();
}

TEST(CoresTest, AStopEndsTheWaitWithoutACore) {
  const auto cores = std::make_shared<Cores>(1);
  Core one(cores, kGoOn);
  one.Acquire();
  arrow::StopSource stop;
  std::thread other([&] {
    Core core(cores, stop.token());
    core.Acquire();
    EXPECT_FALSE(core.Release());
  });
  stop.RequestStop();
  other.join();
  // Nothing is left of the one that waited.
  EXPECT_TRUE(one.Release());
  one.Acquire();
  EXPECT_TRUE(one.Release());
}

}  // namespace
}  // namespace skyhook::base
