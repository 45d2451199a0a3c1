// Predicates that come into being, and tighten, while a scan runs.
#pragma once

#include <atomic>
#include <memory>
#include <string>
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
  ExpressionPtr Snapshot() const override { return current_.load(); }
  const char* kind() const override { return kind_; }
  /// By one thread at a time.
  void Set(ExpressionPtr predicate) {
    const ExpressionPtr current = current_.load();
    const bool same = current != nullptr && predicate != nullptr && current->Equals(*predicate);
    if (!same) current_.store(std::move(predicate));
  }

 private:
  const char* kind_;
  std::atomic<ExpressionPtr> current_;
};

using RuntimeFilters = std::vector<std::shared_ptr<const RuntimeFilter>>;

}  // namespace skyhook::plan
