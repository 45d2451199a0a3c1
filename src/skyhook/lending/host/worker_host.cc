#include "skyhook/lending/host/worker_host.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace skyhook::lending {

WorkerHost::WorkerHost(HostOptions options, StartWorker start)
    : options_(std::move(options)),
      pool_(options_.calls, std::move(start)),
      quarantine_(options_.quarantine_ms) {}

int WorkerHost::Run(std::string_view request, const wire::Header& header, const Message& call,
                    int64_t deadline_ms, Caller* caller, std::string* refusal) {
  const Suspect suspect{wire::FindField(request, header, wire::RequestTag::kPipeline),
                        call.object_bytes, call.object_mtime};
  if (const int64_t left_ms = quarantine_.RefusedFor(suspect, NowMs()); left_ms > 0) {
    ++counters_.quarantined;
    *refusal = "this plan ended " + std::to_string(Quarantine::kStrikes) +
               " workers over this object; it is refused for another " +
               std::to_string((left_ms + 999) / 1000) + " s";
    return 0;
  }
  return RunInWorker(request, wire::ScanOf(request, header), call, deadline_ms, suspect, caller,
                     refusal);
}

int WorkerHost::RunInWorker(std::string_view request, uint64_t scan, const Message& call,
                            int64_t deadline_ms, const Suspect& suspect, Caller* caller,
                            std::string* refusal) {
  WorkerPool::Lease lease;
  if (const int error = pool_.Take(scan, deadline_ms, &lease); error < 0) {
    if (error == -EBUSY) ++counters_.busy;
    if (error == -EBUSY || error == -ETIMEDOUT) return error;
    options_.log(error == -EPROTONOSUPPORT
                     ? "it does not speak protocol " + std::to_string(kProtocol)
                     : std::string("it cannot be started: ") + strerror(-error));
    // Not what else it was: -ENOENT would say that there is no such object.
    return -ENOTCONN;
  }
  Call running(call, deadline_ms, options_.reads_ms, caller, lease.worker());
  const int error = running.Run(request);
  if (running.worker_is_idle()) {
    lease.Keep(running.worker_took_it() ? scan : 0, running.worker_is_at_work());
  }
  if (error == -EBUSY) ++counters_.busy;
  if (error < 0 && running.disk_is_slow()) {
    ++counters_.slow_reads;
    *refusal = "reading took longer than " + std::to_string(options_.reads_ms) +
               " ms, the most for a call";
    return 0;
  }
  if (!running.worker_failed()) return error;
  options_.log(std::string("it failed: ") + strerror(-error));
  ++(error == -ETIMEDOUT ? counters_.timed_out : counters_.crashed);
  quarantine_.Strike(suspect, NowMs());
  return error;
}

}  // namespace skyhook::lending
