#include "skyhook/sql/result_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace skyhook::sql {
namespace {

constexpr int64_t kCapacity = 1000;

/// A task that DuckDB has put aside.
struct Task : public duckdb::InterruptDoneSignalState {
  bool called_back() {
    const std::lock_guard<duckdb::mutex> guard(lock);
    return done;
  }
};

class ResultQueueTest : public ::testing::Test {
 protected:
  duckdb::shared_ptr<Task> NewTask() { return duckdb::make_shared_ptr<Task>(); }

  bool Admit(int64_t batch, const duckdb::shared_ptr<Task>& task) {
    duckdb::weak_ptr<duckdb::InterruptDoneSignalState> signal(
        duckdb::shared_ptr<duckdb::InterruptDoneSignalState>{task});
    return queue_.Admit(static_cast<duckdb::idx_t>(batch), duckdb::InterruptState(signal));
  }

  // A chunk that is told from others by its bytes.
  void Put(int64_t batch, int64_t bytes) {
    queue_.Put(static_cast<duckdb::idx_t>(batch),
               {duckdb::make_uniq<duckdb::DataChunk>(), {bytes}, bytes});
  }

  // The bytes of the next chunk; -1: there is none to read now.
  int64_t Take() {
    const auto chunk = queue_.Take();
    return chunk.has_value() ? chunk->row_bytes.at(0) : -1;
  }

  ResultQueue queue_{kCapacity};
};

TEST_F(ResultQueueTest, GivesBatchesInTheirOrder) {
  Put(2, 20);
  Put(1, 10);
  Put(0, 1);
  Put(2, 21);
  EXPECT_EQ(Take(), 1);
  EXPECT_EQ(Take(), -1);
  Put(0, 2);
  queue_.AdvanceTo(1);
  EXPECT_EQ(Take(), 2);
  EXPECT_EQ(Take(), 10);
  EXPECT_EQ(Take(), -1);
  queue_.Finish();
  EXPECT_EQ(Take(), 20);
  EXPECT_EQ(Take(), 21);
  EXPECT_EQ(Take(), -1);
}

TEST_F(ResultQueueTest, BlocksWritersUntilWhatWaitsIsRead) {
  const auto task = NewTask();
  Put(0, kCapacity / 2);
  EXPECT_FALSE(Admit(0, task));
  queue_.Unblock();
  EXPECT_FALSE(task->called_back());
  EXPECT_EQ(Take(), kCapacity / 2);
  queue_.Unblock();
  EXPECT_TRUE(task->called_back());
  EXPECT_TRUE(Admit(0, NewTask()));
}

// Else the batch that is read next could not come in, and no other could go out.
TEST_F(ResultQueueTest, LaterBatchesLeaveRoomForTheNextOne) {
  const auto later = NewTask();
  Put(3, kCapacity);
  EXPECT_FALSE(Admit(4, later));
  EXPECT_TRUE(Admit(0, NewTask()));
  queue_.AdvanceTo(3);
  queue_.Unblock();
  EXPECT_TRUE(later->called_back());
  EXPECT_FALSE(Admit(3, NewTask()));
}

TEST_F(ResultQueueTest, BlockedWriterGoesOnWhenItsBatchIsNext) {
  const auto task = NewTask();
  Put(2, kCapacity);
  EXPECT_FALSE(Admit(1, task));
  queue_.AdvanceTo(1);
  queue_.Unblock();
  EXPECT_TRUE(task->called_back());
}

TEST_F(ResultQueueTest, CloseDropsWhatWaitsAndBlocksNobody) {
  const auto task = NewTask();
  Put(0, kCapacity);
  EXPECT_FALSE(Admit(0, task));
  queue_.Close();
  EXPECT_TRUE(task->called_back());
  EXPECT_TRUE(queue_.closed());
  EXPECT_EQ(Take(), -1);
  Put(0, kCapacity);
  EXPECT_TRUE(Admit(0, NewTask()));
  EXPECT_EQ(Take(), -1);
}

TEST_F(ResultQueueTest, WakesWhoWaitsForAChunk) {
  std::thread writer([this] {
    Put(1, 5);
    queue_.AdvanceTo(1);
  });
  queue_.WaitForChunk(std::chrono::minutes(1));
  EXPECT_EQ(Take(), 5);
  writer.join();
}

}  // namespace
}  // namespace skyhook::sql
