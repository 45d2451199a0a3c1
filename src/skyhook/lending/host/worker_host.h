// Runs calls in workers, and keeps account of how they end.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "skyhook/lending/host/call.h"
#include "skyhook/lending/host/quarantine.h"
#include "skyhook/lending/host/worker_pool.h"
#include "skyhook/lending/message.h"
#include "skyhook/wire/header.h"

namespace skyhook::lending {

struct HostOptions {
  /// Calls at a time, each in a worker of its own. More are -EBUSY.
  int calls = 2;
  /// What the reads of a call may take together, which its deadline does not count: a disk may be
  /// slow.
  int64_t reads_ms = 2000;
  /// How long a plan that ended a worker twice is refused.
  int64_t quarantine_ms = 300'000;
  /// Is told what a worker failed with. Not null.
  std::function<void(const std::string&)> log;
};

/// What a host has done since it began.
struct HostCounters {
  std::atomic<int64_t> busy = 0;
  std::atomic<int64_t> quarantined = 0;
  std::atomic<int64_t> crashed = 0;
  std::atomic<int64_t> timed_out = 0;
  std::atomic<int64_t> slow_reads = 0;
};

/// Thread-safe.
class WorkerHost {
 public:
  WorkerHost(HostOptions options, StartWorker start);

  /// Runs the call of a request (wire/request.h) whose frame holds, of at most kWindowBytes: it
  /// ends by `deadline_ms` (one of NowMs()) and what reads of the object take. 0: the caller has a
  /// reply, or, where `refusal` is not empty, nothing that counts. Else a negative error number:
  /// -EBUSY when as many calls run as may, -ETIMEDOUT when the worker took longer, -ENOTCONN when
  /// there is none, others of the worker or of the object.
  int Run(std::string_view request, const wire::Header& header, const Message& call,
          int64_t deadline_ms, Caller* caller, std::string* refusal);

  const HostCounters& counters() const { return counters_; }
  int64_t workers_started() const { return pool_.started(); }

 private:
  int RunInWorker(std::string_view request, uint64_t scan, const Message& call, int64_t deadline_ms,
                  const Suspect& suspect, Caller* caller, std::string* refusal);

  const HostOptions options_;
  WorkerPool pool_;
  Quarantine quarantine_;
  HostCounters counters_;
};

}  // namespace skyhook::lending
