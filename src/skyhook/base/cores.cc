#include "skyhook/base/cores.h"

#include <chrono>
#include <utility>

namespace skyhook::base {
namespace {

// Between two looks at the stop token.
constexpr std::chrono::milliseconds kWaitStep{10};

}  // namespace

void Core::Acquire() {
  if (has_one_) return;
  std::unique_lock<std::mutex> lock(cores_->mutex_);
  if (cores_->free_ > 0) {
    --cores_->free_;
    has_one_ = true;
    return;
  }
  Cores::Waiter waiter;
  const auto place = cores_->waiters_.insert(cores_->waiters_.end(), &waiter);
  while (!waiter.has_one && !stop_.IsStopRequested()) cores_->changed_.wait_for(lock, kWaitStep);
  has_one_ = waiter.has_one;
  if (!has_one_) cores_->waiters_.erase(place);
}

bool Core::Release() noexcept {
  if (!has_one_) return false;
  has_one_ = false;
  if (std::exchange(is_borrowed_, false)) return true;
  {
    const std::lock_guard<std::mutex> lock(cores_->mutex_);
    if (cores_->waiters_.empty()) {
      ++cores_->free_;
      return true;
    }
    cores_->waiters_.front()->has_one = true;
    cores_->waiters_.pop_front();
  }
  cores_->changed_.notify_all();
  return true;
}

void Core::Yield() {
  if (!has_one_) return;
  if (!is_borrowed_) {
    const std::lock_guard<std::mutex> lock(cores_->mutex_);
    if (cores_->waiters_.empty()) return;
  }
  Release();
  Acquire();
}

}  // namespace skyhook::base
