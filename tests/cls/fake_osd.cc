#include "tests/cls/fake_osd.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sstream>

#include "skyhook/lending/message.h"
#include "skyhook/wire/header.h"

namespace skyhook::cls {
namespace {

// For a machine that has other things to do.
constexpr int64_t kMostDelayMs = 20'000;

Registered& BeingRegistered() {
  static Registered registered;
  return registered;
}

std::string ReplyComplaint(const Settings& settings, std::string_view request,
                           const std::string& reply) {
  wire::Header asked;
  if (!wire::ReadHeader(request, wire::kRequestMagic, &asked)) return "an answer to no request";
  const uint64_t most = std::clamp<uint64_t>(asked.reply_bytes, lending::kLeastReplyBytes,
                                             static_cast<uint64_t>(settings.reply_bytes));
  if (reply.size() > most) return "a reply of " + std::to_string(reply.size()) + " bytes";
  wire::Header header;
  return wire::ReadHeader(reply, wire::kReplyMagic, &header) ? "" : "a reply without a frame";
}

std::string Complaint(const Settings& settings, std::string_view request, const Called& called,
                      int64_t took_ms) {
  if (called.result > 0) return "a positive result";
  if (took_ms > settings.deadline_ms + GraceMs(settings) + kMostDelayMs) return "a call that hung";
  if (called.result == 0) return ReplyComplaint(settings, request, called.reply);
  return called.reply.empty() ? "" : "bytes beside an error number";
}

}  // namespace

Called CallScan(ObjectClass* object_class, const Settings& settings, FakeObject* object,
                std::string_view request) {
  ceph::bufferlist in;
  ceph::bufferlist out;
  in.append(request.data(), static_cast<unsigned>(request.size()));
  const int64_t begin_ms = lending::NowMs();
  Called called;
  called.result = object_class->Scan(object, &in, &out);
  called.reply = out.to_str();
  called.broken = object->broken.empty()
                      ? Complaint(settings, request, called, lending::NowMs() - begin_ms)
                      : object->broken;
  return called;
}

std::map<std::string, std::string> CallDescribe(ObjectClass* object_class) {
  ceph::bufferlist out;
  std::map<std::string, std::string> description;
  if (object_class->Describe(&out) != 0) return description;
  std::istringstream lines(out.to_str());
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    description[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return description;
}

Registered Register() {
  BeingRegistered() = {};
  __cls_init();
  return BeingRegistered();
}

}  // namespace skyhook::cls

using skyhook::cls::BeingRegistered;
using skyhook::cls::FakeObject;

int cls_log(int, const char*, ...) { return 0; }

int cls_register(const char* name, cls_handle_t* handle) {
  BeingRegistered().name = name;
  *handle = &BeingRegistered();
  return 0;
}

int cls_register_cxx_method(cls_handle_t, const char* method, int flags,
                            cls_method_cxx_call_t class_call, cls_method_handle_t*) {
  BeingRegistered().methods[method] = {flags, class_call};
  return 0;
}

namespace ceph {
class real_clock;
}
using RealTime =
    std::chrono::time_point<ceph::real_clock, std::chrono::duration<uint64_t, std::nano>>;

int cls_cxx_stat2(cls_method_context_t context, uint64_t* size, RealTime* mtime) {
  const auto* object = static_cast<FakeObject*>(context);
  *size = object->stat_bytes != 0 ? object->stat_bytes : object->bytes.size();
  *mtime = RealTime(RealTime::duration(object->mtime_ns));
  return 0;
}

int cls_cxx_stat(cls_method_context_t context, uint64_t* size, time_t* mtime) {
  RealTime time;
  const int result = cls_cxx_stat2(context, size, &time);
  *mtime = static_cast<time_t>(time.time_since_epoch().count() / 1'000'000'000);
  return result;
}

int cls_cxx_getxattr(cls_method_context_t context, const char* name, ceph::bufferlist* out) {
  const auto* object = static_cast<FakeObject*>(context);
  if (std::string_view(name) != "skyhook.id" || object->id.empty()) return -ENODATA;
  out->append(object->id);
  return static_cast<int>(object->id.size());
}

int cls_cxx_read(cls_method_context_t context, int offset, int bytes, ceph::bufferlist* out) {
  auto* object = static_cast<FakeObject*>(context);
  ++object->reads;
  const auto size = static_cast<int64_t>(object->bytes.size());
  if (offset < 0 || bytes <= 0 || int64_t{offset} + bytes > size) {
    object->broken = "a read of " + std::to_string(bytes) + " bytes at " + std::to_string(offset) +
                     " of an object of " + std::to_string(size);
    return -EIO;
  }
  const int error = object->before_read ? object->before_read() : 0;
  if (error < 0) return error;
  // In two pieces, as reads of an OSD may come.
  const char* from = object->bytes.data() + offset;
  const auto first = static_cast<unsigned>(bytes) / 2;
  out->append(ceph::buffer::copy(from, first));
  out->append(ceph::buffer::copy(from + first, static_cast<unsigned>(bytes) - first));
  return bytes;
}
