// What evaluators make of a call's constants, such as a set or a compiled pattern: made once, and
// shared by all calls, threads and row groups that evaluate the expression.
#pragma once

#include <arrow/result.h>

#include <map>
#include <memory>
#include <mutex>
#include <typeindex>

namespace skyhook::plan {

/// Holds at most one thing of each type. Thread-safe.
class Prepared {
 public:
  /// The T made of the constants. `make()` returns arrow::Result<std::shared_ptr<const T>>; it is
  /// called when there is no T yet, by one thread at a time. A failure is not kept.
  template <typename T, typename Make>
  arrow::Result<std::shared_ptr<const T>> Get(Make&& make) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = things_.find(typeid(T));
    if (found != things_.end()) return std::static_pointer_cast<const T>(found->second);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const T> made, make());
    things_.emplace(typeid(T), made);
    return made;
  }

 private:
  std::mutex mutex_;
  std::map<std::type_index, std::shared_ptr<const void>> things_;
};

}  // namespace skyhook::plan
