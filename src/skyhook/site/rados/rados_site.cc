#include "skyhook/site/rados/rados_site.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/format/fragment.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/kernel_answer.h"
#include "skyhook/site/rados/scan_calls.h"
#include "skyhook/site/refusal.h"
#include "skyhook/wire/reply.h"

namespace skyhook::site::rados {
namespace {

using arrow::Result;
using arrow::Status;

/// The replies of calls that are under way; waits for them when it is pulled.
class CalledAnswer : public Answer {
 public:
  CalledAnswer(Request request, std::shared_ptr<ScanCalls> calls)
      : request_(std::move(request)), calls_(std::move(calls)) {
    outcome_.remaining.rows = request_.slice.rows;
  }
  ~CalledAnswer() override { calls_->Cancel(); }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (next_ == batches_.size()) {
      if (ended_) return nullptr;
      ARROW_ASSIGN_OR_RAISE(auto reply, calls_->Next(request_.stop));
      reply.has_value() ? Take(*std::move(reply)) : End(calls_->refusal());
    }
    return std::move(batches_[next_++]);
  }
  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  void Take(CalledReply called) {
    wire::Reply& reply = called.reply;
    const Status decoded = wire::DecodeReplyBody(*request_.pipeline, &reply);
    if (!decoded.ok()) return End(decoded.message());
    plan::Cost cost = outcome_.cost;
    cost += reply.outcome.cost;
    cost.rows_in = request_.slice.rows.num_rows();
    cost.network_bytes += called.bytes;
    outcome_ = std::move(reply.outcome);
    outcome_.cost = cost;
    outcome_.answered = request_.slice.rows.Subtract(outcome_.remaining.rows);
    const auto& layout = request_.fragment.layout;
    outcome_.version = std::to_string(called.version);
    if (layout != nullptr) outcome_.version = base::VersionOf(*layout, {outcome_.version});
    batches_ = std::move(reply.batches);
    next_ = 0;
  }

  // A refusal in the midst of an answer cuts it short: whoever asks for the rest hears of it.
  void End(const std::string& refusal) {
    calls_->Cancel();
    ended_ = true;
    if (refusal.empty() || !outcome_.answered.empty()) return;
    plan::Cost cost = outcome_.cost;
    cost.rows_in = 0;
    outcome_ = RefusedOutcome(request_, refusal);
    outcome_.cost = cost;
  }

  const Request request_;
  const std::shared_ptr<ScanCalls> calls_;
  bool ended_ = false;
  plan::Outcome outcome_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  size_t next_ = 0;
};

class RadosSite : public Site {
 public:
  RadosSite(std::shared_ptr<objects::RadosPool> pool, std::shared_ptr<base::Timer> timer)
      : context_(std::move(pool), std::move(timer)) {
    profile_.location = context_.pool->UriOf("");
  }

  const Profile& profile() const override { return profile_; }

  std::string WhyNot(const FragmentId& id) const override {
    if (id.layout == nullptr || id.layout->objects().size() == 1) return {};
    return "it does not lie in one object, which an OSD would have";
  }

  Result<FragmentDescription> Describe(const FragmentId& id) override {
    ARROW_ASSIGN_OR_RAISE(auto source, OpenBytes(id, {}));
    const int64_t bytes = source->size();
    ARROW_ASSIGN_OR_RAISE(const auto fragment, format::OpenFragment(std::move(source), {}, {}));
    return DescriptionOf(*fragment, id, bytes);
  }

  Result<std::shared_ptr<base::ByteSource>> OpenBytes(const FragmentId& id,
                                                      const arrow::StopToken& stop) override {
    const auto open = [&](const std::string& object) {
      return context_.pool->OpenObject(object, stop);
    };
    ARROW_ASSIGN_OR_RAISE(auto source, id.layout == nullptr
                                           ? open(id.name)
                                           : base::OpenLayout(*id.layout, id.name, open));
    ARROW_RETURN_NOT_OK(CheckVersion(id, source->version(), source->size(), source->name()));
    return source;
  }

  // Returns once the first call is on its way.
  Result<std::unique_ptr<Answer>> Run(Request request) override {
    const FragmentId& id = request.fragment;
    if (std::string reason = WhyNot(id); !reason.empty()) return Refuse(request, reason);
    const uint32_t group = context_.pool->PlacementGroupOf(ObjectOf(id));
    if (const auto reason = context_.refusals.Find(group, std::chrono::steady_clock::now())) {
      return Refuse(request, *reason);
    }
    ARROW_RETURN_NOT_OK(request.stop.Poll());
    ARROW_ASSIGN_OR_RAISE(const auto version, VersionNumber(id));
    auto calls = std::make_shared<ScanCalls>(&context_, request, version);
    const Status started = calls->Start();
    if (base::Is(started, base::Code::kUnsupportedPlan)) {
      return Refuse(request, started.message());
    }
    ARROW_RETURN_NOT_OK(started);
    return std::make_unique<CalledAnswer>(std::move(request), std::move(calls));
  }

 private:
  Result<std::optional<uint64_t>> VersionNumber(const FragmentId& id) const {
    if (id.version.empty()) return std::nullopt;
    uint64_t version = 0;
    const char* end = id.version.data() + id.version.size();
    const auto [parsed, error] = std::from_chars(id.version.data(), end, version);
    if (error == std::errc() && parsed == end) return version;
    // What follows tells layouts apart, and is the same for all versions of the object.
    if (error == std::errc() && id.layout != nullptr && *parsed == '/') return version;
    return base::Invalid("'{}': '{}' is no version of an object", context_.pool->UriOf(id.name),
                         id.version);
  }

  CallContext context_;
  Profile profile_{.kind = "rados", .location = "", .runs_pipelines = true, .remote = true};
};

}  // namespace

std::shared_ptr<Site> MakeRadosSite(std::shared_ptr<objects::RadosPool> pool,
                                    std::shared_ptr<base::Timer> timer) {
  return std::make_shared<RadosSite>(std::move(pool), std::move(timer));
}

}  // namespace skyhook::site::rados
