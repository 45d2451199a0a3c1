#include "skyhook/placement/rates.h"

#include <algorithm>

namespace skyhook::placement {

void Rates::Add(const site::Site* site, Offer offer, int64_t bytes, double seconds) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Measured& measured = measured_[{site, offer}];
  measured.bytes += static_cast<double>(bytes);
  measured.seconds += seconds;
  if (measured.seconds < kSecondsRemembered) return;
  measured.bytes /= 2;
  measured.seconds /= 2;
}

std::optional<double> Rates::Of(const site::Site* site, Offer offer) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = measured_.find({site, offer});
  return found == measured_.end() ? std::nullopt : RateOf(offer, found->second);
}

std::optional<double> Rates::RateOf(Offer offer, const Measured& measured) {
  if (measured.seconds < kLeastSeconds) return measured.before;
  const double rate = measured.bytes / measured.seconds;
  // One call alone is slower than several at a time are.
  const bool alone = offer == Offer::kPipelines && measured.seconds < kLeastSecondsOfCalls;
  return alone ? std::max(rate, measured.before.value_or(0)) : rate;
}

bool Rates::ClaimTrial(const site::Site* site, Offer offer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Measured& measured = measured_[{site, offer}];
  if (measured.passes_left-- > 0) return false;
  measured.passes_left = measured.passes;
  measured.passes = std::clamp(2 * measured.passes, 1, kTryAgain);
  if (measured.seconds < kLeastSeconds) return true;  // trials that are short add up
  measured.before = RateOf(offer, measured);
  measured.bytes = measured.seconds = 0;
  return true;
}

}  // namespace skyhook::placement
