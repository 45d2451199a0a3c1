// How long a scan has waited for its places.
#pragma once

#include <chrono>
#include <mutex>
#include <utility>

namespace skyhook::client {

/// The time in which at least one thread has waited. Thread-safe.
class WaitClock {
 public:
  void Begin() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_++ == 0) since_ = Clock::now();
  }
  void End() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (--waiting_ == 0) waited_ += Clock::now() - since_;
  }
  /// Seconds since the last call.
  double Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_ > 0) {
      const Clock::time_point now = Clock::now();
      waited_ += now - std::exchange(since_, now);
    }
    return std::chrono::duration<double>(std::exchange(waited_, Clock::duration::zero())).count();
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::mutex mutex_;
  int waiting_ = 0;
  Clock::time_point since_;
  Clock::duration waited_ = Clock::duration::zero();
};

/// Waits as long as it lives.
class Waiting {
 public:
  explicit Waiting(WaitClock* clock) : clock_(clock) { clock_->Begin(); }
  ~Waiting() { clock_->End(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  WaitClock* const clock_;
};

/// Of one scan, by what its places do.
struct WaitClocks {
  WaitClock pushed;
  WaitClock pulled;
};

}  // namespace skyhook::client
