// Answers the rows of one unit, however many calls of the site, or of our own kernel, that takes.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <memory>
#include <string>

#include "skyhook/format/fragment.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/site/site.h"

namespace skyhook::client {

/// Runs pipelines in this process over bytes that a site hands out. Remembers the fragment that was
/// opened last. Not thread-safe.
class Puller {
 public:
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Site* site, site::Request request);

 private:
  std::shared_ptr<format::Fragment> fragment_;
};

/// Pulled by one thread at a time. A failed call ends the run: what it returned has been passed on.
class UnitRun {
 public:
  /// Asks `site` for `request`, and for what it leaves over again until nothing is left; what it
  /// refuses, `puller` (which outlives the run) does.
  UnitRun(std::shared_ptr<site::Site> site, site::Request request, Puller* puller);

  /// The next batch, null once every row of the request is answered.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next();

  /// What all calls have cost so far.
  plan::Cost cost() const;

 private:
  arrow::Status StartCall();
  arrow::Status FinishCall();
  /// Fails when the answer is of another version than was asked for: units must not be mixed.
  arrow::Status CheckVersion() const;

  std::shared_ptr<site::Site> site_;
  site::Request request_;  ///< its rows are those not answered yet
  Puller* puller_;
  bool pull_;
  std::unique_ptr<site::Answer> answer_;
  plan::Cost finished_;
};

}  // namespace skyhook::client
