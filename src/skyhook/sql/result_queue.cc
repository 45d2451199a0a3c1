#include "skyhook/sql/result_queue.h"

#include <limits>
#include <utility>

namespace skyhook::sql {

using duckdb::idx_t;

// Chunks that are read later may fill one half only: the batch that is read next has to come in.
bool ResultQueue::HasRoom(idx_t batch) const {
  return closed_ || (IsNext(batch) ? next_bytes_ : later_bytes_) < capacity_bytes_ / 2;
}

bool ResultQueue::Admit(idx_t batch, const duckdb::InterruptState& task) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (HasRoom(batch)) return true;
  blocked_.emplace(batch, task);
  return false;
}

void ResultQueue::Put(idx_t batch, ResultChunk chunk) {
  const int64_t bytes = chunk.bytes;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return;
  auto& to = batches_[batch];
  to.chunks.push_back(std::move(chunk));
  to.bytes += bytes;
  (IsNext(batch) ? next_bytes_ : later_bytes_) += bytes;
  if (IsNext(batch)) ready_.notify_one();
}

void ResultQueue::AdvanceTo(idx_t batch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  MoveOn(batch);
}

void ResultQueue::Finish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  MoveOn(std::numeric_limits<idx_t>::max());
}

void ResultQueue::MoveOn(idx_t batch) {
  if (IsNext(batch)) return;
  auto moved = batches_.upper_bound(next_batch_);
  for (; moved != batches_.end() && moved->first <= batch; ++moved) {
    later_bytes_ -= moved->second.bytes;
    next_bytes_ += moved->second.bytes;
  }
  next_batch_ = batch;
  ready_.notify_one();
}

void ResultQueue::Close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    batches_.clear();
    next_bytes_ = later_bytes_ = 0;
  }
  Unblock();
}

bool ResultQueue::closed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return closed_;
}

std::optional<ResultChunk> ResultQueue::Take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!HasChunk()) return std::nullopt;
  const auto first = batches_.begin();
  auto& [chunks, bytes] = first->second;
  ResultChunk chunk = std::move(chunks.front());
  chunks.pop_front();
  bytes -= chunk.bytes;
  next_bytes_ -= chunk.bytes;
  if (chunks.empty()) batches_.erase(first);
  return chunk;
}

// The tasks are called back without the lock: each may have to wait until its thread has put it
// aside.
void ResultQueue::Unblock() {
  std::vector<duckdb::InterruptState> tasks;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto it = blocked_.begin(); it != blocked_.end();) {
      if (!HasRoom(it->first)) {
        ++it;
        continue;
      }
      tasks.push_back(it->second);
      it = blocked_.erase(it);
    }
  }
  for (const auto& task : tasks) task.Callback();
}

void ResultQueue::WaitForChunk(std::chrono::microseconds time) {
  std::unique_lock<std::mutex> lock(mutex_);
  ready_.wait_for(lock, time, [this] { return HasChunk(); });
}

}  // namespace skyhook::sql
