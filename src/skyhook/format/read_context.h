// On whose behalf bytes are read: the account they go on, and what ends the wait for them.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "skyhook/base/cores.h"
#include "skyhook/format/dictionaries_ahead.h"
#include "skyhook/plan/outcome.h"

namespace skyhook::format {

struct ReadContext {
  // Implicit: most callers have nothing but an account.
  ReadContext(plan::Cost* account = nullptr,
              arrow::StopToken stop_token = arrow::StopToken::Unstoppable())
      : cost(account), stop(std::move(stop_token)) {}

  /// Receives bytes_read, read_calls and the page counts, and outlives what reads; null: nobody is
  /// told.
  plan::Cost* cost;
  arrow::StopToken stop;
  /// A read that has not returned by then is given up, with kLimitExceeded. One that returns at
  /// once is not held up by it.
  std::optional<std::chrono::steady_clock::time_point> deadline = std::nullopt;
  /// What a reader may hold of one column: a page that leads beyond it fails with kLimitExceeded.
  int64_t memory_bytes = std::numeric_limits<int64_t>::max();

  /// Given up by whoever waits: for bytes, or for others that read. Null: nobody counts cores.
  base::Core* core = nullptr;

  /// Whether who reads has something else to do between short steps: work that can wait is then
  /// left to RowGroupReader::Prepare, which does it piece by piece.
  bool in_steps = false;

  /// Where readers of one row group leave dictionaries for those of the next. Null: nowhere.
  std::shared_ptr<DictionariesAhead> ahead = nullptr;

  /// Fails once there is nothing to wait for any longer: Cancelled, or kLimitExceeded.
  arrow::Status Poll() const;
};

/// How long one step of a wait is, before it looks at its context again.
constexpr std::chrono::milliseconds kWaitStep{10};

/// Locks `mutex`, behind which others read; waits no longer than `context` allows.
arrow::Result<std::unique_lock<std::timed_mutex>> Lock(std::timed_mutex* mutex,
                                                       const ReadContext& context);

}  // namespace skyhook::format
