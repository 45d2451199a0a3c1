#include "cls/worker_pool.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace skyhook::cls {

WorkerPool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->Return(this);
}

WorkerPool::WorkerPool(int calls, StartWorker start) : calls_(calls), start_(std::move(start)) {
  idle_.reserve(static_cast<size_t>(calls));
  lent_.reserve(static_cast<size_t>(calls));
}

int WorkerPool::Take(uint64_t scan, int64_t deadline_ms, Lease* out) {
  if (running_.fetch_add(1) >= calls_) {
    running_.fetch_sub(1);
    return -EBUSY;
  }
  out->pool_ = this;
  if (const int error = TakeIdle(scan, out); error < 0) return error;
  if (out->worker_ == nullptr) {
    const int error = WorkerProcess::Start(start_, deadline_ms, &out->worker_);
    if (error < 0) return error;
    started_.fetch_add(1);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  lent_.push_back(out->worker_.get());
  return 0;
}

// Takes none, but counts it, where one is to be started.
int WorkerPool::TakeIdle(uint64_t scan, Lease* out) {
  const auto knows = [scan](const auto& worker) { return worker->Knows(scan); };
  const auto rests = [](const auto& worker) { return !worker->was_at_work(); };
  while (true) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (std::any_of(lent_.begin(), lent_.end(), knows)) return -EBUSY;
      auto chosen = std::find_if(idle_.begin(), idle_.end(), knows);
      if (chosen == idle_.end()) chosen = std::find_if(idle_.begin(), idle_.end(), rests);
      if (chosen == idle_.end() && workers_ < calls_) {
        ++workers_;
        out->is_counted_ = true;
        return 0;
      }
      // There is one: those of other leases are fewer than calls_.
      if (chosen == idle_.end()) chosen = idle_.begin();
      out->worker_ = std::move(*chosen);
      out->is_counted_ = true;
      idle_.erase(chosen);
    }
    if (out->worker_->IsQuiet()) return 0;
    // It is gone, or says something which would be taken for its answer.
    out->worker_.reset();
    const std::lock_guard<std::mutex> lock(mutex_);
    out->is_counted_ = false;
    --workers_;
  }
}

void WorkerPool::Return(Lease* lease) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase(lent_, lease->worker_.get());
    if (lease->keep_) {
      idle_.push_back(std::move(lease->worker_));
    } else if (lease->is_counted_) {
      --workers_;
    }
  }
  lease->worker_.reset();
  running_.fetch_sub(1);
}

}  // namespace skyhook::cls
