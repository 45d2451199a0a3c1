// The workers of this OSD: a few, each for one call at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "cls/worker_process.h"

namespace skyhook::cls {

/// Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(const Settings& settings) : settings_(settings) {}

  /// A worker for one call, which is given back by Return unless something went wrong with it.
  /// -EBUSY when as many calls run as may; else as WorkerProcess::Spawn.
  int Take(int64_t deadline_ms, std::unique_ptr<WorkerProcess>* out);
  /// Ends the call of a worker; null says that the worker is not to be used again.
  void Return(std::unique_ptr<WorkerProcess> worker);

  int64_t spawned() const { return spawned_.load(); }
  int running() const { return running_.load(); }

 private:
  const Settings& settings_;
  std::atomic<int> running_ = 0;
  std::atomic<int64_t> spawned_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<WorkerProcess>> idle_;
};

}  // namespace skyhook::cls
