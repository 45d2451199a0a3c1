// Runs functions after a while.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace skyhook::site::rados {

/// Runs them one after the other, on a thread that it starts when it has to. What is not due when
/// it goes is dropped. Thread-safe; must not go on its own thread. The functions must not throw.
class Later {
 public:
  Later() = default;
  ~Later();
  Later(const Later&) = delete;
  Later& operator=(const Later&) = delete;

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

}  // namespace skyhook::site::rados
