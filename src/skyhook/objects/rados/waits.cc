#include "skyhook/objects/rados/waits.h"

namespace skyhook::objects::rados {
namespace {

constexpr std::chrono::milliseconds kPeriod(100);

}  // namespace

std::shared_ptr<void> Waits::Begin(std::string what, arrow::StopToken stop) {
  if (observer_ == nullptr) return nullptr;
  const auto begun = std::make_shared<Begun>();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ending_) return nullptr;
  begun->wait = waits_.insert(
      waits_.end(), {std::make_shared<const std::string>(std::move(what)), std::move(stop)});
  begun->waits = this;
  try {
    if (!thread_.joinable()) thread_ = std::thread([this] { Watch(); });
  } catch (const std::system_error&) {
    // Without a thread nobody is told of waits, which go on.
  }
  if (idle_) changed_.notify_one();
  return begun;
}

Waits::Begun::~Begun() {
  if (waits == nullptr) return;
  const std::lock_guard<std::mutex> lock(waits->mutex_);
  waits->waits_.erase(wait);
}

void Waits::LeaveBehind() {
  if (observer_ != nullptr) observer_->LeftBehind();
}

void Waits::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

const Waits::Wait* Waits::Lasting() const {
  for (const Wait& wait : waits_) {
    if (Clock::now() - wait.begin < observer_->patience()) return nullptr;
    if (!wait.stop.IsStopRequested()) return &wait;
  }
  return nullptr;
}

void Waits::Watch() noexcept {
  bool told = false;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ending_) {
    const Wait* wait = Lasting();
    // A pointer, not a copy, which would need memory: the wait may end meanwhile.
    const std::shared_ptr<const std::string> what = wait == nullptr ? nullptr : wait->what;
    const auto lasted = wait == nullptr ? Clock::duration() : Clock::now() - wait->begin;
    lock.unlock();
    if (what != nullptr) {
      observer_->Lasts(*what, std::chrono::duration_cast<std::chrono::milliseconds>(lasted));
    } else if (told) {
      observer_->Ended();
    }
    told = what != nullptr;
    lock.lock();
    idle_ = waits_.empty() && !told;
    if (idle_) {
      changed_.wait(lock, [this] { return ending_ || !waits_.empty(); });
    } else {
      changed_.wait_for(lock, kPeriod, [this] { return ending_; });
    }
    idle_ = false;
  }
}

}  // namespace skyhook::objects::rados
