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
  if (found == measured_.end()) return std::nullopt;
  const Measured& measured = found->second;
  return measured.seconds < kLeastSeconds ? measured.before : measured.bytes / measured.seconds;
}

bool Rates::ClaimTrial(const site::Site* site, Offer offer) {
  const std::optional<double> before = Of(site, offer);
  const std::lock_guard<std::mutex> lock(mutex_);
  Measured& measured = measured_[{site, offer}];
  if (measured.passes_left-- > 0) return false;
  const int passes = measured.passes;
  measured = {0, 0, before, passes, std::clamp(2 * passes, 1, kTryAgain)};
  return true;
}

}  // namespace skyhook::placement
