// What is waited for in a cluster of Ceph: so that a wait can be shown, and left.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>
#include <arrow/util/future.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "skyhook/base/exceptions.h"
#include "skyhook/objects/rados_pool.h"

namespace skyhook::objects::rados {

/// The waits for one cluster that are under way. Tells an observer, if there is one, of the oldest
/// of those that last, from a thread of its own that is started for the first wait. Thread-safe.
class Waits {
 public:
  explicit Waits(std::shared_ptr<WaitObserver> observer) : observer_(std::move(observer)) {}
  ~Waits() { Stop(); }
  Waits(const Waits&) = delete;
  Waits& operator=(const Waits&) = delete;

  /// A wait for `what`, from now until the last copy of what is returned goes. It is not told of
  /// any more once `stop` is requested. Must not outlive this.
  std::shared_ptr<void> Begin(std::string what, arrow::StopToken stop);
  /// Somebody has left a wait whose thread is still within librados.
  void LeaveBehind();
  /// Ends the thread: nobody is told anything any more.
  void Stop();

 private:
  using Clock = std::chrono::steady_clock;
  struct Wait {
    std::shared_ptr<const std::string> what;
    arrow::StopToken stop;
    Clock::time_point begin = Clock::now();
  };

  /// What Begin returns.
  struct Begun {
    ~Begun();
    Waits* waits = nullptr;
    std::list<Wait>::iterator wait;
  };

  void Watch() noexcept;
  /// With the lock held: the oldest wait that lasts, or null.
  const Wait* Lasting() const;

  const std::shared_ptr<WaitObserver> observer_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Wait> waits_;  // the oldest first
  bool ending_ = false;
  bool idle_ = false;  // the thread waits for a wait
  std::thread thread_;
};

/// Waits for `future`. When `stop` is requested, this returns what it says after `grace` at the
/// latest, and what is waited for goes on by itself.
template <typename T>
arrow::Result<T> Await(arrow::Future<T> future, const arrow::StopToken& stop,
                       std::chrono::milliseconds grace = {}) {
  constexpr std::chrono::duration<double> kStep = std::chrono::milliseconds(5);
  std::chrono::duration<double> left = grace;
  while (!future.Wait(kStep.count())) {
    const arrow::Status stopped = stop.Poll();
    if (stopped.ok()) continue;
    if (left.count() <= 0) return stopped;
    left -= kStep;
  }
  return future.result();
}

/// Runs `function` on a thread of its own, which whoever waits for the future may leave behind: so
/// that `function` has to own all that it uses.
template <typename T>
arrow::Future<T> Aside(std::function<arrow::Result<T>()> function) {
  auto future = arrow::Future<T>::Make();
  const auto run = [future, function = std::move(function)]() mutable noexcept {
    arrow::Result<T> result = base::CatchExceptions(function);
    function = nullptr;  // what it owns goes before anybody hears of its end
    future.MarkFinished(std::move(result));
  };
  try {
    std::thread(run).detach();
  } catch (const std::system_error& error) {
    return arrow::Future<T>::MakeFinished(
        arrow::Status::IOError("no thread can be started to wait for Ceph: ", error.what()));
  }
  return future;
}

}  // namespace skyhook::objects::rados
