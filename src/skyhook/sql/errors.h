// DuckDB's errors in our terms: the code that callers act on, and a text without what only DuckDB's
// own users can follow.
#pragma once

#include <arrow/status.h>

#include <string>

#include "duckdb.hpp"

namespace skyhook::sql {

/// Interruption is Cancelled, lack of memory is limit exceeded, a broken invariant of DuckDB is
/// UnknownError, and everything else the user's mistake. The message is DuckDB's without the name
/// of its class of errors, stack traces, links, settings of DuckDB, and names of its own tables.
arrow::Status ToStatus(const duckdb::ErrorData& error);

}  // namespace skyhook::sql
