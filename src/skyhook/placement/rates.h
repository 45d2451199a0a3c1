// How fast places have answered: what scans of one session tell each other.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "skyhook/site/site.h"

namespace skyhook::placement {

/// What a place offers for a fragment.
enum class Offer : uint8_t {
  kPipelines,  ///< to run them: what comes out travels
  kBytes,      ///< to hand out bytes: what our own kernel reads of them travels
};

/// Bytes of fragments that the kernel has read, wherever it ran, in the time that scans waited for
/// it: which is shorter where several places work at once. Thread-safe.
class Rates {
 public:
  /// What was measured in less time says nothing.
  static constexpr double kLeastSeconds = 0.05;
  /// In less time, what is known of pipelines counts only where it is more than before.
  static constexpr double kLeastSecondsOfCalls = 0.5;
  /// What was measured before so much time counts half.
  static constexpr double kSecondsRemembered = 4;
  /// An offer that was slower is tried again when that could have been done 0, 1, 2, 4, 8 and 16
  /// times, and from then on each so many times.
  static constexpr int kTryAgain = 16;

  void Add(const site::Site* site, Offer offer, int64_t bytes, double seconds);
  /// Bytes a second, lately; nothing where nothing is known.
  std::optional<double> Of(const site::Site* site, Offer offer) const;
  /// Whether an offer that would be passed over is to be tried: the first time that somebody asks,
  /// and then now and then. What a trial shows takes the place of what was known: the first bytes
  /// that a process pulls take several times as long as others. Asked where nothing else is under
  /// way, which would slow it down.
  bool ClaimTrial(const site::Site* site, Offer offer);

 private:
  struct Measured {
    double bytes = 0;
    double seconds = 0;
    std::optional<double> before;  ///< what was known when the last trial began
    int passes_left = 0;           ///< until it is tried
    int passes = 0;                ///< between this trial and the next
  };

  static std::optional<double> RateOf(Offer offer, const Measured& measured);

  mutable std::mutex mutex_;
  std::map<std::pair<const site::Site*, Offer>, Measured> measured_;
};

}  // namespace skyhook::placement
