// A database with Skyhook in front, and connections to it: what the command line and programs use.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/client/session.h"
#include "skyhook/sql/connection.h"

namespace skyhook::sql {

struct DatabaseOptions {
  /// Threads in all; DuckDB's threads pull the scans. 0: one per processor.
  int threads = 0;
  /// Memory in bytes, half for DuckDB's operators and half for scans and what is kept of open
  /// files; operators and scans spill to disk. Queries that run at once share both halves: each
  /// connection that is open when one begins counts. 0: three quarters of the machine's.
  int64_t memory_bytes = 0;
  /// Where spilled data goes: into a folder that the database makes there, for its user alone, and
  /// takes away when it goes.
  std::string temporary_directory = "/tmp";
  /// Every table file in these directories, and every directory of table files, becomes a view
  /// named by its stem; so does every table of a pool, `rados://POOL[/NAMESPACE]`.
  std::vector<std::string> data_directories = {};
  /// What SET skyhook_placement is at the start: "auto", "push" or "pull".
  std::string placement = "auto";
  /// Ends the listing of `data_directories` in Ceph.
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// An empty database in memory: what its connections create, all of them see. Thread-safe. It has
/// to go, with its connections and streams, before main returns: DuckDB keeps state in its threads.
class Database {
 public:
  virtual ~Database() = default;
  /// Tables are opened through `session`; null: one of its own.
  static arrow::Result<std::shared_ptr<Database>> Make(
      const DatabaseOptions& options, std::shared_ptr<client::Session> session = nullptr);

  virtual arrow::Result<std::unique_ptr<Connection>> Connect() = 0;
};

/// The only connection to a new database.
arrow::Result<std::unique_ptr<Connection>> OpenConnection(
    const DatabaseOptions& options, std::shared_ptr<client::Session> session = nullptr);

/// Release of the DuckDB library in use, e.g. "v1.5.6".
std::string DuckDbVersion();

}  // namespace skyhook::sql
