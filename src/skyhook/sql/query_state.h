// What a connection's running query shares with its scans, on whichever thread of DuckDB they run.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/cancel.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/main/client_context_state.hpp"
#include "skyhook/client/session.h"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::sql {

/// One query. Thread-safe, except for plan().
class QueryState {
 public:
  QueryState(int64_t scan_memory_bytes, std::string spill_directory,
             std::shared_ptr<Progress> progress)
      : scan_memory_bytes_(scan_memory_bytes),
        spill_directory_(std::move(spill_directory)),
        progress_(std::move(progress)),
        waits_end_by_(stop_.token()) {}

  /// Memory of each of the plan's scans, in bytes.
  int64_t memory_of_scan() const;
  const std::string& spill_directory() const { return spill_directory_; }
  /// Ends waits of opening tables: when the query is to stop.
  const arrow::StopToken& waits_end_by() const { return waits_end_by_; }
  /// Waits end by `stop` instead; before the query begins.
  void StopWaitsBy(const arrow::StopToken& stop) { waits_end_by_ = stop; }

  arrow::StopToken stop_token() { return stop_.token(); }
  /// Needs no memory: it is called by destructors.
  void RequestStop() noexcept {
    if (!stop_requested_.exchange(true)) stop_.RequestStop(std::move(cancelled_));
  }

  /// Remembers the first error of a scan: DuckDB hands on its text only.
  void SetError(const arrow::Status& status);
  arrow::Status error() const;

  /// Set by the optimizer extension, before the query runs.
  void set_plan(PlanNode plan);
  const PlanNode& plan() const { return plan_; }
  /// The accounts of the plan's scans.
  std::vector<std::shared_ptr<ScanAccount>> accounts() const;

 private:
  const int64_t scan_memory_bytes_;
  const std::string spill_directory_;
  const std::shared_ptr<Progress> progress_;  // may be null
  arrow::StopSource stop_;
  arrow::StopToken waits_end_by_;
  std::atomic<bool> stop_requested_ = false;
  arrow::Status cancelled_ = arrow::Status::Cancelled("the query was cancelled");
  PlanNode plan_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<ScanAccount>> accounts_;
  arrow::Status error_;
};

/// What the connections of a database share. Thread-safe.
class DatabaseState {
 public:
  explicit DatabaseState(std::shared_ptr<client::Session> session) : session_(std::move(session)) {}

  /// What opens the tables.
  const std::shared_ptr<client::Session>& session() const { return session_; }

  /// A table of a data directory that could not be opened: whoever names it is told why.
  void set_unreadable(const std::string& name, const std::string& path);
  /// The path of such a table; empty: there is none of this name. Case does not matter.
  std::string unreadable(const std::string& name) const;

 private:
  const std::shared_ptr<client::Session> session_;
  mutable std::mutex mutex_;
  duckdb::case_insensitive_map_t<std::string> unreadable_;  // paths by name
};

/// Hangs on a connection's client context.
class ConnectionState : public duckdb::ClientContextState {
 public:
  static constexpr const char* kKey = "skyhook";

  explicit ConnectionState(std::shared_ptr<DatabaseState> database)
      : database_(std::move(database)) {}
  /// Null: the connection is none of ours, but DuckDB's for itself.
  static duckdb::shared_ptr<ConnectionState> Find(duckdb::ClientContext& context);
  /// That of a connection of ours.
  static ConnectionState& Get(duckdb::ClientContext& context);

  DatabaseState& database() const { return *database_; }
  std::shared_ptr<QueryState> query() const;
  void set_query(std::shared_ptr<QueryState> query);

  /// Refuses to start a task of an interrupted query. DuckDB by itself runs every task that it has
  /// queued to its end: those that build a hash join's table may be hundreds.
  void OnTaskStart(duckdb::ClientContext& context) override;

  /// Has EXECUTE plan the statement anew. Its scans then belong to the query that runs: they share
  /// its memory, and read what the tables hold now.
  duckdb::RebindQueryInfo OnRebindPreparedStatement(
      duckdb::ClientContext& context, duckdb::BindPreparedStatementCallbackInfo& info,
      duckdb::RebindQueryInfo current_rebind) override;

 private:
  const std::shared_ptr<DatabaseState> database_;
  mutable std::mutex mutex_;
  std::shared_ptr<QueryState> query_;
};

/// Throws the DuckDB exception that stands for `status`, which `query` remembers.
[[noreturn]] void Throw(QueryState& query, const arrow::Status& status);

/// The value, or Throw.
template <typename T>
T ValueOrThrow(QueryState& query, arrow::Result<T> result) {
  if (!result.ok()) Throw(query, result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace skyhook::sql
