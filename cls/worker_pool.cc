#include "cls/worker_pool.h"

#include <cerrno>
#include <utility>

namespace skyhook::cls {

int WorkerPool::Take(int64_t deadline_ms, std::unique_ptr<WorkerProcess>* out) {
  if (running_.fetch_add(1) >= settings_.calls) {
    running_.fetch_sub(1);
    return -EBUSY;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      *out = std::move(idle_.back());
      idle_.pop_back();
      return 0;
    }
  }
  const int error = WorkerProcess::Spawn(settings_, deadline_ms, out);
  if (error < 0) {
    running_.fetch_sub(1);
    return error;
  }
  spawned_.fetch_add(1);
  return 0;
}

void WorkerPool::Return(std::unique_ptr<WorkerProcess> worker) {
  if (worker != nullptr) {
    const std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(worker));
  }
  running_.fetch_sub(1);
}

}  // namespace skyhook::cls
