#include "skyhook/site/rados/refusals.h"

namespace skyhook::site::rados {

void Refusals::Learn(uint32_t placement_group, const std::string& reason, Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  by_group_[placement_group] = {reason, now + kRemembered};
}

std::optional<std::string> Refusals::Find(uint32_t placement_group, Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = by_group_.find(placement_group);
  if (found == by_group_.end()) return std::nullopt;
  if (now < found->second.until) return found->second.reason;
  by_group_.erase(found);
  return std::nullopt;
}

}  // namespace skyhook::site::rados
