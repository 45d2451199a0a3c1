#include "skyhook/client/unit_run.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "skyhook/base/cores.h"
#include "skyhook/base/status.h"
#include "skyhook/client/answer_ahead.h"
#include "skyhook/client/residual.h"
#include "skyhook/site/fragment_version.h"

namespace skyhook::client {

using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

UnitRun::UnitRun(std::shared_ptr<const PlacedFragment> placed,
                 std::shared_ptr<LearntVersion> learnt, site::Request request,
                 std::function<void(const site::Site*)> refused, WaitClocks* waits)
    : placed_(std::move(placed)),
      learnt_(std::move(learnt)),
      request_(std::move(request)),
      limit_(request_.pipeline->limit),
      refused_(std::move(refused)),
      waits_(waits) {}

arrow::Status UnitRun::Start() {
  return answer_ == nullptr && !request_.slice.rows.empty() ? StartCall() : arrow::Status::OK();
}

arrow::Result<BatchPtr> UnitRun::Next() {
  while (true) {
    if (!ready_.empty()) {
      BatchPtr batch = std::move(ready_.front());
      ready_.pop_front();
      if (limit_.has_value()) {
        if (batch->num_rows() > limit_->limit) batch = batch->Slice(0, limit_->limit);
        limit_->limit -= batch->num_rows();
      }
      return batch;
    }
    if (answer_ == nullptr && request_.slice.rows.empty()) return nullptr;
    if (answer_ == nullptr) ARROW_RETURN_NOT_OK(StartCall());
    if (IsFull()) {
      ARROW_RETURN_NOT_OK(FinishCall());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(BatchPtr batch, NextOfCall());
    ARROW_RETURN_NOT_OK(CheckVersion());
    if (batch == nullptr) {
      ARROW_RETURN_NOT_OK(FinishCall());
    } else if (attempt().pulls()) {
      ready_.push_back(std::move(batch));
    } else {
      ARROW_RETURN_NOT_OK(FinishBatch(std::move(batch)));
    }
  }
}

arrow::Result<BatchPtr> UnitRun::NextOfCall() {
  const auto begin = std::chrono::steady_clock::now();
  const Waiting waiting(attempt().pulls() ? &waits_->pulled : &waits_->pushed);
  if (attempt().pulls() && request_.core != nullptr) request_.core->Yield();
  const base::WithoutCore idle(attempt().is_elsewhere() ? request_.core : nullptr);
  ARROW_ASSIGN_OR_RAISE(BatchPtr batch, answer_->Next());
  if (attempt().is_elsewhere()) {
    finished_.wait_ns += std::chrono::nanoseconds(std::chrono::steady_clock::now() - begin).count();
  }
  return batch;
}

arrow::Status UnitRun::FinishBatch(BatchPtr batch) {
  const plan::Pipeline& asked = *attempt().pipeline;
  const plan::Applied applied = answer_->outcome().applied;
  std::vector<BatchPtr> batches{std::move(batch)};
  const auto finish = [&](const plan::SharedPipeline& rest) {
    return Finish(*OfWhatIsLeft(rest), request_, std::move(batches), &finished_);
  };
  if (!plan::IsWhole(asked, applied)) {
    ARROW_ASSIGN_OR_RAISE(const auto remaining, plan::Remaining(asked, applied));
    const auto expected = plan::SchemaAfter(asked, applied);
    if (!remaining.has_value() || !batches.front()->schema()->Equals(*expected)) {
      return Distrust("the site has done less than it was asked for, and the rest cannot be done");
    }
    ARROW_ASSIGN_OR_RAISE(batches, finish(*remaining));
  }
  if (attempt().residual.has_value() && !batches.empty()) {
    ARROW_ASSIGN_OR_RAISE(batches, finish(*attempt().residual));
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
  cost.rows_in = cost.rows_out = 0;  // the next call counts them
  finished_ += cost;
  finished_pushed_ += cost;
  answer_.reset();
  if (Decline(reason)) return arrow::Status::OK();
  return base::CorruptData("'{}': {}", request_.fragment.name, reason);
}

bool UnitRun::Decline(const std::string& reason) {
  if (attempt_ + 1 == placed_->attempts.size()) return false;
  refused_(attempt().site.get());
  refusals_.push_back(reason);
  ++attempt_;
  return true;
}

plan::Cost UnitRun::cost() const {
  plan::Cost cost = finished_;
  if (answer_ != nullptr) cost += answer_->outcome().cost;
  return cost;
}

plan::Cost UnitRun::pushed_cost() const {
  plan::Cost cost = finished_pushed_;
  if (answer_ != nullptr && !attempt().pulls()) cost += answer_->outcome().cost;
  return cost;
}

plan::SharedPipeline UnitRun::OfWhatIsLeft(const plan::SharedPipeline& part) const {
  if (!part->limit.has_value() || part->limit->limit == limit_->limit) return part;
  plan::Pipeline left = *part;
  left.limit = limit_;
  return left;
}

site::Request UnitRun::Asked() {
  if (learnt_ != nullptr) request_.fragment.version = learnt_->Get();
  site::Request asked = request_;
  asked.pipeline = OfWhatIsLeft(attempt().pipeline);
  // They are columns of the result.
  if (attempt().residual.has_value()) asked.dictionaries.clear();
  return asked;
}

void UnitRun::StartAhead(std::shared_ptr<base::Cores> cores, int64_t held_bytes) {
  pulled_ = true;
  const auto begin = [placed = placed_, site = attempt().site, asked = Asked()](
                         arrow::StopToken stop, base::Core* core) {
    site::Request request = asked;
    request.stop = std::move(stop);
    request.core = core;
    return placed->puller->Run(site.get(), std::move(request));
  };
  answer_ = std::make_unique<AnswerAhead>(begin, std::move(cores), held_bytes, request_.stop,
                                          request_.core);
}

void UnitRun::Stop() {
  if (auto* ahead = dynamic_cast<AnswerAhead*>(answer_.get())) ahead->Stop();
}

arrow::Status UnitRun::StartCall() {
  passed_on_ = false;
  site::Site* const site = attempt().site.get();
  site::Request asked = Asked();
  if (attempt().pulls()) {
    pulled_ = true;
    const Waiting waiting(&waits_->pulled);
    if (request_.core != nullptr) request_.core->Acquire();
    return placed_->puller->Run(site, std::move(asked)).Value(&answer_);
  }
  if (!site->capabilities().filters) asked.runtime_filters.clear();
  return site->Run(std::move(asked)).Value(&answer_);
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
  const bool pulls = attempt().pulls();
  const plan::Pipeline& asked = *attempt().pipeline;
  const bool asked_for_limit = asked.limit.has_value() || asked.top_k.has_value();
  const bool full =
      (outcome.stopped_by == plan::StoppedBy::kRowLimit && asked_for_limit) || IsFull();
  const int64_t answered = request_.slice.rows.num_rows() - outcome.remaining.rows.num_rows();
  request_.slice = full ? plan::Slice() : outcome.remaining;
  plan::Cost cost = outcome.cost;
  if (!refused) cost.rows_in -= request_.slice.rows.num_rows();  // the next call counts them
  finished_ += cost;
  if (!pulls) finished_pushed_ += cost;
  if (!pulls && !refused) answered_by_ = attempt().site.get();
  const bool is_stuck = answered == 0 && !request_.slice.rows.empty();
  const std::string limit = plan::StoppedByName(outcome.stopped_by);
  std::string reason = outcome.reason;
  answer_.reset();
  if (!refused && !is_stuck) return arrow::Status::OK();
  if (!refused) reason = fmt::format("a call ended by its {} limit without any answer", limit);
  if (Decline(reason)) return arrow::Status::OK();
  return base::LimitExceeded("'{}': nobody answers for rows {}: {}", request_.fragment.name,
                             request_.slice.rows.ToString(), reason);
}

}  // namespace skyhook::client
