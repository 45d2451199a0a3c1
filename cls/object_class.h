// The methods of the object class: lends the bytes of its object to a worker, and hands on what
// that answers.
#pragma once

#include <rados/objclass.h>

#include <atomic>
#include <cstdint>
#include <string_view>

#include "cls/settings.h"
#include "skyhook/lending/host/worker_host.h"
#include "skyhook/lending/message.h"
#include "skyhook/wire/header.h"

namespace skyhook::cls {

/// Thread-safe. Methods return 0, or a negative error number and no bytes; they never throw.
class ObjectClass {
 public:
  ObjectClass(const Settings& settings, lending::StartWorker start);

  /// Answers a request (wire/request.h) with a reply (wire/reply.h) of at most the request's
  /// `reply_bytes` and the settings', within the deadline of both, GraceMs() and what the OSD took
  /// to read the object. A worker is to blame for its own time only.
  int Scan(cls_method_context_t context, ceph::bufferlist* in, ceph::bufferlist* out) noexcept;
  /// What this class is and did, as lines of "name=value".
  int Describe(ceph::bufferlist* out) noexcept;

 private:
  int RunScan(cls_method_context_t context, ceph::bufferlist* in, ceph::bufferlist* out);
  int WriteDescription(ceph::bufferlist* out) const;
  int MakeCall(cls_method_context_t context, const wire::Header& header, uint64_t request_bytes,
               lending::Message* call) const;

  const Settings settings_;
  lending::WorkerHost host_;
  std::atomic<int64_t> calls_ = 0;
};

}  // namespace skyhook::cls
