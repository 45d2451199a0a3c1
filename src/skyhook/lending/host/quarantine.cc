#include "skyhook/lending/host/quarantine.h"

#include <algorithm>
#include <functional>

namespace skyhook::lending {
namespace {

uint64_t KeyOf(const Suspect& suspect) {
  uint64_t key = std::hash<std::string_view>()(suspect.pipeline);
  for (const uint64_t part : {suspect.object_bytes, static_cast<uint64_t>(suspect.object_mtime)}) {
    key ^= part + 0x9e3779b97f4a7c15u + (key << 6) + (key >> 2);
  }
  return key;
}

}  // namespace

int64_t Quarantine::RefusedFor(const Suspect& suspect, int64_t now_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = records_.find(KeyOf(suspect));
  if (found == records_.end() || found->second.strikes < kStrikes) return 0;
  const int64_t left = found->second.last_ms + duration_ms_ - now_ms;
  if (left > 0) return left;
  records_.erase(found);
  return 0;
}

void Quarantine::Strike(const Suspect& suspect, int64_t now_ms) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (records_.size() >= kMostSuspects) Forget(now_ms);
  Record& record = records_[KeyOf(suspect)];
  if (record.last_ms + duration_ms_ <= now_ms) record.strikes = 0;
  ++record.strikes;
  record.last_ms = now_ms;
}

// Those whose time is over, or else the oldest.
void Quarantine::Forget(int64_t now_ms) {
  std::erase_if(records_,
                [&](const auto& entry) { return entry.second.last_ms + duration_ms_ <= now_ms; });
  if (records_.size() < kMostSuspects) return;
  records_.erase(std::min_element(
      records_.begin(), records_.end(),
      [](const auto& a, const auto& b) { return a.second.last_ms < b.second.last_ms; }));
}

}  // namespace skyhook::lending
