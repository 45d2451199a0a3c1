// What is said of a call when it has ended: who read what, and what became of it.
#pragma once

#include <arrow/status.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace skyhook::daemon {

/// Takes a line of the audit log: `call=DoGet peer=ipv4:127.0.0.1:4711 asked="..." ...`.
/// Thread-safe.
using Log = std::function<void(const std::string&)>;

/// Writes the line when it goes.
class CallRecord {
 public:
  /// `caller` is who calls, as far as that is known.
  CallRecord(const Log* log, const char* verb, std::string peer, std::string caller);
  ~CallRecord();
  CallRecord(const CallRecord&) = delete;
  CallRecord& operator=(const CallRecord&) = delete;

  /// What was asked for. Its first 200 bytes are written, control characters escaped.
  void Asked(std::string_view text);
  void Returned(int64_t rows, int64_t bytes) {
    rows_ += rows;
    bytes_ += bytes;
  }
  /// How it ended. Not said: its reader went away.
  void Ended(const arrow::Status& status) { ended_ = status.ok() ? "ok" : status.message(); }

 private:
  const Log* const log_;
  const char* const verb_;
  const std::string peer_;
  const std::string caller_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::string asked_;
  std::string ended_ = "left";
  int64_t rows_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace skyhook::daemon
