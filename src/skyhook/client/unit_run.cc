#include "skyhook/client/unit_run.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/kernel_answer.h"

namespace skyhook::client {
arrow::Result<std::unique_ptr<site::Answer>> Puller::Run(site::Site* site, site::Request request) {
  plan::Cost opening;
  const site::FragmentId& id = request.fragment;
  if (fragment_ == nullptr || name_ != id.name || fragment_->version() != id.version) {
    fragment_.reset();
    name_ = id.name;
    ARROW_ASSIGN_OR_RAISE(auto source, site->OpenBytes(id, request.stop));
    format::ReadOptions options;
    options.budget = budget_;
    ARROW_ASSIGN_OR_RAISE(
        fragment_, format::OpenFragment(std::move(source), options, {&opening, request.stop}));
  }
  // Nothing is sent: to stop and go on would only read pages again.
  request.limits.reply_bytes = base::Limits::kUnlimited;
  return site::RunKernel({fragment_, opening, site->profile().remote}, std::move(request));
}

UnitRun::UnitRun(const TableFragment& fragment, site::Request request, bool push, Puller* puller)
    : site_(fragment.site),
      learnt_(fragment.learnt),
      request_(std::move(request)),
      puller_(puller),
      pull_(!push || !site_->profile().runs_pipelines) {}

arrow::Status UnitRun::Start() {
  return answer_ == nullptr && !request_.rows.empty() ? StartCall() : arrow::Status::OK();
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> UnitRun::Next() {
  while (answer_ != nullptr || !request_.rows.empty()) {
    if (answer_ == nullptr) ARROW_RETURN_NOT_OK(StartCall());
    const auto begin = std::chrono::steady_clock::now();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> batch, answer_->Next());
    if (!pull_ && site_->profile().remote) {
      finished_.wait_ns +=
          std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
    }
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

plan::Cost UnitRun::pushed_cost() const {
  plan::Cost cost = finished_pushed_;
  if (answer_ != nullptr && !pull_) cost += answer_->outcome().cost;
  return cost;
}

arrow::Status UnitRun::StartCall() {
  if (learnt_ != nullptr) request_.fragment.version = learnt_->Get();
  pulled_ = pulled_ || pull_;
  auto answer = pull_ ? puller_->Run(site_.get(), request_) : site_->Run(request_);
  return std::move(answer).Value(&answer_);
}

arrow::Status UnitRun::CheckVersion() {
  const std::string& read = answer_->outcome().version;
  if (read.empty()) return arrow::Status::OK();
  if (learnt_ != nullptr) return learnt_->Learn(read, request_.fragment.name);
  return site::CheckVersion(request_.fragment, read, -1, request_.fragment.name);
}

arrow::Status UnitRun::FinishCall() {
  const plan::Outcome& outcome = answer_->outcome();
  const bool refused = outcome.stopped_by == plan::StoppedBy::kRefused;
  const bool full = outcome.stopped_by == plan::StoppedBy::kRowLimit;
  const int64_t answered = request_.rows.num_rows() - outcome.remaining.num_rows();
  request_.rows = full ? plan::RowRanges() : outcome.remaining;
  request_.continuation = outcome.continuation;
  plan::Cost cost = outcome.cost;
  if (!refused) cost.rows_in -= request_.rows.num_rows();  // the next call counts them
  finished_ += cost;
  if (!pull_) finished_pushed_ += cost;
  if (refused) refusal_ = outcome.reason;
  pushed_ = pushed_ || (!pull_ && !refused);
  const bool stuck = answered == 0 && !request_.rows.empty() && !refused;
  if (stuck && !pull_ && site_->profile().remote) {
    refusal_ = fmt::format("a call ended by its {} limit without any answer",
                           plan::StoppedByName(outcome.stopped_by));
    pull_ = true;
  } else if (stuck || (refused && pull_)) {
    return base::LimitExceeded(
        "'{}': the call for rows {} ended by its {} limit without any answer",
        request_.fragment.name, request_.rows.ToString(), plan::StoppedByName(outcome.stopped_by));
  }
  pull_ = pull_ || refused;
  answer_.reset();
  return arrow::Status::OK();
}

}  // namespace skyhook::client
