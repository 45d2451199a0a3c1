// What is made ahead is what would have been made, within its bounds, and ends when nobody wants
// it.
#include "skyhook/client/answer_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::client {
namespace {

using arrow::Result;
using arrow::StatusCode;
using testing::FailsWith;
using testing::Require;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

constexpr int64_t kRows = 1000;
constexpr int64_t kBatchBytes = kRows * 8;
const auto kLong = std::chrono::seconds(20);

/// Numbers, `batches` batches of them; then ends as `ending` says.
class CountingAnswer : public site::Answer {
 public:
  CountingAnswer(int batches, arrow::Status ending, std::atomic<int>* made)
      : batches_(batches), ending_(std::move(ending)), made_(made) {}

  Result<BatchPtr> Next() override {
    if (*made_ == batches_) {
      ARROW_RETURN_NOT_OK(ending_);
      outcome_.cost.rows_in = -1;
      return nullptr;
    }
    arrow::Int64Builder builder;
    for (int64_t row = 0; row < kRows; ++row) {
      ARROW_RETURN_NOT_OK(builder.Append(*made_ * kRows + row));
    }
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    outcome_.cost.rows_in = ++*made_;
    return arrow::RecordBatch::Make(arrow::schema({arrow::field("n", arrow::int64())}), kRows,
                                    {std::move(array)});
  }
  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  const int batches_;
  const arrow::Status ending_;
  std::atomic<int>* const made_;
  plan::Outcome outcome_;
};

class AnswerAheadTest : public ::testing::Test {
 protected:
  std::unique_ptr<AnswerAhead> Make(AnswerAhead::Begin begin, int64_t held_bytes) {
    return std::make_unique<AnswerAhead>(std::move(begin), cores_, held_bytes, stop_.token(),
                                         &core_);
  }
  std::unique_ptr<AnswerAhead> Count(int batches, arrow::Status ending = arrow::Status::OK(),
                                     int64_t held_bytes = 3 * kBatchBytes) {
    return Make(
        [=, this](arrow::StopToken, base::Core*) -> Result<std::unique_ptr<site::Answer>> {
          return std::make_unique<CountingAnswer>(batches, ending, &made_);
        },
        held_bytes);
  }

