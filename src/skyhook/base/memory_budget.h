// Memory that several caches share, with a limit on their sum.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace skyhook::base {

/// Counts bytes; holds none. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t most) : most_(most) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// Takes `bytes` out of what is left. False, and nothing is taken: less is left.
  bool TryTake(int64_t bytes) {
    if (taken_.fetch_add(bytes) + bytes <= most_) return true;
    taken_.fetch_sub(bytes);
    refused_ = true;
    return false;
  }
  void Give(int64_t bytes) { taken_.fetch_sub(bytes); }

  int64_t most() const { return most_; }
  int64_t taken() const { return taken_; }
  /// Whether TryTake has failed since this was last asked: who can give something up should.
  bool WasShort() { return refused_.exchange(false); }

 private:
  const int64_t most_;
  std::atomic<int64_t> taken_ = 0;
  std::atomic<bool> refused_ = false;
};

/// What one cache has taken out of a budget; gives it back when it goes. Not thread-safe.
class Reservation {
 public:
  explicit Reservation(std::shared_ptr<MemoryBudget> budget) : budget_(std::move(budget)) {}
  ~Reservation() { Reset(); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  /// False, and nothing is added: the budget has not so many bytes left.
  bool Add(int64_t bytes) {
    if (!budget_->TryTake(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  void Give(int64_t bytes) {
    bytes_ -= bytes;
    budget_->Give(bytes);
  }
  /// Gives everything back.
  void Reset() { budget_->Give(std::exchange(bytes_, 0)); }

  int64_t bytes() const { return bytes_; }

 private:
  const std::shared_ptr<MemoryBudget> budget_;
  int64_t bytes_ = 0;
};

}  // namespace skyhook::base
