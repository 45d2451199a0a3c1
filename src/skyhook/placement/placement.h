// Which of the places that could answer for a fragment are asked, in which order. Pure: decides
// from what it is told.
#pragma once

#include <arrow/result.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/placement/rates.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/statistics.h"
#include "skyhook/site/site.h"

namespace skyhook::placement {

enum class Mode : uint8_t {
  /// Beside the fragment where that is expected to move far fewer bytes, and was not slower lately.
  kAuto,
  kPush,  ///< beside the fragment, unless its site declines
  kPull,
};

/// Of "auto", "push" or "pull"; else Invalid, naming the text.
arrow::Result<Mode> ParseMode(const std::string& text);
const char* ModeName(Mode mode);

/// What is known of one column of a pipeline's input in a fragment.
struct ColumnFacts {
  std::optional<plan::ColumnStatistics> statistics;
  std::optional<int64_t> bytes;  ///< stored
};

/// What is expected to travel, in bytes per row of the fragment.
struct Estimate {
  double pushed = 0;  ///< of a reply
  double pulled = 0;  ///< of what our own kernel reads
  /// Of a reply, for each row that comes out.
  double row_bytes = 0;
};

/// Out of statistics alone: values are taken to be spread evenly between their bounds, and
/// predicates to be independent, but for those that bound one column; where nothing is known, a
/// predicate keeps every fifth row.
/// Aggregates are taken to return next to nothing: the first reply tells.
Estimate EstimateOf(const plan::Pipeline& pipeline, int64_t rows, int64_t fragment_bytes,
                    const std::function<ColumnFacts(int column)>& facts);

/// The share of rows, in [0, 1], that a predicate is expected to keep.
double SelectivityOf(const plan::Expression& predicate, const plan::StatisticsLookup& statistics);

/// A place that could answer.
struct Candidate {
  const site::Site* site = nullptr;
  Offer offer = Offer::kBytes;
  /// Of what it is asked for; of a place that hands out bytes, `pulled` counts, else the others do.
  Estimate estimate;
};

/// What calls of a site have moved.
struct Pushed {
  int64_t rows = 0;         ///< examined there
  int64_t reply_bytes = 0;  ///< for these rows
};

/// What was moved for our own kernel.
struct Pulled {
  int64_t rows = 0;  ///< examined here
  int64_t rows_out = 0;
  int64_t read_bytes = 0;  ///< for these rows
};

/// How far a scan has got.
struct Progress {
  int64_t rows_left = 0;  ///< with those of the fragment that is placed
  bool is_first = true;   ///< the fragment is the first one: nothing else is under way
};

/// What one scan has learnt of the places that it asked. Not thread-safe.
class Learnt {
 public:
  /// Refusals in a row after which Mode::kAuto does without a site.
  static constexpr int kMostRefusals = 4;
  /// Which is asked again for one fragment of so many.
  static constexpr int kAskAgain = 16;

  /// `rates` of what scans of the session have measured; null: each fragment is placed by bytes
  /// alone.
  explicit Learnt(std::shared_ptr<Rates> rates) : rates_(std::move(rates)) {}
  Learnt() = default;

  void Add(const site::Site* site, const Pushed& pushed);
  void Add(const Pulled& pulled);
  void Answered(const site::Site* site) { sites_[site].refused = 0; }
  void Refused(const site::Site* site) { ++sites_[site].refused; }
  /// Whether any site has examined rows.
  bool has_pushed() const { return has_pushed_; }

  /// The places to ask for the next fragment, by their numbers among `candidates`: the next one
  /// when one refuses. Those that run pipelines keep their order among each other. What was
  /// measured of a place stands in for what is estimated of it. At least one, unless there are no
  /// candidates.
  std::vector<size_t> Order(Mode mode, std::span<const Candidate> candidates,
                            const Progress& progress);
  /// Whether the last order left a site out because scanning here was faster, or to see whether it
  /// is.
  bool left_out_for_speed() const { return left_out_for_speed_; }
  /// Whether the last order was given to see how fast the first place is.
  bool is_trial() const { return is_trial_; }

 private:
  struct OfSite {
    Pushed pushed;
    int refused = 0;  ///< in a row
    int passed_over = 0;
  };

  bool IsWorthAsking(const Candidate& candidate, double pulled);
  /// As far as rates tell; where nothing is known of what handing out bytes takes, and a scan would
  /// gain from it, one fragment tells.
  bool IsFaster(const site::Site* site, const site::Site* of_bytes, double pulled_left,
                bool is_first);
  bool ClaimTrial(const site::Site* site, Offer offer);
  /// Bytes expected to travel for each row of the fragment.
  double PushedBytes(const Candidate& candidate) const;
  double PulledBytes(std::span<const Candidate> candidates) const;

  std::map<const site::Site*, OfSite> sites_;
  std::shared_ptr<Rates> rates_;
  Pulled pulled_;
  bool has_pushed_ = false;
  bool left_out_for_speed_ = false;
  bool is_trial_ = false;
};

}  // namespace skyhook::placement
