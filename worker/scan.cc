#include "worker/scan.h"

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

namespace skyhook::worker {

using arrow::Result;
using arrow::Status;

namespace {

constexpr int64_t kMemoryBytes = int64_t{256} << 20;
// What frames a reply, and what Arrow's IPC adds to its buffers.
constexpr int64_t kReplyOverhead = 64 * 1024;
// A reply that turned out too large is computed again, of fewer rows, so many times while there is
// time for it: a worker that overstays is ended, and its plan suspected.
constexpr int kTries = 4;

// Runs to its end what `scan` has begun or, else, what the request asks for.
Status RunToEnd(const wire::Request& request, exec::RunRequest run, KeptScan* scan,
                wire::Reply* reply) {
  auto& execution = scan->execution;
  if (execution != nullptr) {
    execution->Resume(std::move(run));
  } else {
    ARROW_ASSIGN_OR_RAISE(execution,
                          exec::Run(*request.pipeline, scan->open.fragment, std::move(run)));
  }
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) break;
    reply->batches.push_back(std::move(batch));
  }
  reply->outcome = execution->outcome();
  return Status::OK();
}

// One call: a request, and what it is to be run over.
class Running {
 public:
  Running(const wire::Request& request, const Call& call, const plan::Cost& opening,
          const arrow::StopToken& stop, std::shared_ptr<exec::PreparedCalls> calls)
      : request_(request),
        call_(call),
        opening_(opening),
        stop_(stop),
        calls_(std::move(calls)),
        limits_(request.limits) {
    limits_.memory_bytes = std::min(limits_.memory_bytes, kMemoryBytes);
    limits_.reply_bytes =
        std::clamp<int64_t>(call.reply_bytes - kReplyOverhead, 1, limits_.reply_bytes);
  }

  // Leaves an execution that the scan's next call can go on with in `scan`.
  Result<std::string> Run(KeptScan* scan) {
    auto message = Try(scan->key.is_of_scan(), scan);
    for (int attempt = 1; reply_is_too_large_ && attempt < kTries; ++attempt) {
      if (std::chrono::steady_clock::now() >= *limits_.deadline) break;
      limits_.reply_bytes = std::max<int64_t>(limits_.reply_bytes / 4, 1);
      limits_.batch_rows = std::max<int64_t>(limits_.batch_rows / 8, 1);
      message = Try(false, scan);
    }
    if (!message.ok()) scan->execution = nullptr;
    return message;
  }

 private:
  Result<std::string> Try(bool resumable, KeptScan* scan) {
    wire::Reply reply;
    reply_is_too_large_ = false;
    if (!resumable) scan->execution = nullptr;
    plan::Slice slice = request_.slice;
    if (!resumable) slice.scan = 0;
    exec::RunRequest run{std::move(slice), limits_, request_.runtime_filters, stop_, calls_};
    ARROW_RETURN_NOT_OK(RunToEnd(request_, std::move(run), scan, &reply));
    if (!reply.outcome.remaining.goes_on()) scan->execution = nullptr;
    reply.outcome.cost += opening_;
    if (request_.packed_text) {
      ARROW_ASSIGN_OR_RAISE(reply.batches, wire::PackText(reply.batches));
    }
    // With a codec, a reply that is compressed may hold more; it is judged by what it takes
    // uncompressed.
    const wire::Codec codec = request_.codecs.empty() ? wire::Codec::kNone : request_.codecs.back();
    auto message = wire::EncodeReply(reply, codec, call_.reply_bytes);
    reply_is_too_large_ = base::Is(message.status(), base::Code::kLimitExceeded);
    return message;
  }

  const wire::Request& request_;
  const Call& call_;
  const plan::Cost opening_;
  const arrow::StopToken stop_;
  const std::shared_ptr<exec::PreparedCalls> calls_;
  base::Limits limits_;
  bool reply_is_too_large_ = false;  // of the last try; to run out of memory is something else
};

// The beginning of a message that may hold a whole plan.
std::string Shortened(const std::string& message) {
  constexpr size_t kMost = lending::kLeastReplyBytes / 4;
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

Result<std::string> Scan(const Call& call, const ScanKey& key, const arrow::StopToken& stop,
                         Objects* objects, KeptScans* kept) {
  auto request = wire::DecodeRequest(call.request, kept->pipelines());
  if (!request.ok()) return Refused(request.status(), call);
  request->limits.deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(call.deadline_ms);
  const int64_t bytes = request->layout == nullptr ? call.object_bytes : request->layout->bytes();
  if (request->fragment_bytes >= 0 && request->fragment_bytes != bytes) {
    return Refused(base::StaleObject("'{}' has {} bytes, and had {} when its table was written",
                                     request->fragment, bytes, request->fragment_bytes),
                   call);
  }
  KeptScan scan{key, {}, nullptr};
  plan::Cost opening;
  if (auto found = kept->Take(key)) {
    scan = *std::move(found);
  } else {
    auto open = objects->Get(call, *request, &opening);
    if (base::Is(open.status(), base::Code::kUnreachable)) return open.status();
    if (!open.ok()) return Refused(open.status(), call);
    scan.open = *std::move(open);
  }
  auto message = Running(*request, call, opening, stop, kept->prepared_calls()).Run(&scan);
  const Status& failure = scan.open.object->failure();
  if (base::Is(failure, base::Code::kUnreachable)) return failure;
  if (!message.ok()) return Refused(message.status(), call);
  if (scan.execution != nullptr) {
    scan.key.slice = scan.execution->outcome().remaining.Asked();
    kept->Keep(std::move(scan));
  }
  return message;
}

}  // namespace skyhook::worker
