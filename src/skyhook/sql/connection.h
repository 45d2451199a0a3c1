// SQL over Skyhook's tables: queries and their results. No DuckDB type shows.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/sql/plan_tree.h"

namespace skyhook::sql {

struct QueryOptions {
  /// Once requested, the query ends with Cancelled within 100 ms.
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
  /// Wall time from the call of Query to the end of the stream; beyond it the query ends with
  /// base::Code::kLimitExceeded.
  std::optional<std::chrono::nanoseconds> timeout;
  /// How messages name the timeout: as the user wrote it. Empty: in milliseconds.
  std::string timeout_text;
  /// Follows the query, from when it is planned; may be null.
  std::shared_ptr<Progress> progress;
  /// Measure each operator: the plan is then that of the operators that ran.
  bool measure = false;
};

/// What an EXPLAIN asks for.
struct Explanation {
  bool ran = false;   ///< EXPLAIN ANALYZE
  bool json = false;  ///< FORMAT JSON, else text
};

/// The result of one query, computed as it is read. Not thread-safe. Destroying it before its end
/// cancels the query.
class QueryStream : public arrow::RecordBatchReader {
 public:
  /// The optimised plan; once ReadNext has given null its accounts are complete, and with
  /// QueryOptions::measure or EXPLAIN ANALYZE it is the plan that ran.
  virtual const PlanNode& plan() const = 0;
  /// Complete like the accounts.
  virtual Phases phases() const = 0;
  /// False for statements that only do something (SET, CREATE ...).
  virtual bool has_rows() const = 0;
  /// True for CREATE: what it made lives as long as the database.
  virtual bool creates() const = 0;
  /// Set for EXPLAIN: its rows are a drawing of DuckDB's, plan() is what Skyhook makes of the
  /// query. Not set where the statement asks for one of DuckDB's pictures (FORMAT HTML ...).
  virtual std::optional<Explanation> explains() const = 0;
  /// Why the query was stopped, for whoever waits for something else than rows: Cancelled, or
  /// kLimitExceeded for its timeout; OK while it runs. Thread-safe until the stream has ended.
  virtual arrow::Status stopped() const = 0;
};

/// A statement that was not run.
struct PlannedStatement {
  PlanNode plan;            ///< optimised
  bool gives_rows = false;  ///< be they none; SET, CREATE, PREPARE ... give none
};

/// A connection to a database. Not thread-safe: one query at a time, and a further one ends the
/// stream of the one before. Streams may outlive their connection, and both the database they came
/// from.
///
/// Errors: Invalid for mistakes in the SQL, with DuckDB's message; the scans' own statuses as they
/// are (corrupt data, stale object, IOError ...); Cancelled; kLimitExceeded for timeouts and lack
/// of memory; UnknownError for broken invariants of DuckDB.
class Connection {
 public:
  virtual ~Connection() = default;

  /// The statements of a script.
  virtual arrow::Result<std::vector<std::string>> Split(const std::string& script) = 0;

  /// Runs a script; the stream is that of its last statement. The statements before it are run to
  /// their end.
  virtual arrow::Result<std::unique_ptr<QueryStream>> Query(const std::string& script,
                                                            const QueryOptions& options) = 0;
  arrow::Result<std::unique_ptr<QueryStream>> Query(const std::string& script) {
    return Query(script, QueryOptions());
  }

  /// The optimised plan of one statement, which is not run. `stop` ends waits for Ceph.
  virtual arrow::Result<PlannedStatement> Explain(
      const std::string& statement,
      const arrow::StopToken& stop = arrow::StopToken::Unstoppable()) = 0;

  /// Names of the tables and views there are, sorted.
  virtual arrow::Result<std::vector<std::string>> TableNames() = 0;

  /// The columns of `table`, which stands as in FROM: a name, or a file in quotes. Fails when they
  /// are not known within a second: somebody waits at a prompt.
  virtual arrow::Result<std::vector<std::string>> ColumnNames(const std::string& table) = 0;

  /// SQL's keywords, in small letters.
  virtual arrow::Result<std::vector<std::string>> Keywords() = 0;
};

}  // namespace skyhook::sql
