#include "daemon/calls.h"

#include <chrono>
#include <utility>

#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"

namespace skyhook::daemon {

using arrow::Status;

namespace {

constexpr std::chrono::milliseconds kLook(20);

}  // namespace

Call::Call(Calls* calls, Load load, const arrow::flight::ServerCallContext* context)
    : calls_(calls), load_(load), context_(context) {}

Call::~Call() { calls_->Leave(this); }

Calls::~Calls() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

arrow::Result<std::shared_ptr<Call>> Calls::Begin(const arrow::flight::ServerCallContext& context,
                                                  Load load) {
  // The call, once it is made, takes the lock when it goes.
  auto call = std::make_shared<Call>(this, load, &context);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) return base::MakeStatus(base::Code::kUnreachable, "the daemon is ending");
  const int light = static_cast<int>(running_.size()) - heavy_;
  const int most = load == Load::kHeavy ? most_ : 4 * most_;
  if ((load == Load::kHeavy ? heavy_ : light) >= most) {
    ++refused_;
    return base::MakeStatus(base::Code::kBusy,
                            fmt::format("{} calls are under way, as many as may be", most));
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { Watch(); });
  running_.insert(call.get());
  if (load == Load::kHeavy) ++heavy_;
  ++begun_;
  changed_.notify_all();
  return call;
}

void Calls::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
}

void Calls::StopAll() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  for (Call* call : running_) Stop(call);
}

// Asked again at the next look where there is no memory.
void Calls::Stop(Call* call) {
  if (call->stopped_) return;
  base::UnlessMemoryLacks([call] {
    call->source_.RequestStop();
    call->stopped_ = true;
  });
}

int64_t Calls::begun() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return begun_;
}

int64_t Calls::refused() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return refused_;
}

int Calls::running() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return static_cast<int>(running_.size());
}

void Calls::Leave(Call* call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (running_.erase(call) != 0 && call->load_ == Load::kHeavy) --heavy_;
}

// The lock is held while a context is asked, so that it does not go meanwhile.
void Calls::Watch() noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!ending_) {
    if (running_.empty()) {
      changed_.wait(lock, [this] { return ending_ || !running_.empty(); });
      continue;
    }
    for (Call* call : running_) {
      if (!call->stopped_ && call->context_->is_cancelled()) Stop(call);
    }
    changed_.wait_for(lock, kLook, [this] { return ending_; });
  }
}

}  // namespace skyhook::daemon
