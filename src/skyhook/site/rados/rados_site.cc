#include "skyhook/site/rados/rados_site.h"

#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/site/called_batches.h"
#include "skyhook/site/object_bytes.h"
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
      : stop_(request.stop), calls_(std::move(calls)), answer_(std::move(request)) {}
  ~CalledAnswer() override { calls_->Cancel(); }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    while (!answer_.has_batch()) {
      if (answer_.has_ended()) return nullptr;
      ARROW_ASSIGN_OR_RAISE(auto reply, calls_->Next(stop_));
      if (reply.has_value()) {
        answer_.Take(std::move(reply->reply), std::to_string(reply->version), reply->bytes);
      } else {
        answer_.End(calls_->refusal());
      }
      if (answer_.has_ended()) calls_->Cancel();
    }
    return answer_.TakeBatch();
  }
  const plan::Outcome& outcome() const override { return answer_.outcome(); }

 private:
  const arrow::StopToken stop_;
  const std::shared_ptr<ScanCalls> calls_;
  CalledBatches answer_;
};

class RadosSite : public Site {
 public:
  RadosSite(std::shared_ptr<objects::RadosPool> pool, std::shared_ptr<base::Timer> timer)
      : context_(std::move(pool), std::move(timer)) {
    profile_.location = context_.pool->UriOf("");
  }

  const Profile& profile() const override { return profile_; }

  std::string WhyNot(const FragmentId& id) const override {
    if (LiesInOneObject(id)) return {};
    return "it does not lie in one object, which an OSD would have";
  }

  Result<FragmentDescription> Describe(const FragmentId& id) override {
    return DescribeObjects(id, Opener({}));
  }

  Result<std::shared_ptr<base::ByteSource>> OpenBytes(const FragmentId& id,
                                                      const arrow::StopToken& stop) override {
    return OpenObjects(id, Opener(stop));
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
  base::OpenObjectFunction Opener(const arrow::StopToken& stop) const {
    return
        [this, stop](const std::string& object) { return context_.pool->OpenObject(object, stop); };
  }

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
