// One query from its text to its rows on the way out.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <string>

#include "cli/options.h"
#include "cli/output.h"
#include "skyhook/sql/database.h"

namespace skyhook::cli {

/// Where the rows of a run go.
enum class Rows : uint8_t {
  kWrite,
  kDiscard,
  kMeasure,  ///< discarded, and each operator is measured
};

struct RunResult {
  double milliseconds = 0;
  sql::Phases phases;
  sql::PlanNode plan;     ///< with complete accounts
  bool creates = false;   ///< the statement is a CREATE
  bool has_rows = false;  ///< the statement gives rows, be they none
};

/// What is shown of a plan: as text or JSON, and with what running it cost where it ran.
std::string TextOf(const sql::Explanation& explanation, const RunResult& run);

/// Runs one statement, writes its rows and waits for its end. `stop` and --timeout stop it.
arrow::Result<RunResult> RunStatement(sql::Connection* connection, const std::string& statement,
                                      const RunOptions& options, const Sink& sink, Rows rows,
                                      arrow::StopToken stop);

}  // namespace skyhook::cli
