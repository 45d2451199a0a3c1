// What a person at a terminal is told of waits for Ceph.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "skyhook/objects/rados_pool.h"

namespace skyhook::cli {

/// Says on standard error, if that is a terminal, what the program has been waiting for since two
/// seconds: once for a wait, and not more often than every four seconds.
class CephWaits : public objects::WaitObserver {
 public:
  CephWaits();

  void Lasts(const std::string& what, std::chrono::milliseconds lasted) noexcept override;
  void Ended() noexcept override;
  void LeftBehind() noexcept override { left_behind_ = true; }

  /// Whether the process has to end without `exit`.
  bool left_behind() const { return left_behind_; }

 private:
  using Clock = std::chrono::steady_clock;

  const bool enabled_;
  // Used by the thread that tells of waits alone.
  bool said_ = false;
  Clock::time_point quiet_until_{};

  std::atomic<bool> left_behind_ = false;
};

}  // namespace skyhook::cli
