#include "skyhook/client/unit_run.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/client/residual.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/kernel_answer.h"

namespace skyhook::client {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

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

arrow::Result<BatchPtr> UnitRun::Next() {
  while (true) {
    if (!ready_.empty()) {
      BatchPtr batch = std::move(ready_.front());
      ready_.pop_front();
      if (auto& limit = request_.pipeline.limit) {
        if (batch->num_rows() > limit->limit) batch = batch->Slice(0, limit->limit);
        limit->limit -= batch->num_rows();
      }
      return batch;
    }
    if (answer_ == nullptr && request_.rows.empty()) return nullptr;
    if (answer_ == nullptr) ARROW_RETURN_NOT_OK(StartCall());
    if (IsFull()) {
      ARROW_RETURN_NOT_OK(FinishCall());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, NextOfCall());
    ARROW_RETURN_NOT_OK(CheckVersion());
    if (batch == nullptr) {
      ARROW_RETURN_NOT_OK(FinishCall());
    } else if (pull_) {
      ready_.push_back(std::move(batch));
    } else {
      ARROW_RETURN_NOT_OK(FinishBatch(std::move(batch)));
    }
  }
}

arrow::Result<BatchPtr> UnitRun::NextOfCall() {
  const auto begin = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(BatchPtr batch, answer_->Next());
  if (!pull_ && site_->profile().remote) {
    finished_.wait_ns += std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
  }
  return batch;
}

arrow::Status UnitRun::FinishBatch(BatchPtr batch) {
  const plan::Pipeline& asked = split_->pushed;
  const plan::Applied applied = answer_->outcome().applied;
  std::vector<BatchPtr> batches{std::move(batch)};
  const auto finish = [&](const plan::Pipeline& rest) {
    return Finish(OfWhatIsLeft(rest), request_.fragment.name, std::move(batches), request_.limits,
                  request_.stop, &finished_);
  };
  if (!plan::IsWhole(asked, applied)) {
    ARROW_ASSIGN_OR_RAISE(const auto remaining, plan::Remaining(asked, applied));
    const auto expected = plan::SchemaAfter(asked, applied);
    if (!remaining.has_value() || !batches.front()->schema()->Equals(*expected)) {
      return Distrust("the site has done less than it was asked for, and the rest cannot be done");
    }
    ARROW_ASSIGN_OR_RAISE(batches, finish(*remaining));
  }
  if (split_->residual.has_value() && !batches.empty()) {
    ARROW_ASSIGN_OR_RAISE(batches, finish(*split_->residual));
  }
  passed_on_ = passed_on_ || !batches.empty();
  for (BatchPtr& one : batches) ready_.push_back(std::move(one));
  return arrow::Status::OK();
}

arrow::Status UnitRun::Distrust(const std::string& reason) {
  if (passed_on_) {
    return base::CorruptData("'{}': {}, after batches that were whole", request_.fragment.name,
                             reason);
  }
  plan::Cost cost = answer_->outcome().cost;
  cost.rows_in = cost.rows_out = 0;  // the call of our own kernel counts them
  finished_ += cost;
  refusal_ = reason;
  pull_ = true;
  answer_.reset();
  return arrow::Status::OK();
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

plan::Pipeline UnitRun::OfWhatIsLeft(plan::Pipeline part) const {
  if (part.limit.has_value()) part.limit = request_.pipeline.limit;
  return part;
}

arrow::Status UnitRun::StartCall() {
  if (learnt_ != nullptr) request_.fragment.version = learnt_->Get();
  passed_on_ = false;
  if (!pull_ && !split_.has_value()) {
    ARROW_ASSIGN_OR_RAISE(split_, plan::Split(request_.pipeline, site_->capabilities()));
    if (!split_.has_value()) {
      refusal_ = "the site can do no part of it";
      pull_ = true;
    }
  }
  if (pull_) {
    pulled_ = true;
    return puller_->Run(site_.get(), request_).Value(&answer_);
  }
  site::Request asked = request_;
  asked.pipeline = OfWhatIsLeft(split_->pushed);
  if (!site_->capabilities().filters) asked.runtime_filters.clear();
  return site_->Run(std::move(asked)).Value(&answer_);
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
  const bool asked_for_limit = pull_ || split_->pushed.limit.has_value();
  const bool full =
      (outcome.stopped_by == plan::StoppedBy::kRowLimit && asked_for_limit) || IsFull();
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
