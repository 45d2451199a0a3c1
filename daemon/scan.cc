#include "daemon/scan.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/exec/run.h"
#include "skyhook/format/fragment.h"
#include "skyhook/wire/packed_text.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"

namespace skyhook::daemon {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kMemoryBytes = int64_t{256} << 20;
// What frames a reply, and what Arrow's IPC adds to its buffers.
constexpr int64_t kReplyOverhead = 64 * 1024;
// A reply that turned out too large is computed again, of fewer rows, so many times while there is
// time for it: a worker that overstays is ended, and its plan suspected.
constexpr int kTries = 4;

Status RunOnce(const wire::Request& request, std::shared_ptr<format::Fragment> fragment,
               const base::Limits& limits, wire::Reply* reply) {
  exec::RunRequest run{request.rows, limits, request.runtime_filters};
  ARROW_ASSIGN_OR_RAISE(auto execution,
                        exec::Run(request.pipeline, std::move(fragment), std::move(run)));
  reply->batches.clear();
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) break;
    reply->batches.push_back(std::move(batch));
  }
  reply->outcome = execution->outcome();
  return Status::OK();
}

// With a codec, a reply that is compressed may hold more; it is judged by what it takes
// uncompressed.
Result<std::string> RunWithin(const wire::Request& request,
                              const std::shared_ptr<format::Fragment>& fragment,
                              const plan::Cost& opening, const Call& call) {
  wire::Reply reply;
  base::Limits limits = request.limits;
  limits.memory_bytes = std::min(limits.memory_bytes, kMemoryBytes);
  limits.reply_bytes =
      std::clamp<int64_t>(call.reply_bytes - kReplyOverhead, 1, limits.reply_bytes);
  const wire::Codec codec = request.codecs.empty() ? wire::Codec::kNone : request.codecs.back();
  for (int attempt = 1;; ++attempt) {
    ARROW_RETURN_NOT_OK(RunOnce(request, fragment, limits, &reply));
    reply.outcome.cost += opening;
    if (request.packed_text) {
      ARROW_ASSIGN_OR_RAISE(reply.batches, wire::PackText(reply.batches));
    }
    auto message = wire::EncodeReply(reply, codec, call.reply_bytes);
    const bool too_large = base::Is(message.status(), base::Code::kLimitExceeded);
    const bool late = std::chrono::steady_clock::now() >= limits.deadline;
    if (!too_large || late || attempt == kTries) return message;
    limits.reply_bytes = std::max<int64_t>(limits.reply_bytes / 4, 1);
    limits.batch_rows = std::max<int64_t>(limits.batch_rows / 8, 1);
  }
}

// The beginning of a message that may hold a whole plan.
std::string Shortened(const std::string& message) {
  constexpr size_t kMost = worker::kLeastReplyBytes / 4;
  return message.size() <= kMost ? message : message.substr(0, kMost) + "...";
}

Result<std::string> Refused(const Status& status, const Call& call) {
  wire::Reply reply;
  // What does not fit here may fit elsewhere.
  if (base::Is(status, base::Code::kLimitExceeded)) {
    reply.outcome.stopped_by = plan::StoppedBy::kRefused;
    reply.outcome.reason = Shortened(status.message());
  } else {
    reply.status = Status(status.code(), Shortened(status.message()), status.detail());
  }
  return wire::EncodeReply(reply, wire::Codec::kNone, call.reply_bytes);
}

}  // namespace

Result<std::string> Scan(const Call& call, Objects* objects) {
  auto request = wire::DecodeRequest(call.request);
  if (!request.ok()) return Refused(request.status(), call);
  request->limits.deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(call.deadline_ms);
  if (request->fragment_bytes >= 0 && request->fragment_bytes != call.object_bytes) {
    return Refused(base::StaleObject("'{}' has {} bytes, and had {} when its table was written",
                                     request->fragment, call.object_bytes, request->fragment_bytes),
                   call);
  }
  plan::Cost opening;
  const auto open = objects->Get(call, request->fragment, &opening);
  if (base::Is(open.status(), base::Code::kUnreachable)) return open.status();
  if (!open.ok()) return Refused(open.status(), call);
  auto message = RunWithin(*request, open->fragment, opening, call);
  if (base::Is(open->object->failure(), base::Code::kUnreachable)) return open->object->failure();
  return message.ok() ? std::move(message) : Refused(message.status(), call);
}

}  // namespace skyhook::daemon
