// Runs functions after a while.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace skyhook::base {

/// Runs them one after the other, on a thread that it starts when it has to, so that they have to
/// be short. What is not due when the timer goes is dropped. Thread-safe; must not go on its own
/// thread. The functions must not throw.
class Timer {
 public:
  Timer() = default;
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Throws where there is no memory, or no thread: the function is not run then.
  void Run(std::chrono::microseconds after, std::function<void()> function);

 private:
  using Clock = std::chrono::steady_clock;

  void Work() noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, std::function<void()>> due_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace skyhook::base
