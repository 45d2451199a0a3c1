#include "skyhook/client/unit_run.h"

#include <algorithm>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/exec/run.h"
#include "skyhook/site/fragment_version.h"

namespace skyhook::client {
namespace {

class PulledAnswer : public site::Answer {
 public:
  PulledAnswer(std::unique_ptr<exec::Execution> execution, plan::Cost opening)
      : execution_(std::move(execution)), opening_(opening) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    arrow::Result<std::shared_ptr<arrow::RecordBatch>> batch = execution_->Next();
    outcome_ = execution_->outcome();
    outcome_.cost += opening_;
    return batch;
  }
  const plan::Outcome& outcome() const override { return outcome_; }

 private:
  std::unique_ptr<exec::Execution> execution_;
  plan::Cost opening_;
  plan::Outcome outcome_;
};

}  // namespace

arrow::Result<std::unique_ptr<site::Answer>> Puller::Run(site::Site* site, site::Request request) {
  plan::Cost opening;
  const site::FragmentId& id = request.fragment;
  if (fragment_ == nullptr || fragment_->name() != id.name || fragment_->version() != id.version) {
    ARROW_ASSIGN_OR_RAISE(auto source, site->OpenBytes(id));
    ARROW_ASSIGN_OR_RAISE(fragment_,
                          format::OpenFragment(std::move(source), {}, {&opening, request.stop}));
  }
  exec::RunRequest run{std::move(request.rows), request.limits, std::move(request.runtime_filters),
                       request.stop};
  ARROW_ASSIGN_OR_RAISE(auto execution, exec::Run(request.pipeline, fragment_, std::move(run)));
  return std::make_unique<PulledAnswer>(std::move(execution), opening);
}

UnitRun::UnitRun(std::shared_ptr<site::Site> site, site::Request request, Puller* puller)
    : site_(std::move(site)),
      request_(std::move(request)),
      puller_(puller),
      pull_(!site_->profile().runs_pipelines) {}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> UnitRun::Next() {
  while (answer_ != nullptr || !request_.rows.empty()) {
    if (answer_ == nullptr) ARROW_RETURN_NOT_OK(StartCall());
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, answer_->Next());
    ARROW_RETURN_NOT_OK(CheckVersion());
    if (batch == nullptr) {
      ARROW_RETURN_NOT_OK(FinishCall());
      continue;
    }
    if (auto& limit = request_.pipeline.limit) {
      limit->limit = std::max<int64_t>(limit->limit - batch->num_rows(), 0);
    }
    return batch;
  }
  return nullptr;
}

plan::Cost UnitRun::cost() const {
  plan::Cost cost = finished_;
  if (answer_ != nullptr) cost += answer_->outcome().cost;
  return cost;
}

arrow::Status UnitRun::StartCall() {
  auto answer = pull_ ? puller_->Run(site_.get(), request_) : site_->Run(request_);
  return std::move(answer).Value(&answer_);
}

arrow::Status UnitRun::CheckVersion() const {
  const std::string& read = answer_->outcome().version;
  if (read.empty()) return arrow::Status::OK();
  return site::CheckVersion(request_.fragment, read, request_.fragment.name);
}

arrow::Status UnitRun::FinishCall() {
  const plan::Outcome& outcome = answer_->outcome();
  const bool refused = outcome.stopped_by == plan::StoppedBy::kRefused;
  const bool full = outcome.stopped_by == plan::StoppedBy::kRowLimit;
  const int64_t answered = request_.rows.num_rows() - outcome.remaining.num_rows();
  request_.rows = full ? plan::RowRanges() : outcome.remaining;
  finished_ += outcome.cost;
  if (!refused) finished_.rows_in -= request_.rows.num_rows();  // the next call counts them
  if (answered == 0 && !request_.rows.empty() && (pull_ || !refused)) {
    return base::LimitExceeded(
        "'{}': the call for rows {} ended by its {} limit without any answer",
        request_.fragment.name, request_.rows.ToString(), plan::StoppedByName(outcome.stopped_by));
  }
  pull_ = pull_ || refused;
  answer_.reset();
  return arrow::Status::OK();
}

}  // namespace skyhook::client
