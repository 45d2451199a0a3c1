#include "skyhook/base/timer.h"

#include <utility>

namespace skyhook::base {

Timer::~Timer() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Timer::Run(std::chrono::microseconds after, std::function<void()> function) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
    due_.emplace(Clock::now() + after, std::move(function));
  }
  changed_.notify_one();
}

void Timer::Work() noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ending_) {
    if (due_.empty()) {
      changed_.wait(lock);
    } else if (const auto first = due_.begin(); first->first > Clock::now()) {
      changed_.wait_until(lock, first->first);
    } else {
      std::function<void()> function = std::move(first->second);
      due_.erase(first);
      lock.unlock();
      function();
      function = nullptr;  // what it holds may take the lock as it goes
      lock.lock();
    }
  }
}

}  // namespace skyhook::base
