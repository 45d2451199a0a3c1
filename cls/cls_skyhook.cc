// The object class: lends the bytes of its object to a worker process, and hands on what that
// answers.
#include <rados/objclass.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cls/quarantine.h"
#include "cls/settings.h"
#include "cls/worker_pool.h"
#include "skyhook/wire/header.h"
#include "skyhook/worker/message.h"

CLS_VER(1, 0)
CLS_NAME(skyhook)

namespace skyhook::cls {
namespace {

using worker::Kind;
using worker::Message;

struct Counters {
  std::atomic<int64_t> calls = 0;
  std::atomic<int64_t> busy = 0;
  std::atomic<int64_t> quarantined = 0;
  std::atomic<int64_t> crashed = 0;
  std::atomic<int64_t> timed_out = 0;
};

struct State {
  WorkerPool pool{GetSettings()};
  Quarantine quarantine{int64_t{GetSettings().quarantine_s} * 1000};
  Counters counters;
};

State& TheState() {
  static State state;
  return state;
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

// One call, from the request to the last part of the reply.
class Call {
 public:
  Call(cls_method_context_t context, WorkerProcess* process, int64_t deadline_ms)
      : context_(context), process_(process), deadline_ms_(deadline_ms) {}

  /// 0, or a negative error number; then `worker_failed` says whether it is the worker's doing.
  int Run(std::string_view request, Message call, ceph::bufferlist* out);
  bool worker_failed() const { return worker_failed_; }
  /// False: the worker was gone before it heard of the call.
  bool started() const { return started_; }

 private:
  int Failed(int error) {
    worker_failed_ = true;
    return error;
  }
  int Read(Message* message);
  int ReadRange(const worker::Range& range);

  cls_method_context_t context_;
  WorkerProcess* process_;
  const int64_t deadline_ms_;
  bool worker_failed_ = false;
  bool started_ = false;
  int object_error_ = 0;  // of a read: whatever the worker makes of it, the client is told
};

int Call::Run(std::string_view request, Message call, ceph::bufferlist* out) {
  std::memcpy(process_->window(), request.data(), request.size());
  Message message = call;
  while (true) {
    if (const int error = process_->Send(message, deadline_ms_); error < 0) return Failed(error);
    started_ = true;
    if (const int error = process_->Receive(&message, deadline_ms_); error < 0)
      return Failed(error);
    if (message.kind == Kind::kRead) {
      if (const int error = Read(&message); error < 0) return error;
      continue;
    }
    const bool last = message.kind == Kind::kReplyEnd;
    if (!last && message.kind != Kind::kReplyPart) return Failed(-EPROTO);
    if (message.bytes > worker::kWindowBytes ||
        message.bytes > call.reply_bytes - std::min<uint64_t>(call.reply_bytes, out->length())) {
      return Failed(-EPROTO);
    }
    out->append(reinterpret_cast<const char*>(process_->window()),
                static_cast<unsigned>(message.bytes));
    if (last) return object_error_;
    message = {};
    message.kind = Kind::kGoOn;
  }
}

// Puts the ranges into the window; an error of the object goes to the worker, who asked.
int Call::Read(Message* message) {
  if (message->num_ranges > worker::kMostRanges) return Failed(-EPROTO);
  int result = 0;
  for (uint32_t i = 0; i < message->num_ranges && result == 0; ++i) {
    const worker::Range& range = message->ranges[i];
    if (range.place > worker::kWindowBytes || range.bytes > worker::kWindowBytes - range.place ||
        range.offset > static_cast<uint64_t>(std::numeric_limits<int>::max())) {
      return Failed(-EPROTO);
    }
    result = ReadRange(range);
  }
  object_error_ = std::min(object_error_, result);
  *message = {};
  message->kind = Kind::kReadDone;
  message->result = result;
  return 0;
}

int Call::ReadRange(const worker::Range& range) {
  if (range.bytes == 0) return 0;
  ceph::bufferlist bytes;
  const int got =
      cls_cxx_read(context_, static_cast<int>(range.offset), static_cast<int>(range.bytes), &bytes);
  if (got < 0) return got;
  if (bytes.length() != range.bytes) return -ENODATA;
  uint8_t* to = process_->window() + range.place;
  for (const auto& part : bytes.buffers()) {
    std::memcpy(to, part.c_str(), part.length());
    to += part.length();
  }
  return 0;
}

std::string_view PipelineOf(std::string_view request, const wire::Header& header) {
  std::string_view fields = request.substr(header.header_bytes);
  wire::Field field;
  while (wire::NextField(&fields, &field)) {
    if (field.tag == static_cast<uint16_t>(wire::RequestTag::kPipeline)) return field.bytes;
  }
  return {};
}

// Runs the call in a worker, and keeps account of how that ended.
int RunInWorker(cls_method_context_t context, std::string_view request, const Suspect& suspect,
                const Message& call, int64_t deadline_ms, ceph::bufferlist* out) {
  State& state = TheState();
  std::unique_ptr<WorkerProcess> process;
  if (const int error = state.pool.Take(deadline_ms, &process); error < 0) {
    if (error == -EBUSY) ++state.counters.busy;
    // Not what else it was: -ENOENT would say that there is no such object.
    return error == -EBUSY || error == -ETIMEDOUT ? error : -ENOTCONN;
  }
  Call running(context, process.get(), deadline_ms);
  const int error = running.Run(request, call, out);
  if (error < 0) out->clear();
  if (!running.worker_failed()) {
    state.pool.Return(std::move(process));
    return error;
  }
  state.pool.Return(nullptr);
  // One that ended while it was idle: the next one is another. There are not many of them.
  if (!running.started()) {
    return RunInWorker(context, request, suspect, call, deadline_ms, out);
  }
  cls_log(0, "skyhook: a worker failed: %s", strerror(-error));
  ++(error == -ETIMEDOUT ? state.counters.timed_out : state.counters.crashed);
  state.quarantine.Strike(suspect, NowMs());
  return error;
}

int Scan(cls_method_context_t context, ceph::bufferlist* in, ceph::bufferlist* out) {
  State& state = TheState();
  ++state.counters.calls;
  const std::string_view request(in->c_str(), in->length());
  wire::Header header;
  if (!wire::ReadHeader(request, wire::kRequestMagic, &header)) return -EINVAL;
  if (request.size() > worker::kWindowBytes) return -E2BIG;
  Message call;
  call.kind = Kind::kCall;
  call.bytes = request.size();
  time_t mtime = 0;
  if (const int error = cls_cxx_stat(context, &call.object_bytes, &mtime); error < 0) return error;
  call.object_mtime = mtime;
  const Settings& settings = GetSettings();
  call.deadline_ms = std::min<uint32_t>(header.deadline_ms, settings.deadline_ms);
  call.reply_bytes = std::clamp<uint64_t>(header.reply_bytes, worker::kLeastReplyBytes,
                                          static_cast<uint64_t>(settings.reply_bytes));
  const int64_t now_ms = NowMs();
  const Suspect suspect{PipelineOf(request, header), call.object_bytes, call.object_mtime};
  if (const int64_t left_ms = state.quarantine.RefusedFor(suspect, now_ms); left_ms > 0) {
    ++state.counters.quarantined;
    return Refuse("this plan ended " + std::to_string(Quarantine::kStrikes) +
                      " workers over this object; it is refused for another " +
                      std::to_string((left_ms + 999) / 1000) + " s",
                  out);
  }
  // The worker stops by itself at its deadline; what is added is for handing over its reply.
  const int64_t deadline_ms = now_ms + call.deadline_ms + std::max(settings.deadline_ms / 2, 50);
  return RunInWorker(context, request, suspect, call, deadline_ms, out);
}

// What this class is, as lines of "name=value".
int Describe(cls_method_context_t, ceph::bufferlist*, ceph::bufferlist* out) {
  const State& state = TheState();
  const Settings& settings = GetSettings();
  const auto line = [out](const char* name, const std::string& value) {
    out->append(std::string(name) + "=" + value + "\n");
  };
  line("version", SKYHOOK_VERSION);
  line("wire", std::to_string(wire::kVersion));
  line("worker_protocol", std::to_string(worker::kProtocol));
  line("worker", settings.worker);
  line("worker_found", access(settings.worker.c_str(), X_OK) == 0 ? "yes" : "no");
  line("pid", std::to_string(getpid()));
  line("calls_at_a_time", std::to_string(settings.calls));
  line("deadline_ms", std::to_string(settings.deadline_ms));
  line("reply_bytes", std::to_string(settings.reply_bytes));
  line("calls", std::to_string(state.counters.calls));
  line("calls_busy", std::to_string(state.counters.busy));
  line("calls_quarantined", std::to_string(state.counters.quarantined));
  line("workers_spawned", std::to_string(state.pool.spawned()));
  line("workers_crashed", std::to_string(state.counters.crashed));
  line("workers_timed_out", std::to_string(state.counters.timed_out));
  return 0;
}

// The OSD dies of an exception: each becomes an error number here.
template <int (*Method)(cls_method_context_t, ceph::bufferlist*, ceph::bufferlist*)>
int Guarded(cls_method_context_t context, ceph::bufferlist* in, ceph::bufferlist* out) {
  try {
    return Method(context, in, out);
  } catch (const std::bad_alloc&) {
    return -ENOMEM;
  } catch (const std::exception& error) {
    cls_log(0, "skyhook: %s", error.what());
    return -EIO;
  }
}

}  // namespace
}  // namespace skyhook::cls

CLS_INIT(skyhook) {
  cls_handle_t handle;
  cls_method_handle_t method;
  cls_register("skyhook", &handle);
  cls_register_cxx_method(handle, "scan", CLS_METHOD_RD, skyhook::cls::Guarded<skyhook::cls::Scan>,
                          &method);
  cls_register_cxx_method(handle, "describe", CLS_METHOD_RD,
                          skyhook::cls::Guarded<skyhook::cls::Describe>, &method);
}