  // Until `made_` is `least` at least, and no longer grows.
  void Settle(int least) {
    const auto until = std::chrono::steady_clock::now() + kLong;
    while (made_ < least && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    for (int before = -1; before != made_;) {
      before = made_;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  std::shared_ptr<base::Cores> cores_ = std::make_shared<base::Cores>(2);
  arrow::StopSource stop_;
  base::Core core_{cores_, stop_.token()};
  std::atomic<int> made_ = 0;
};

TEST_F(AnswerAheadTest, BatchesComeInTheirOrderEachWithItsOutcome) {
  core_.Acquire();
  const auto answer = Count(10);
  for (int i = 0; i < 10; ++i) {
    const BatchPtr batch = Require(answer->Next());
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0), i * kRows);
    EXPECT_EQ(answer->outcome().cost.rows_in, i + 1);
  }
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().cost.rows_in, -1);
  EXPECT_EQ(Require(answer->Next()), nullptr);
}

TEST_F(AnswerAheadTest, OneCoreIsEnough) {
  cores_ = std::make_shared<base::Cores>(1);
  base::Core core(cores_, stop_.token());
  core.Acquire();
  AnswerAhead answer(
      [&](arrow::StopToken, base::Core*) -> Result<std::unique_ptr<site::Answer>> {
        return std::make_unique<CountingAnswer>(5, arrow::Status::OK(), &made_);
      },
      cores_, kBatchBytes, stop_.token(), &core);
  int batches = 0;
  while (Require(answer.Next()) != nullptr) ++batches;
  EXPECT_EQ(batches, 5);
  EXPECT_TRUE(core.Release()) << "whoever pulled has it back";
}

TEST_F(AnswerAheadTest, NoMoreIsMadeThanMayWait) {
  const auto answer = Count(100);
  Settle(3);
  EXPECT_GE(made_, 3) << "nobody has asked";
  EXPECT_LE(made_, 4) << "three wait, and one is in hand";
  ASSERT_NE(Require(answer->Next()), nullptr);
  Settle(4);
  EXPECT_LE(made_, 5);
}

TEST_F(AnswerAheadTest, ABatchThatIsLargerThanWhatMayWaitComesAlone) {
  const auto answer = Count(5, arrow::Status::OK(), /*held_bytes=*/1);
  Settle(1);
  EXPECT_LE(made_, 2);
  int batches = 0;
  while (Require(answer->Next()) != nullptr) ++batches;
  EXPECT_EQ(batches, 5);
}

TEST_F(AnswerAheadTest, AnErrorComesBehindTheRowsBeforeIt) {
  const auto answer = Count(2, arrow::Status::IOError("the disk is gone"));
  ASSERT_NE(Require(answer->Next()), nullptr);
  ASSERT_NE(Require(answer->Next()), nullptr);
  EXPECT_THAT(answer->Next(), FailsWith(StatusCode::IOError, "the disk is gone"));
  EXPECT_THAT(answer->Next(), FailsWith(StatusCode::IOError, "the disk is gone"));
}

TEST_F(AnswerAheadTest, WhatWasDoneIsInTheAccountAlsoIfNobodyTookIt) {
  auto answer = Count(3, arrow::Status::IOError("the disk is gone"), 100 * kBatchBytes);
  Settle(3);
  EXPECT_EQ(answer->outcome().cost.rows_in, 0);
  answer->Stop();
  EXPECT_EQ(answer->outcome().cost.rows_in, 3);
  made_ = 0;
  answer = Count(0, arrow::Status::IOError("the disk is gone"));
  EXPECT_FALSE(answer->Next().ok());
}

TEST_F(AnswerAheadTest, WithoutAThreadBatchesAreMadeWhenTheyAreAskedFor) {
  // A thread whose stack is larger than the address space cannot be made.
  pthread_attr_t before;
  pthread_attr_t vast;
  ASSERT_EQ(pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(pthread_getattr_default_np(&vast), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&vast, size_t{1} << 47), 0);
  ASSERT_EQ(pthread_setattr_default_np(&vast), 0);
  const auto answer = Count(3);
  ASSERT_EQ(pthread_setattr_default_np(&before), 0);
  Settle(0);
  EXPECT_EQ(made_, 0);
  for (int i = 1; i <= 3; ++i) {
    ASSERT_NE(Require(answer->Next()), nullptr);
    EXPECT_EQ(made_, i);
    EXPECT_EQ(answer->outcome().cost.rows_in, i);
  }
  EXPECT_EQ(Require(answer->Next()), nullptr);
}

TEST_F(AnswerAheadTest, WhatIsThrownIsAnError) {
  const auto answer =
      Make([](arrow::StopToken,
              base::Core*) -> Result<std::unique_ptr<site::Answer>> { throw std::bad_alloc(); },
           kBatchBytes);
  EXPECT_THAT(answer->Next(), FailsWith(StatusCode::OutOfMemory, ""));
}

/// Never answers, but ends once its thread is told to.
AnswerAhead::Begin Hang(std::atomic<bool>* begun) {
  return [begun](arrow::StopToken stop, base::Core* core) -> Result<std::unique_ptr<site::Answer>> {
    *begun = true;
    const base::WithoutCore idle(core);
    while (!stop.IsStopRequested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return stop.Poll();
  };
}

TEST_F(AnswerAheadTest, AStopEndsTheWaitForIt) {
  std::atomic<bool> begun = false;
  const auto answer = Make(Hang(&begun), kBatchBytes);
  while (!begun) std::this_thread::yield();
  stop_.RequestStop(arrow::Status::Cancelled("by the user"));
  EXPECT_THAT(answer->Next(), FailsWith(StatusCode::Cancelled, "by the user"));
}

TEST_F(AnswerAheadTest, ItEndsWithoutBeingWanted) {
  std::atomic<bool> begun = false;
  const auto begin = std::chrono::steady_clock::now();
  {
    const auto hanging = Make(Hang(&begun), kBatchBytes);
    const auto full = Count(100);
    Settle(3);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kLong);
  EXPECT_LE(made_, 4);
}

}  // namespace
}  // namespace skyhook::client
