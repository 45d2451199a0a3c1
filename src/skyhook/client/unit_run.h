// Answers the rows of one unit, however many calls of the site, or of our own kernel, that takes.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "skyhook/client/table.h"
#include "skyhook/format/fragment.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/plan/split.h"
#include "skyhook/site/site.h"

namespace skyhook::client {

/// Runs pipelines in this process over bytes that a site hands out. Remembers the fragment that was
/// opened last. Not thread-safe.
class Puller {
 public:
  /// `budget` is of what fragments keep that are opened here (format::ReadOptions).
  explicit Puller(std::shared_ptr<base::MemoryBudget> budget) : budget_(std::move(budget)) {}

  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Site* site, site::Request request);

 private:
  const std::shared_ptr<base::MemoryBudget> budget_;
  std::string name_;  ///< that fragment_ was opened as
  std::shared_ptr<format::Fragment> fragment_;
};

/// Pulled by one thread at a time. A failed call ends the run: what it returned has been passed on.
class UnitRun {
 public:
  /// Asks the fragment's site for `request` if `push` and the site runs pipelines, and for what it
  /// leaves over again until nothing is left; what it refuses, `puller` (which outlives the run)
  /// does.
  UnitRun(const TableFragment& fragment, site::Request request, bool push, Puller* puller);

  /// Sends the first call on its way. Next does if this was not called.
  arrow::Status Start();

  /// The next batch, null once every row of the request is answered.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next();

  /// What all calls have cost so far.
  plan::Cost cost() const;
  /// Of that, what calls at the site have.
  plan::Cost pushed_cost() const;
  /// What our own kernel was asked for.
  bool pulled() const { return pulled_; }
  /// What the site answered.
  bool pushed() const { return pushed_; }
  /// Why the site declined, if it did.
  const std::string& refusal() const { return refusal_; }

 private:
  /// No further row is needed: it would only have to be cut off here.
  bool IsFull() const {
    return split_.has_value() && request_.pipeline.limit.has_value() &&
           request_.pipeline.limit->limit == 0;
  }
  /// A part of the request's pipeline; of its limit, if it has it, what is left: rows behind the
  /// last that is needed are not computed.
  plan::Pipeline OfWhatIsLeft(plan::Pipeline part) const;
  arrow::Status StartCall();
  arrow::Status FinishCall();
  /// The next batch as the site or our own kernel gives it.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> NextOfCall();
  /// Does to a batch of the site what the site has not, and puts what comes of it into `finished`.
  arrow::Status FinishBatch(std::shared_ptr<arrow::RecordBatch> batch);
  /// The answer of the site is not used: our own kernel does its rows.
  arrow::Status Distrust(const std::string& reason);
  /// Fails when the answer is of another version than was asked for: units must not be mixed.
  arrow::Status CheckVersion();

  std::shared_ptr<site::Site> site_;
  std::shared_ptr<LearntVersion> learnt_;  ///< may be null
  site::Request request_;                  ///< its rows are those not answered yet
  /// What the site is asked for of the request's pipeline, and what is done here; set by the first
  /// call of the site.
  std::optional<plan::SplitPipeline> split_;
  std::deque<std::shared_ptr<arrow::RecordBatch>> ready_;
  bool passed_on_ = false;  ///< batches of the call under way
  Puller* puller_;
  bool pull_;
  bool pulled_ = false;
  bool pushed_ = false;
  std::string refusal_;
  std::unique_ptr<site::Answer> answer_;
  plan::Cost finished_;
  plan::Cost finished_pushed_;
};

}  // namespace skyhook::client
