// A fragment as one scan sees it: its pipeline, and the places that are asked for it.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/base/memory_budget.h"
#include "skyhook/client/specialisation.h"
#include "skyhook/client/table.h"
#include "skyhook/format/fragment.h"
#include "skyhook/placement/placement.h"
#include "skyhook/plan/shared_pipeline.h"
#include "skyhook/site/site.h"

namespace skyhook::client {

/// Runs pipelines in this process over the bytes of one fragment. Thread-safe: who comes first
/// opens it, for all.
class Puller {
 public:
  /// `budget` is of what the open fragment keeps (format::ReadOptions).
  explicit Puller(std::shared_ptr<base::MemoryBudget> budget) : budget_(std::move(budget)) {}

  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Site* site, site::Request request);

 private:
  arrow::Result<std::shared_ptr<format::Fragment>> Open(site::Site* site,
                                                        const site::Request& request,
                                                        plan::Cost* cost);

  const std::shared_ptr<base::MemoryBudget> budget_;
  std::timed_mutex mutex_;
  std::shared_ptr<format::Fragment> fragment_;
};

/// A place that is asked.
struct Attempt {
  std::shared_ptr<site::Site> site;
  placement::Offer offer = placement::Offer::kBytes;
  /// What it is asked for, or what our own kernel does with its bytes.
  plan::SharedPipeline pipeline;
  /// What is done here to the batches.
  std::optional<plan::SharedPipeline> residual = std::nullopt;

  bool pulls() const { return offer == placement::Offer::kBytes; }
  /// Whether its calls run beside what is done here.
  bool is_elsewhere() const { return !pulls() && site->profile().remote; }
  bool PullsOverNetwork() const { return pulls() && site->profile().remote; }
};

struct PlacedFragment {
  std::shared_ptr<const Specialisation> specialisation;
  /// At least one; the next when one refuses.
  std::vector<Attempt> attempts;
  std::shared_ptr<Puller> puller;
  /// Bytes expected to travel for each row of the fragment, if its own site is remote: when that
  /// runs the pipeline, and when it hands out bytes.
  double expected_pushed = 0;
  double expected_pulled = 0;
  /// Why the pipelines of its own site are not on offer, or not asked for although few bytes would
  /// travel; empty: they are, or it runs none.
  std::string declined;
};

/// All places of the fragment are candidates, each for what it can do; `learnt` puts them in order.
arrow::Result<std::shared_ptr<const PlacedFragment>> PlaceFragment(
    const Table& table, const TableFragment& fragment, const plan::SharedPipeline& pipeline,
    placement::Mode mode, const placement::Progress& progress, placement::Learnt* learnt);

}  // namespace skyhook::client
