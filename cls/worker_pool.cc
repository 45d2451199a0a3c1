#include "cls/worker_pool.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace skyhook::cls {

WorkerPool::Lease::~Lease() {
  if (pool_ != nullptr) pool_->Return(std::move(worker_), keep_);
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
  std::unique_ptr<WorkerProcess> worker;
  if (const int error = TakeIdle(scan, &worker); error < 0) return error;
  if (worker == nullptr) {
    if (const int error = WorkerProcess::Start(start_, deadline_ms, &worker); error < 0) {
      return error;
    }
    started_.fetch_add(1);
  }
  Lend(std::move(worker), scan, out);
  return 0;
}

// One that is gone, or that says something which would be taken for its answer, is ended.
int WorkerPool::TakeIdle(uint64_t scan, std::unique_ptr<WorkerProcess>* out) {
  const auto knows = [scan](const auto& worker) { return worker->Knows(scan); };
  while (true) {
    std::unique_ptr<WorkerProcess> worker;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (std::any_of(lent_.begin(), lent_.end(), knows)) return -EBUSY;
      if (idle_.empty()) return 0;
      auto chosen = std::find_if(idle_.begin(), idle_.end(), knows);
      if (chosen == idle_.end()) --chosen;
      worker = std::move(*chosen);
      idle_.erase(chosen);
    }
    if (worker->IsQuiet()) {
      *out = std::move(worker);
      return 0;
    }
  }
}

void WorkerPool::Lend(std::unique_ptr<WorkerProcess> worker, uint64_t scan, Lease* out) {
  const std::lock_guard<std::mutex> lock(mutex_);
  worker->Remember(scan);
  lent_.push_back(worker.get());
  out->worker_ = std::move(worker);
}

void WorkerPool::Return(std::unique_ptr<WorkerProcess> worker, bool keep) {
  if (worker != nullptr) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::erase(lent_, worker.get());
    if (keep) idle_.push_back(std::move(worker));
  }
  worker.reset();
  running_.fetch_sub(1);
}

}  // namespace skyhook::cls
