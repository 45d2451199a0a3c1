// What one call may use, and how a call notices that it has to stop.
#pragma once

#include <arrow/status.h>
#include <arrow/util/cancel.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

namespace skyhook::base {

/// Limits of one call of the kernel. Reaching one of the first four is no error: the call ends
/// early and reports the row ranges that are left.
struct Limits {
  static constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

  /// No new unit of work begins after this instant, and no read is waited for beyond it. (A read
  /// for rows that the call has already counted as answered then fails it, with kLimitExceeded.)
  std::optional<std::chrono::steady_clock::time_point> deadline;
  /// Bytes of Arrow buffers returned; the batch that crosses it is still returned.
  int64_t reply_bytes = kUnlimited;
  /// Base rows examined. Units are not split for it, so that it may be overshot by one unit.
  int64_t rows_in = kUnlimited;
  /// Bytes held by partial aggregates and top-k candidates. Aggregates flush what they have when
  /// they reach it, and go on. With less than 32 MiB, fewer rows are read ahead.
  int64_t memory_bytes = 64 * 1024 * 1024;
  /// Rows of one returned batch at most.
  int64_t batch_rows = 64 * 1024;
};

/// CPU time used by the calling thread, in nanoseconds.
int64_t ThreadCpuNanos();

}  // namespace skyhook::base
