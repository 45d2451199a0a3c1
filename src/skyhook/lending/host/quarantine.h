// Plans and objects that ended a worker more than once.
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

namespace skyhook::lending {

/// What is refused: a plan over an object, as far as objects can be told apart.
struct Suspect {
  std::string_view pipeline;
  uint64_t object_bytes = 0;
  int64_t object_mtime = 0;
};

/// Thread-safe; remembers at most kMostSuspects.
class Quarantine {
 public:
  static constexpr int kStrikes = 2;
  static constexpr size_t kMostSuspects = 4096;

  explicit Quarantine(int64_t duration_ms) : duration_ms_(duration_ms) {}

  /// Milliseconds for which the suspect is still refused, 0: it is not.
  int64_t RefusedFor(const Suspect& suspect, int64_t now_ms);
  /// A worker crashed or hung over it. A strike that is older than the duration counts no more.
  void Strike(const Suspect& suspect, int64_t now_ms);

 private:
  struct Record {
    int strikes = 0;
    int64_t last_ms = 0;
  };

  void Forget(int64_t now_ms);

  const int64_t duration_ms_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, Record> records_;
};

}  // namespace skyhook::lending
