// Answers the rows of one unit, however many calls of the site, or of our own kernel, that takes.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/cores.h"
#include "skyhook/client/placed_fragment.h"
#include "skyhook/client/table.h"
#include "skyhook/client/wait_clock.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/site/site.h"

namespace skyhook::client {

/// Pulled by one thread at a time. A failed call ends the run: what it returned has been passed on.
class UnitRun {
 public:
  /// Asks the first of the fragment's places for `request`, and for what it leaves over again until
  /// nothing is left; what a place refuses, or answers so that it cannot be used, the next one is
  /// asked for. `refused` hears of each such site before. `waits` outlives the run.
  UnitRun(std::shared_ptr<const PlacedFragment> placed, std::shared_ptr<LearntVersion> learnt,
          site::Request request, std::function<void(const site::Site*)> refused, WaitClocks* waits);

  /// Sends the first call on its way. Next does if this was not called.
  arrow::Status Start();
  /// Has our own kernel begin on a thread of its own, of whose batches `held_bytes` bytes wait.
  /// Only where the bytes of the fragment are to be read here.
  void StartAhead(std::shared_ptr<base::Cores> cores, int64_t held_bytes);

  /// Ends what works ahead: no further batch is wanted, and the cost is what it was.
  void Stop();

  /// The next batch, null once every row of the request is answered.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next();

  /// What all calls have cost so far.
  plan::Cost cost() const;
  /// Of that, what calls at the site have.
  plan::Cost pushed_cost() const;
  /// Whether our own kernel was asked.
  bool pulled() const { return pulled_; }
  /// The site that has answered by running a pipeline, if any has.
  const site::Site* answered_by() const { return answered_by_; }
  /// Why places declined, or what was wrong with their answers.
  const std::vector<std::string>& refusals() const { return refusals_; }

 private:
  /// No further row is needed: it would only have to be cut off here.
  bool IsFull() const { return !attempt().pulls() && limit_.has_value() && limit_->limit == 0; }
  /// A part of the request's pipeline; of its limit, if it has it, what is left: rows behind the
  /// last that is needed are not computed.
  plan::SharedPipeline OfWhatIsLeft(const plan::SharedPipeline& part) const;
  arrow::Status StartCall();
  /// What the place is asked for.
  site::Request Asked();
  arrow::Status FinishCall();
  /// The next batch as the site or our own kernel gives it.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextOfCall();
  /// Does to a batch of the site what the site has not, and puts what comes of it into `finished`.
  arrow::Status FinishBatch(std::shared_ptr<arrow::RecordBatch> batch);
  /// The answer of a site that ran the pipeline is not used: the next place is asked for its rows.
  arrow::Status Distrust(const std::string& reason);
  const Attempt& attempt() const { return placed_->attempts[attempt_]; }
  /// Goes to the next place; false when there is none.
  bool Decline(const std::string& reason);
  /// Fails when the answer is of another version than was asked for: units must not be mixed.
  arrow::Status CheckVersion();

  std::shared_ptr<const PlacedFragment> placed_;
  size_t attempt_ = 0;
  std::shared_ptr<LearntVersion> learnt_;  ///< may be null
  site::Request request_;                  ///< its rows are those not answered yet
  std::optional<plan::Limit> limit_;       ///< of the request's pipeline, what is left
  std::deque<std::shared_ptr<arrow::RecordBatch>> ready_;
  bool passed_on_ = false;  ///< batches of the call under way
  bool pulled_ = false;
  const site::Site* answered_by_ = nullptr;
  std::vector<std::string> refusals_;
  const std::function<void(const site::Site*)> refused_;
  WaitClocks* const waits_;
  std::unique_ptr<site::Answer> answer_;
  plan::Cost finished_;
  plan::Cost finished_pushed_;
};

}  // namespace skyhook::client
