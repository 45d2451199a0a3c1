#include "skyhook/site/sandbox/sandbox_site.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include "skyhook/base/file_source.h"
#include "skyhook/base/status.h"
#include "skyhook/site/called_batches.h"
#include "skyhook/site/consecutive_calls.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/object_bytes.h"
#include "skyhook/site/refusal.h"

namespace skyhook::site::sandbox {

using arrow::Result;
using arrow::Status;
using lending::Message;

namespace {

/// Of a call. Workers notice a stop when they read.
constexpr uint32_t kCallMs = 1000;
constexpr uint32_t kLoneCallMs = 2000;
/// Of a reply, with the largest row.
constexpr int64_t kMessageBytes = int64_t{64} << 20;
/// What a call may take beyond its deadline before its worker is ended.
constexpr int64_t kGraceMs = 1000;
/// As many workers as may be are at work: a call waits this long for one.
constexpr std::chrono::seconds kMostBusy(2);
constexpr std::chrono::milliseconds kLookAgain(1);

// Why a worker did not run a pipeline; nothing for errors that are about the file.
const char* ReasonOf(int error) {
  switch (error) {
    case -EBUSY:
      return "as many workers as may be are at work";
    case -ENOTCONN:
      return "the worker cannot be started";
    case -ESHUTDOWN:
    case -EPROTO:
      return "the worker failed";
    case -ETIMEDOUT:
      return "the worker did not answer in time";
    case -E2BIG:
      return "the request is too large for a worker";
    default:
      return nullptr;
  }
}

/// Lends a file, and takes the reply.
class FileCaller : public lending::Caller {
 public:
  FileCaller(int descriptor, const arrow::StopToken* stop) : descriptor_(descriptor), stop_(stop) {}

  int Read(uint64_t offset, uint32_t bytes, uint8_t* to) override {
    if (stop_->IsStopRequested()) return -ECANCELED;
    while (bytes > 0) {
      const ssize_t got = ::pread(descriptor_, to, bytes, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return -errno;
      if (got == 0) return -ENODATA;
      to += got;
      offset += static_cast<uint64_t>(got);
      bytes -= static_cast<uint32_t>(got);
    }
    return 0;
  }
  void Take(const uint8_t* bytes, uint64_t size) override {
    reply_.append(reinterpret_cast<const char*>(bytes), size);
  }
  bool Front(size_t size, void* out) const override {
    if (reply_.size() < size) return false;
    std::memcpy(out, reply_.data(), size);
    return true;
  }

  std::shared_ptr<arrow::Buffer> TakeReply() {
    return arrow::Buffer::FromString(std::move(reply_));
  }

 private:
  const int descriptor_;
  const arrow::StopToken* const stop_;
  std::string reply_;
};

// Calls are short whatever the answer may take: a worker that hangs is noticed.
Request WithoutDeadline(Request request) {
  request.limits.deadline.reset();
  return request;
}

/// The replies of calls, each made when the one before has been handed out.
class WorkerAnswer : public Answer {
 public:
  WorkerAnswer(std::shared_ptr<lending::WorkerHost> host, const Request& request,
               base::OpenedFile file, std::string path)
      : host_(std::move(host)),
        file_(std::move(file)),
        path_(std::move(path)),
        calls_(WithoutDeadline(request), path_,
               {.call_ms = kCallMs,
                .lone_call_ms = kLoneCallMs,
                .message_bytes = kMessageBytes,
                .codecs = {wire::Codec::kNone}}),
        answer_(request) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (!answer_.has_batch()) {
      if (is_last_) answer_.End("");
      if (answer_.has_ended()) return nullptr;
      ARROW_RETURN_NOT_OK(stop().Poll());
      if (IsOver()) {
        answer_.EndByDeadline();
      } else {
        ARROW_RETURN_NOT_OK(CallOnce());
      }
    }
    return answer_.TakeBatch();
  }
  const plan::Outcome& outcome() const override { return answer_.outcome(); }

 private:
  const arrow::StopToken& stop() const { return answer_.request().stop; }

  bool IsOver() const {
    const auto& deadline = answer_.request().limits.deadline;
    return deadline.has_value() && std::chrono::steady_clock::now() >= *deadline;
  }

  Status CallOnce() {
    auto message = calls_.Encode();
    if (base::Is(message.status(), base::Code::kUnsupportedPlan)) {
      return End(message.status().message());
    }
    ARROW_RETURN_NOT_OK(message);
    FileCaller caller(file_.descriptor.get(), &stop());
    std::string refusal;
    const int error = Run(*message, &caller, &refusal);
    // What was read of a file that changed is of no version, whatever came of it.
    ARROW_RETURN_NOT_OK(base::CheckUnchanged(file_, path_));
    if (error == -ECANCELED) return stop().Poll();
    if (error == -EBUSY) return AskLater();
    if (const char* reason = ReasonOf(error); reason != nullptr) return End(reason);
    if (error < 0) {
      return Status::IOError(fmt::format("cannot read '{}': {}", path_, std::strerror(-error)));
    }
    if (!refusal.empty()) return End(refusal);
    busy_since_.reset();
    return Take(caller.TakeReply());
  }

