// What OSDs were found to lack, for a while: calls that would be refused again are not made.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace skyhook::site::rados {

/// By placement group, which is what a client knows of where an object lies. Thread-safe.
class Refusals {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// How long one is remembered: an OSD may be mended at any time.
  static constexpr std::chrono::seconds kRemembered{2};

  void Learn(uint32_t placement_group, const std::string& reason, Time now);
  /// The reason why a call would be refused.
  std::optional<std::string> Find(uint32_t placement_group, Time now);

 private:
  struct Refusal {
    std::string reason;
    Time until;
  };

  std::mutex mutex_;
  std::map<uint32_t, Refusal> by_group_;
};

}  // namespace skyhook::site::rados
