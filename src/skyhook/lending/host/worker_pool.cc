#include "skyhook/lending/host/worker_pool.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace skyhook::lending {

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
  if (out->worker_ != nullptr) return 0;
  const int error = WorkerProcess::Start(start_, deadline_ms, &out->worker_);
  if (error < 0) return error;
  started_.fetch_add(1);
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Lent& lent : lent_) {
    if (lent.lease == out) lent.worker = out->worker_.get();
  }
  return 0;
}

bool WorkerPool::IsServed(uint64_t scan) const {
  return scan != 0 && std::any_of(lent_.begin(), lent_.end(), [scan](const Lent& lent) {
           return lent.scan == scan || (lent.worker != nullptr && lent.worker->Knows(scan));
         });
}

void WorkerPool::Lend(Lease* lease, uint64_t scan) {
  lease->is_counted_ = true;
  lent_.push_back({lease, lease->worker_.get(), scan});
}

// Takes none, but counts it, where one is to be started.
int WorkerPool::TakeIdle(uint64_t scan, Lease* out) {
  const auto knows = [scan](const auto& worker) { return worker->Knows(scan); };
  const auto rests = [](const auto& worker) { return !worker->was_at_work(); };
  while (true) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (IsServed(scan)) return -EBUSY;
      auto chosen = std::find_if(idle_.begin(), idle_.end(), knows);
      if (chosen == idle_.end()) chosen = std::find_if(idle_.begin(), idle_.end(), rests);
      if (chosen == idle_.end() && workers_ < calls_) {
        ++workers_;
        Lend(out, scan);
        return 0;
      }
      // There is one: those of other leases are fewer than calls_.
      if (chosen == idle_.end()) chosen = idle_.begin();
      out->worker_ = std::move(*chosen);
      idle_.erase(chosen);
      Lend(out, scan);
    }
    if (out->worker_->IsQuiet()) return 0;
    // It is gone, or says something which would be taken for its answer.
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      std::erase_if(lent_, [out](const Lent& lent) { return lent.lease == out; });
      out->is_counted_ = false;
      --workers_;
    }
    out->worker_.reset();
  }
}

void WorkerPool::Return(Lease* lease) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase_if(lent_, [lease](const Lent& lent) { return lent.lease == lease; });
    if (lease->keep_) {
      lease->worker_->Remember(lease->goes_on_with_);
      lease->worker_->set_was_at_work(lease->is_at_work_);
      idle_.push_back(std::move(lease->worker_));
    } else if (lease->is_counted_) {
      --workers_;
    }
  }
  lease->worker_.reset();
  running_.fetch_sub(1);
}

}  // namespace skyhook::lending