  int Run(const std::string& message, FileCaller* caller, std::string* refusal) {
    if (message.size() > lending::kWindowBytes) return -E2BIG;
    wire::Header header;
    if (!wire::ReadHeader(message, wire::kRequestMagic, &header)) return -EPROTO;
    Message call;
    call.kind = lending::Kind::kCall;
    call.bytes = message.size();
    call.object_bytes = static_cast<uint64_t>(file_.about.st_size);
    call.object_mtime =
        int64_t{file_.about.st_mtim.tv_sec} * 1'000'000'000 + int64_t{file_.about.st_mtim.tv_nsec};
    call.deadline_ms = header.deadline_ms;
    call.reply_bytes = std::max<uint64_t>(header.reply_bytes, lending::kLeastReplyBytes);
    // As the kernel of this machine knows the file, and no name.
    const uint64_t id[] = {file_.about.st_dev, file_.about.st_ino,
                           static_cast<uint64_t>(file_.about.st_ctim.tv_sec),
                           static_cast<uint64_t>(file_.about.st_ctim.tv_nsec)};
    static_assert(sizeof(id) <= sizeof(call.object_id));
    std::memcpy(call.object_id, id, sizeof(id));
    const int64_t deadline_ms = lending::NowMs() + header.deadline_ms + kGraceMs;
    return host_->Run(message, header, call, deadline_ms, caller, refusal);
  }

  Status AskLater() {
    const auto now = std::chrono::steady_clock::now();
    if (!busy_since_.has_value()) busy_since_ = now;
    if (now - *busy_since_ >= kMostBusy) return End(ReasonOf(-EBUSY));
    std::this_thread::sleep_for(kLookAgain);
    return Status::OK();
  }

  Status Take(const std::shared_ptr<arrow::Buffer>& message) {
    ConsecutiveCalls::Taken taken = calls_.Take(message);
    ARROW_RETURN_NOT_OK(calls_.failure());
    if (!calls_.refusal().empty()) return End(calls_.refusal());
    is_last_ = taken.step == ConsecutiveCalls::Step::kEnd;
    if (taken.step == ConsecutiveCalls::Step::kCallLater) std::this_thread::sleep_for(kLookAgain);
    if (taken.reply.has_value()) {
      answer_.Take(*std::move(taken.reply), file_.version(), /*network_bytes=*/0);
    }
    return Status::OK();
  }

  Status End(const std::string& refusal) {
    answer_.End(refusal);
    return Status::OK();
  }

  const std::shared_ptr<lending::WorkerHost> host_;
  const base::OpenedFile file_;
  const std::string path_;
  ConsecutiveCalls calls_;
  CalledBatches answer_;
  std::optional<std::chrono::steady_clock::time_point> busy_since_;
  bool is_last_ = false;  ///< no call follows the one that was made last
};

class SandboxSite : public Site {
 public:
  SandboxSite(std::shared_ptr<lending::WorkerHost> host, std::shared_ptr<Site> files)
      : host_(std::move(host)), files_(std::move(files)) {}

  const Profile& profile() const override { return profile_; }

  std::string WhyNot(const FragmentId& id) const override {
    if (LiesInOneObject(id)) return {};
    return "it does not lie in one file";
  }

  Result<FragmentDescription> Describe(const FragmentId& id) override {
    return files_->Describe(id);
  }
  Result<std::vector<std::optional<plan::ColumnStatistics>>> Statistics(
      const FragmentId& id, const std::string& column) override {
    return files_->Statistics(id, column);
  }
  Result<std::shared_ptr<base::ByteSource>> OpenBytes(const FragmentId& id,
                                                      const arrow::StopToken& stop) override {
    return files_->OpenBytes(id, stop);
  }

  Result<std::unique_ptr<Answer>> Run(Request request) override {
    const FragmentId& id = request.fragment;
    if (std::string reason = WhyNot(id); !reason.empty()) return Refuse(request, reason);
    std::string path = ObjectOf(id);
    ARROW_ASSIGN_OR_RAISE(auto file, base::OpenRegularFile(path));
    std::string version =
        id.layout == nullptr ? file.version() : base::VersionOf(*id.layout, {file.version()});
    const int64_t bytes = id.layout == nullptr ? file.about.st_size : id.layout->bytes();
    ARROW_RETURN_NOT_OK(CheckVersion(id, version, bytes, id.name));
    request.fragment.version = std::move(version);
    return std::make_unique<WorkerAnswer>(host_, request, std::move(file), std::move(path));
  }

 private:
  const std::shared_ptr<lending::WorkerHost> host_;
  const std::shared_ptr<Site> files_;
  // Its calls run beside the caller's own work, as those of a remote site do.
  const Profile profile_{.kind = "sandbox",
                         .location = "this machine's files",
                         .runs_pipelines = true,
                         .remote = true};
};

}  // namespace

std::shared_ptr<Site> MakeSandboxSite(std::shared_ptr<lending::WorkerHost> host,
                                      std::shared_ptr<Site> files) {
  return std::make_shared<SandboxSite>(std::move(host), std::move(files));
}

}  // namespace skyhook::site::sandbox
