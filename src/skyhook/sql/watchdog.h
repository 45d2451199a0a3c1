// Watches over a running query: stops it when asked to or when its time is up, and reports
// progress.
#pragma once

#include <arrow/status.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "duckdb.hpp"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/session.h"

namespace skyhook::sql {

/// Has a thread of its own.
class Watchdog {
 public:
  Watchdog(duckdb::Connection* connection, std::shared_ptr<QueryState> query,
           const QueryOptions& options);
  /// Ends the watch.
  ~Watchdog();

  /// Why the query was stopped: Cancelled, kLimitExceeded, what the report of progress threw, or OK
  /// when it was not.
  arrow::Status verdict() const;

 private:
  using Clock = std::chrono::steady_clock;

  enum class Reason { kNone, kCancelled, kTimeLimit, kThrown };

  void Watch() noexcept;
  void Stop(Reason reason);
  void CheckStop();
  void ReportProgress();

  duckdb::Connection* connection_;
  std::shared_ptr<QueryState> query_;
  QueryOptions options_;
  std::optional<Clock::time_point> deadline_;
  Clock::time_point next_report_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  Reason reason_ = Reason::kNone;
  std::exception_ptr thrown_;
  std::thread thread_;
};

}  // namespace skyhook::sql
