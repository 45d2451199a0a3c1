// A DuckDB database set up for Skyhook: its function, its replacement scan, its optimizer
// extension.
#pragma once

#include <arrow/result.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "duckdb.hpp"
#include "skyhook/sql/database.h"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/spill_folder.h"

namespace skyhook::sql {

/// The one release of DuckDB whose C++ interface this folder is written against.
inline constexpr const char* kDuckDbVersion = "v1.5.6";

class OpenedConnection;

/// Thread-safe.
class DuckDbDatabase : public Database, public std::enable_shared_from_this<DuckDbDatabase> {
 public:
  /// An empty database in memory. Fails when the library is of another release.
  static arrow::Result<std::shared_ptr<DuckDbDatabase>> Open(
      const DatabaseOptions& options, std::shared_ptr<client::Session> session);

  DuckDbDatabase(DatabaseOptions options, std::shared_ptr<client::Session> session,
                 std::unique_ptr<SpillFolder> spills, std::unique_ptr<duckdb::DuckDB> duckdb);

  arrow::Result<std::unique_ptr<Connection>> Connect() override;
  /// The same for those who speak DuckDB.
  std::shared_ptr<OpenedConnection> ConnectToDuckDb();

  const DatabaseOptions& options() const { return options_; }
  client::Session& session() const { return *state_->session(); }
  DatabaseState& state() const { return *state_; }
  /// Bytes that the scans of a query may hold that begins now.
  int64_t MemoryOfScans() const;

 private:
  friend class OpenedConnection;

  const DatabaseOptions options_;
  const std::shared_ptr<DatabaseState> state_;
  const std::unique_ptr<SpillFolder> spills_;  // of duckdb_, which goes before
  const std::unique_ptr<duckdb::DuckDB> duckdb_;
  std::atomic<int64_t> connections_ = 0;
};

/// A connection, for as long as somebody uses it; keeps its database.
class OpenedConnection {
 public:
  explicit OpenedConnection(std::shared_ptr<DuckDbDatabase> database);
  ~OpenedConnection();
  OpenedConnection(const OpenedConnection&) = delete;
  OpenedConnection& operator=(const OpenedConnection&) = delete;

  duckdb::Connection& duckdb() { return *connection_; }
  DuckDbDatabase& database() const { return *database_; }

 private:
  const std::shared_ptr<DuckDbDatabase> database_;
  std::unique_ptr<duckdb::Connection> connection_;
};

}  // namespace skyhook::sql
