// Bounds how many threads compute at a time, where there are more because some of them wait.
#pragma once

#include <arrow/util/cancel.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace skyhook::base {

/// Given to whoever has waited longest. Thread-safe; allocates nothing once it is made.
class Cores {
 public:
  explicit Cores(int count) : free_(count) {}
  void AddOne();

 private:
  friend class Core;

  /// On the stack of who waits, in a list in the order they came.
  struct Waiter {
    bool has_one = false;
    Waiter* next = nullptr;
  };

  // With the lock held:
  void Append(Waiter* waiter);
  void Remove(Waiter* waiter);
  /// To the first that waits, or to nobody.
  void GiveOne();

  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
  Waiter* first_ = nullptr;  ///< of those that have none yet
};

/// What one line of work has of the cores: one, or none while it waits for something else. Used by
/// one thread at a time.
class Core {
 public:
  /// Has none at first. Once `stop` is requested it gets on without: what is left is to end.
  Core(std::shared_ptr<Cores> cores, arrow::StopToken stop)
      : cores_(std::move(cores)), stop_(std::move(stop)) {}
  ~Core() { Release(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// Waits for one, unless it has one.
  void Acquire();
  /// Goes on as if it had one until it releases it: what comes before the first wait is little.
  void Borrow() { has_one_ = is_borrowed_ = true; }
  /// Whether it had one.
  bool Release() noexcept;
  /// Lets those go first that wait for one.
  void Yield();

 private:
  const std::shared_ptr<Cores> cores_;
  const arrow::StopToken stop_;
  bool has_one_ = false;
  bool is_borrowed_ = false;  ///< the one that it has is not of `cores_`
};

/// Does without a core (may be null) for as long as it lives, if there was one.
class WithoutCore {
 public:
  explicit WithoutCore(Core* core) : core_(core != nullptr && core->Release() ? core : nullptr) {}
  ~WithoutCore() {
    if (core_ != nullptr) core_->Acquire();
  }
  WithoutCore(const WithoutCore&) = delete;
  WithoutCore& operator=(const WithoutCore&) = delete;

 private:
  Core* const core_;
};

}  // namespace skyhook::base
