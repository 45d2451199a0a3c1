#include "cls/object_class.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <limits>
#include <new>
#include <string>
#include <utility>

#include "cls/call.h"
#include "cls/identity.h"
#include "cls/worker_program.h"

namespace skyhook::cls {

using lending::Message;

namespace {

// The OSD dies of an exception: each becomes an error number here.
template <typename Method>
int Guarded(ceph::bufferlist* out, Method method) {
  int result = -EIO;
  try {
    result = method();
  } catch (const std::bad_alloc&) {
    result = -ENOMEM;
  } catch (const std::exception& error) {
    cls_log(0, "skyhook: %s", error.what());
  }
  if (result < 0) out->clear();
  return result;
}

// A reply that says why nothing was done.
int Refuse(std::string_view reason, ceph::bufferlist* out) {
  wire::Header header;
  header.magic = wire::kReplyMagic;
  const wire::FieldHeader field{static_cast<uint16_t>(wire::ReplyTag::kRefusal), wire::kRequired,
                                static_cast<uint32_t>(reason.size())};
  std::string fields(reinterpret_cast<const char*>(&field), sizeof(field));
  fields.append(reason);
  fields.resize(sizeof(field) + wire::Padded(reason.size()), '\0');
  header.field_bytes = fields.size();
  header.checksum = wire::kNoChecksum;
  out->append(reinterpret_cast<const char*>(&header), sizeof(header));
  out->append(fields);
  return 0;
}

}  // namespace

ObjectClass::ObjectClass(const Settings& settings, StartWorker start)
    : settings_(settings),
      pool_(settings.calls, std::move(start)),
      quarantine_(int64_t{settings.quarantine_s} * 1000) {}

int ObjectClass::Scan(cls_method_context_t context, ceph::bufferlist* in,
                      ceph::bufferlist* out) noexcept {
  ++counters_.calls;
  return Guarded(out, [&] { return RunScan(context, in, out); });
}

int ObjectClass::Describe(ceph::bufferlist* out) noexcept {
  return Guarded(out, [&] { return WriteDescription(out); });
}

int ObjectClass::RunScan(cls_method_context_t context, ceph::bufferlist* in,
                         ceph::bufferlist* out) {
  if (in->length() > lending::kWindowBytes) return -E2BIG;
  const std::string_view request(in->c_str(), in->length());
  wire::Header header;
  if (!wire::ReadHeader(request, wire::kRequestMagic, &header)) return -EINVAL;
  Message call;
  if (const int error = MakeCall(context, header, request.size(), &call); error < 0) return error;
  if (call.object_bytes > static_cast<uint64_t>(std::numeric_limits<int>::max())) {
    return Refuse("classes read the first 2 GiB of an object only; this one is larger", out);
  }
  const int64_t now_ms = NowMs();
  const Suspect suspect{wire::FindField(request, header, wire::RequestTag::kPipeline),
                        call.object_bytes, call.object_mtime};
  if (const int64_t left_ms = quarantine_.RefusedFor(suspect, now_ms); left_ms > 0) {
    ++counters_.quarantined;
    return Refuse("this plan ended " + std::to_string(Quarantine::kStrikes) +
                      " workers over this object; it is refused for another " +
                      std::to_string((left_ms + 999) / 1000) + " s",
                  out);
  }
  const int64_t deadline_ms = now_ms + call.deadline_ms + GraceMs(settings_);
  return RunInWorker(context, request, wire::ScanOf(request, header), call, deadline_ms, suspect,
                     out);
}

int ObjectClass::MakeCall(cls_method_context_t context, const wire::Header& header,
                          uint64_t request_bytes, Message* call) const {
  call->kind = lending::Kind::kCall;
  call->bytes = request_bytes;
  if (const int error = Identify(context, call); error < 0) return error;
  call->deadline_ms = std::min<uint32_t>(header.deadline_ms, settings_.deadline_ms);
  call->reply_bytes = std::clamp<uint64_t>(header.reply_bytes, lending::kLeastReplyBytes,
                                           static_cast<uint64_t>(settings_.reply_bytes));
  return 0;
}

// Runs the call in a worker, and keeps account of how that ended.
int ObjectClass::RunInWorker(cls_method_context_t context, std::string_view request, uint64_t scan,
                             const Message& call, int64_t deadline_ms, const Suspect& suspect,
                             ceph::bufferlist* out) {
  WorkerPool::Lease lease;
  if (const int error = pool_.Take(scan, deadline_ms, &lease); error < 0) {
    if (error == -EBUSY) ++counters_.busy;
    // Not what else it was: -ENOENT would say that there is no such object.
    return error == -EBUSY || error == -ETIMEDOUT ? error : -ENOTCONN;
  }
  Call running(context, call, deadline_ms, settings_.reads_ms, lease.worker());
  const int error = running.Run(request, out);
  if (running.worker_is_idle()) {
    lease.Keep(running.worker_took_it() ? scan : 0, running.worker_is_at_work());
  }
  if (error == -EBUSY) ++counters_.busy;
  if (error < 0 && running.disk_is_slow()) {
    ++counters_.slow_reads;
    out->clear();
    return Refuse("the OSD read for longer than " + std::to_string(settings_.reads_ms) +
                      " ms, the most for a call",
                  out);
  }
  if (!running.worker_failed()) return error;
  cls_log(0, "skyhook: a worker failed: %s", strerror(-error));
  ++(error == -ETIMEDOUT ? counters_.timed_out : counters_.crashed);
  quarantine_.Strike(suspect, NowMs());
  return error;
}

int ObjectClass::WriteDescription(ceph::bufferlist* out) const {
  const auto line = [out](const char* name, const std::string& value) {
    out->append(std::string(name) + "=" + value + "\n");
  };
  line("version", SKYHOOK_VERSION);
  line("wire", std::to_string(wire::kVersion));
  line("worker_protocol", std::to_string(lending::kProtocol));
  line("worker", settings_.worker);
  line("worker_found", IsThere(settings_.worker) ? "yes" : "no");
  line("pid", std::to_string(getpid()));
  line("calls_at_a_time", std::to_string(settings_.calls));
  line("deadline_ms", std::to_string(settings_.deadline_ms));
  line("reply_bytes", std::to_string(settings_.reply_bytes));
  line("calls", std::to_string(counters_.calls));
  line("calls_busy", std::to_string(counters_.busy));
  line("calls_quarantined", std::to_string(counters_.quarantined));
  line("workers_spawned", std::to_string(pool_.started()));
  line("workers_crashed", std::to_string(counters_.crashed));
  line("workers_timed_out", std::to_string(counters_.timed_out));
  line("calls_with_slow_reads", std::to_string(counters_.slow_reads));
  return 0;
}

}  // namespace skyhook::cls
