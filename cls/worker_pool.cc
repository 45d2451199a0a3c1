#include "cls/worker_pool.h"

#include <cerrno>
#include <utility>

namespace skyhook::cls {

WorkerPool::Lease::~Lease() {
  if (pool_ == nullptr) return;
  if (!keep_) worker_.reset();
  pool_->Return(std::move(worker_));
}

WorkerPool::WorkerPool(int calls, StartWorker start) : calls_(calls), start_(std::move(start)) {
  idle_.reserve(static_cast<size_t>(calls));
}

int WorkerPool::Take(int64_t deadline_ms, Lease* out) {
  if (running_.fetch_add(1) >= calls_) {
    running_.fetch_sub(1);
    return -EBUSY;
  }
  out->pool_ = this;
  out->worker_ = TakeIdle();
  if (out->worker_ != nullptr) return 0;
  const int error = WorkerProcess::Start(start_, deadline_ms, &out->worker_);
  if (error == 0) started_.fetch_add(1);
  return error;
}

// One that is gone, or that says something which would be taken for its answer, is ended.
std::unique_ptr<WorkerProcess> WorkerPool::TakeIdle() {
  while (true) {
    std::unique_ptr<WorkerProcess> worker;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (idle_.empty()) return nullptr;
      worker = std::move(idle_.back());
      idle_.pop_back();
    }
    if (worker->IsQuiet()) return worker;
  }
}

void WorkerPool::Return(std::unique_ptr<WorkerProcess> worker) {
  if (worker != nullptr) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(worker));
  }
  running_.fetch_sub(1);
}

}  // namespace skyhook::cls
