// Predicates that come into being, and tighten, while a scan runs.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/plan/expression.h"

namespace skyhook::plan {

/// A predicate over the input columns of a pipeline that only ever becomes stricter: rows that a
/// snapshot rejects are not needed by whoever asked. A site may ignore it. Thread-safe.
class RuntimeFilter {
 public:
  virtual ~RuntimeFilter() = default;
  /// The predicate as it stands, the same object while it stays the same; null while nothing is
  /// known. Must not depend on errors: the predicate can never fail (CanFail is false).
  virtual ExpressionPtr Snapshot() const = 0;
  /// What it is, for the account: "join" or "top-k threshold".
  virtual const char* kind() const = 0;
};

/// A runtime filter that somebody sets.
class SettableRuntimeFilter : public RuntimeFilter {
 public:
  explicit SettableRuntimeFilter(const char* kind) : kind_(kind) {}
  ExpressionPtr Snapshot() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return current_;
  }
  const char* kind() const override { return kind_; }
  void Set(ExpressionPtr predicate) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool same = current_ != nullptr && predicate != nullptr && current_->Equals(*predicate);
    if (!same) std::swap(current_, predicate);
  }

 private:
  const char* kind_;
  // GCC 12's atomic<shared_ptr> does not order what follows a load behind it.
  mutable std::mutex mutex_;
  ExpressionPtr current_;
};

using RuntimeFilters = std::vector<std::shared_ptr<const RuntimeFilter>>;

}  // namespace skyhook::plan
