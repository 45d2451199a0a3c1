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

#include "cls/identity.h"
#include "skyhook/lending/host/worker_program.h"

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

// Lends the object of a call, whose offsets are below 2 GiB.
class ObjectCaller : public lending::Caller {
 public:
  ObjectCaller(cls_method_context_t context, ceph::bufferlist* reply)
      : context_(context), reply_(reply) {}

  int Read(uint64_t offset, uint32_t bytes, uint8_t* to) override {
    ceph::bufferlist read;
    const int got =
        cls_cxx_read(context_, static_cast<int>(offset), static_cast<int>(bytes), &read);
    if (got < 0) return got;
    if (read.length() != bytes) return -ENODATA;
    return CopyFront(read, bytes, to) ? 0 : -ENODATA;
  }

  void Take(const uint8_t* bytes, uint64_t size) override {
    reply_->append(reinterpret_cast<const char*>(bytes), static_cast<unsigned>(size));
  }

  bool Front(size_t size, void* out) const override { return CopyFront(*reply_, size, out); }

 private:
  // Of Ceph's functions it needs fewer than the iterators of bufferlists.
  static bool CopyFront(const ceph::bufferlist& bytes, size_t size, void* out) {
    auto* to = static_cast<char*>(out);
    for (const auto& part : bytes.buffers()) {
      const size_t copied = std::min<size_t>(size, part.length());
      std::memcpy(to, part.c_str(), copied);
      to += copied;
      size -= copied;
      if (size == 0) return true;
    }
    return false;
  }

  const cls_method_context_t context_;
  ceph::bufferlist* const reply_;
};

}  // namespace

ObjectClass::ObjectClass(const Settings& settings, lending::StartWorker start)
    : settings_(settings),
      host_({settings.calls, settings.reads_ms, int64_t{settings.quarantine_s} * 1000,
             [worker = settings.worker](const std::string& text) {
               cls_log(0, "skyhook: the worker '%s': %s", worker.c_str(), text.c_str());
             }},
            std::move(start)) {}

int ObjectClass::Scan(cls_method_context_t context, ceph::bufferlist* in,
                      ceph::bufferlist* out) noexcept {
  ++calls_;
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
  const int64_t deadline_ms = lending::NowMs() + call.deadline_ms + GraceMs(settings_);
  ObjectCaller caller(context, out);
  std::string refusal;
  const int error = host_.Run(request, header, call, deadline_ms, &caller, &refusal);
  if (error < 0 || refusal.empty()) return error;
  out->clear();
  return Refuse(refusal, out);
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

int ObjectClass::WriteDescription(ceph::bufferlist* out) const {
  const auto line = [out](const char* name, const std::string& value) {
    out->append(std::string(name) + "=" + value + "\n");
  };
  line("version", SKYHOOK_VERSION);
  line("wire", std::to_string(wire::kVersion));
  line("worker_protocol", std::to_string(lending::kProtocol));
  line("worker", settings_.worker);
  line("worker_found", lending::IsThere(settings_.worker) ? "yes" : "no");
  line("pid", std::to_string(getpid()));
  line("calls_at_a_time", std::to_string(settings_.calls));
  line("deadline_ms", std::to_string(settings_.deadline_ms));
  line("reply_bytes", std::to_string(settings_.reply_bytes));
  const lending::HostCounters& counters = host_.counters();
  line("calls", std::to_string(calls_));
  line("calls_busy", std::to_string(counters.busy));
  line("calls_quarantined", std::to_string(counters.quarantined));
  line("workers_spawned", std::to_string(host_.workers_started()));
  line("workers_crashed", std::to_string(counters.crashed));
  line("workers_timed_out", std::to_string(counters.timed_out));
  line("calls_with_slow_reads", std::to_string(counters.slow_reads));
  return 0;
}

}  // namespace skyhook::cls
