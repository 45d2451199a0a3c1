// Watches over a running query: stops it when asked to or when its time is up.
#pragma once

#include <arrow/status.h>

#include <memory>

#include "duckdb.hpp"
#include "skyhook/base/timer.h"
#include "skyhook/sql/connection.h"
#include "skyhook/sql/query_state.h"

namespace skyhook::sql {

/// Looks by a timer, every few milliseconds. `timer` and `connection` must outlive it.
class Watchdog {
 public:
  Watchdog(base::Timer* timer, duckdb::Connection* connection, std::shared_ptr<QueryState> query,
           const QueryOptions& options);
  /// Ends the watch.
  ~Watchdog();

  /// Why the query was stopped: Cancelled, kLimitExceeded, or OK when it was not.
  arrow::Status verdict() const;

 private:
  class Watch;

  const std::shared_ptr<Watch> watch_;
};

}  // namespace skyhook::sql
