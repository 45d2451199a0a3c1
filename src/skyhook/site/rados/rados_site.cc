#include "skyhook/site/rados/rados_site.h"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/format/fragment.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/rados/refusals.h"
#include "skyhook/site/refusal.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"

namespace skyhook::site::rados {
namespace {

using arrow::Result;
using arrow::Status;
using store::Executed;

// How long a wait lasts before the stop token is looked at.
constexpr double kWaitSeconds = 0.01;

// Why an OSD did not run a pipeline that another may, or the client itself; nothing for errors that
// are about the object.
const char* ReasonOf(int error) {
  switch (error) {
    case -EPERM:
    case -EACCES:
      return "the OSD does not load the class skyhook, or the client's capabilities lack x";
    case -EOPNOTSUPP:
      return "the OSD has no class skyhook, or its pool is erasure-coded";
    case -EIO:
      return "the OSD cannot load the class skyhook";
    case -EBUSY:
      return "as many calls as the OSD allows are running";
    case -ENOTCONN:
      return "the OSD cannot start its worker";
    case -ESHUTDOWN:
    case -EPROTO:
      return "the OSD's worker failed";
    case -ETIMEDOUT:
      return "the OSD's worker did not answer in time";
    case -E2BIG:
      return "the request is too large for the OSD";
    case -EINVAL:
      return "the OSD does not understand the request";
    case -ENOMEM:
      return "the OSD has no memory for the call";
    default:
      return nullptr;
  }
}

// Whether the next call there would be refused for the same.
bool Lasts(int error) {
  return error == -EPERM || error == -EACCES || error == -EOPNOTSUPP || error == -ENOTCONN;
}

// A busy OSD is asked again so many times, after waits that double up to the most.
constexpr int kMostBusy = 10;
constexpr int kFirstWaitMs = 1;
constexpr int kMostWaitMs = 32;

// One call, as often as it has to be made.
struct Call {
  std::shared_ptr<store::RadosPool> pool;
  std::shared_ptr<Refusals> refusals;
  Request request;
  wire::Request wire;
  std::string message;
  std::optional<uint64_t> version;

  std::string uri() const { return pool->UriOf(request.fragment.name); }
  arrow::Future<Executed> Send() const {
    return pool->Execute(request.fragment.name, version, "skyhook", "scan", message,
                         /*any_copy=*/true);
  }
};

// Waits before a busy OSD is asked for the `attempt`th time, with jitter: others wait too.
Status WaitForRoom(int attempt, const arrow::StopToken& stop) {
  static thread_local std::minstd_rand random{std::random_device()()};
  const int most_ms = std::min(kFirstWaitMs << attempt, kMostWaitMs);
  std::this_thread::sleep_for(std::chrono::microseconds(
      std::uniform_int_distribution<int>(most_ms * 500, most_ms * 1000)(random)));
  return stop.Poll();
}

// The reply of a call that is under way; waits for it when it is first pulled.
class CalledAnswer : public Answer {
 public:
  explicit CalledAnswer(Call call) : call_(std::move(call)), reply_(call_.Send()) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (!arrived_) {
      ARROW_RETURN_NOT_OK(Await());
      arrived_ = true;
    }
    if (next_ == batches_.size()) return nullptr;
    return std::move(batches_[next_++]);
  }
  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  Status Await() {
    ARROW_ASSIGN_OR_RAISE(Executed executed, Reply());
    for (int attempt = 0; executed.result == -EBUSY && attempt < kMostBusy; ++attempt) {
      ARROW_RETURN_NOT_OK(WaitForRoom(attempt, call_.request.stop));
      reply_ = call_.Send();
      ARROW_ASSIGN_OR_RAISE(executed, Reply());
    }
    if (const char* reason = ReasonOf(executed.result); reason != nullptr) {
      if (Lasts(executed.result)) {
        call_.refusals->Learn(call_.pool->PlacementGroupOf(call_.request.fragment.name), reason,
                              std::chrono::steady_clock::now());
      }
      return Refused(reason);
    }
    if (executed.result < 0) {
      return store::ObjectError("cannot scan", call_.uri(), executed.result);
    }
    return Take(executed);
  }

  Result<Executed> Reply() {
    while (!reply_.Wait(kWaitSeconds)) ARROW_RETURN_NOT_OK(call_.request.stop.Poll());
    return reply_.result();
  }

  Status Refused(std::string reason) {
    outcome_ = RefusedOutcome(call_.request, std::move(reason));
    return Status::OK();
  }

