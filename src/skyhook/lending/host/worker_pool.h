// The workers of one process: a few, each for one call at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "skyhook/lending/host/worker_process.h"

namespace skyhook::lending {

/// Thread-safe. Outlives its leases.
class WorkerPool {
 public:
  /// A place among the calls that run, and a worker. Both go with it, in whatever way the call
  /// ends.
  class Lease {
   public:
    Lease() = default;
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    WorkerProcess* worker() const { return worker_.get(); }
    /// The worker waits for its next call: it may serve another. It may go on with `scan` (0: with
    /// none), and `at_work` says whether it does so by itself.
    void Keep(uint64_t scan, bool at_work) {
      keep_ = true;
      goes_on_with_ = scan;
      is_at_work_ = at_work;
    }

   private:
    friend class WorkerPool;

    WorkerPool* pool_ = nullptr;
    std::unique_ptr<WorkerProcess> worker_;
    bool is_counted_ = false;  // the worker that it has, or is to have
    bool keep_ = false;
    uint64_t goes_on_with_ = 0;
    bool is_at_work_ = false;
  };

  WorkerPool(int calls, StartWorker start);

  /// For a call of `scan` (0: of none), the worker that served its last one if there is one.
  /// -EBUSY when as many calls run as may, that worker serves another, or another call of the scan
  /// has a worker or is about to; else as WorkerProcess::Start.
  int Take(uint64_t scan, int64_t deadline_ms, Lease* out);

  int64_t started() const { return started_.load(); }

 private:
  int TakeIdle(uint64_t scan, Lease* out);
  void Return(Lease* lease);
  // With the lock held.
  bool IsServed(uint64_t scan) const;
  void Lend(Lease* lease, uint64_t scan);

  const int calls_;
  const StartWorker start_;
  std::atomic<int> running_ = 0;
  std::atomic<int64_t> started_ = 0;
  std::mutex mutex_;
  int workers_ = 0;  // idle, or of a lease; at most calls_
  std::vector<std::unique_ptr<WorkerProcess>> idle_;
  // What a lease has, from the moment on at which it is no longer idle.
  struct Lent {
    const Lease* lease = nullptr;
    const WorkerProcess* worker = nullptr;  // null: one is about to be started
    uint64_t scan = 0;
  };
  std::vector<Lent> lent_;
};

}  // namespace skyhook::lending
