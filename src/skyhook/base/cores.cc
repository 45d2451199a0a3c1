#include "skyhook/base/cores.h"

#include <chrono>
#include <utility>

namespace skyhook::base {
namespace {

// Between two looks at the stop token.
constexpr std::chrono::milliseconds kWaitStep{10};

}  // namespace

void Cores::AddOne() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    GiveOne();
  }
  changed_.notify_all();
}

void Cores::Append(Waiter* waiter) {
  Waiter** end = &first_;
  while (*end != nullptr) end = &(*end)->next;
  *end = waiter;
}

void Cores::Remove(Waiter* waiter) {
  Waiter** at = &first_;
  while (*at != waiter) at = &(*at)->next;
  *at = waiter->next;
}

void Cores::GiveOne() {
  if (first_ == nullptr) {
    ++free_;
    return;
  }
  first_->has_one = true;
  first_ = first_->next;
}

void Core::Acquire() {
  if (has_one_) return;
  std::unique_lock<std::mutex> lock(cores_->mutex_);
  if (cores_->free_ > 0) {
    --cores_->free_;
    has_one_ = true;
    return;
  }
  Cores::Waiter waiter;
  cores_->Append(&waiter);
  while (!waiter.has_one && !stop_.IsStopRequested()) cores_->changed_.wait_for(lock, kWaitStep);
  has_one_ = waiter.has_one;
  if (!has_one_) cores_->Remove(&waiter);
}

bool Core::Release() noexcept {
  if (!has_one_) return false;
  has_one_ = false;
  if (!std::exchange(is_borrowed_, false)) cores_->AddOne();
  return true;
}

void Core::Yield() {
  if (!has_one_) return;
  if (!is_borrowed_) {
    const std::lock_guard<std::mutex> lock(cores_->mutex_);
    if (cores_->first_ == nullptr) return;
  }
  Release();
  Acquire();
}

}  // namespace skyhook::base