  // A reply that is damaged says nothing: the fragment is read instead.
  Status Take(const Executed& executed) {
    auto reply = wire::DecodeReply(executed.output, call_.wire);
    if (!reply.ok()) return Refused(reply.status().message());
    if (base::Is(reply->status, base::Code::kUnsupportedPlan)) {
      return Refused(reply->status.message());
    }
    ARROW_RETURN_NOT_OK(reply->status);
    outcome_ = std::move(reply->outcome);
    outcome_.version = std::to_string(executed.version);
    outcome_.cost.network_bytes = executed.output->size();
    batches_ = std::move(reply->batches);
    return Status::OK();
  }

  const Call call_;
  arrow::Future<Executed> reply_;
  bool arrived_ = false;
  plan::Outcome outcome_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  size_t next_ = 0;
};

class RadosSite : public Site {
 public:
  RadosSite(std::shared_ptr<store::RadosPool> pool, const RadosSiteOptions& options)
      : pool_(std::move(pool)), options_(options) {
    profile_.location = pool_->UriOf("");
  }

  const Profile& profile() const override { return profile_; }

  Result<FragmentDescription> Describe(const FragmentId& id) override {
    ARROW_ASSIGN_OR_RAISE(auto source, OpenBytes(id));
    FragmentDescription out;
    out.bytes = source->size();
    ARROW_ASSIGN_OR_RAISE(const auto fragment, format::OpenFragment(std::move(source), {}, {}));
    out.id = {id.name, fragment->version()};
    out.declared_schema = fragment->declared_schema();
    out.field_ids = fragment->field_ids();
    out.num_rows = fragment->num_rows();
    for (int group = 0; group < fragment->num_row_groups(); ++group) {
      out.row_groups.push_back(fragment->row_group_rows(group));
    }
    return out;
  }

  Result<std::shared_ptr<base::ByteSource>> OpenBytes(const FragmentId& id) override {
    ARROW_ASSIGN_OR_RAISE(auto source, pool_->OpenObject(id.name));
    ARROW_RETURN_NOT_OK(CheckVersion(id, source->version(), source->size(), source->name()));
    return source;
  }

  // Returns once the call is on its way.
  Result<std::unique_ptr<Answer>> Run(Request request) override {
    if (const auto reason = refusals_->Find(pool_->PlacementGroupOf(request.fragment.name),
                                            std::chrono::steady_clock::now())) {
      return Refuse(request, *reason);
    }
    wire::Request asked{request.pipeline,
                        pool_->UriOf(request.fragment.name),
                        request.rows,
                        request.limits,
                        request.runtime_filters,
                        {wire::Codec::kNone, wire::Codec::kLz4},
                        /*packed_text=*/true,
                        options_.reply_bytes,
                        request.fragment.bytes};
    auto message = wire::EncodeRequest(asked, options_.call_ms);
    if (base::Is(message.status(), base::Code::kUnsupportedPlan)) {
      return Refuse(request, message.status().message());
    }
    ARROW_RETURN_NOT_OK(message.status());
    ARROW_RETURN_NOT_OK(request.stop.Poll());
    ARROW_ASSIGN_OR_RAISE(const auto version, VersionNumber(request.fragment));
    return std::make_unique<CalledAnswer>(
        Call{pool_, refusals_, std::move(request), std::move(asked), *std::move(message), version});
  }

 private:
  Result<std::optional<uint64_t>> VersionNumber(const FragmentId& id) const {
    if (id.version.empty()) return std::nullopt;
    uint64_t version = 0;
    const char* end = id.version.data() + id.version.size();
    const auto [parsed, error] = std::from_chars(id.version.data(), end, version);
    if (error == std::errc() && parsed == end) return version;
    return base::Invalid("'{}': '{}' is no version of an object", pool_->UriOf(id.name),
                         id.version);
  }

  std::shared_ptr<store::RadosPool> pool_;
  const RadosSiteOptions options_;
  const std::shared_ptr<Refusals> refusals_ = std::make_shared<Refusals>();
  Profile profile_{.kind = "rados", .location = "", .runs_pipelines = true, .remote = true};
};

}  // namespace

std::shared_ptr<Site> MakeRadosSite(std::shared_ptr<store::RadosPool> pool,
                                    const RadosSiteOptions& options) {
  return std::make_shared<RadosSite>(std::move(pool), options);
}

}  // namespace skyhook::site::rados
