#include "daemon/runs_or_fails.h"

#include <string>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"

namespace skyhook::daemon {

using arrow::Result;
using arrow::Status;

namespace {

class AnswerOrFailure : public site::Answer {
 public:
  AnswerOrFailure(std::unique_ptr<site::Answer> answer, std::string name)
      : answer_(std::move(answer)), name_(std::move(name)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    ARROW_ASSIGN_OR_RAISE(auto batch, answer_->Next());
    const plan::Outcome& outcome = answer_->outcome();
    if (batch != nullptr || outcome.stopped_by != plan::StoppedBy::kRefused) return batch;
    return base::MakeStatus(base::Code::kBusy,
                            fmt::format("cannot scan '{}': {}", name_, outcome.reason));
  }
  const plan::Outcome& outcome() const override { return answer_->outcome(); }

 private:
  const std::unique_ptr<site::Answer> answer_;
  const std::string name_;
};

class SiteOrFailure : public site::Site {
 public:
  explicit SiteOrFailure(std::shared_ptr<site::Site> site) : site_(std::move(site)) {}

  const site::Profile& profile() const override { return site_->profile(); }
  plan::Capabilities capabilities() const override { return site_->capabilities(); }
  Result<site::FragmentDescription> Describe(const site::FragmentId& id) override {
    return site_->Describe(id);
  }
  Result<std::vector<std::optional<plan::ColumnStatistics>>> Statistics(
      const site::FragmentId& id, const std::string& column) override {
    return site_->Statistics(id, column);
  }
  Result<std::shared_ptr<base::ByteSource>> OpenBytes(const site::FragmentId& id,
                                                      const arrow::StopToken&) override {
    return base::MakeStatus(base::Code::kBusy,
                            fmt::format("'{}' is not scanned outside of a sandbox", id.name));
  }
  Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    std::string name = request.fragment.name;
    ARROW_ASSIGN_OR_RAISE(auto answer, site_->Run(std::move(request)));
    return std::make_unique<AnswerOrFailure>(std::move(answer), std::move(name));
  }

 private:
  const std::shared_ptr<site::Site> site_;
};

}  // namespace

std::shared_ptr<site::Site> RunsOrFails(std::shared_ptr<site::Site> site) {
  return std::make_shared<SiteOrFailure>(std::move(site));
}

}  // namespace skyhook::daemon
