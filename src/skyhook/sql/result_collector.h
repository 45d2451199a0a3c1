// The last operator of a query's plan, which hands the rows on to a queue while they come.
//
// DuckDB's own collectors of streamed results are not used: their buffers count the fixed-size
// parts of chunks and not their text, and they report an interrupt in place of the error that
// caused it.
#pragma once

#include <memory>

#include "duckdb/main/client_config.hpp"
#include "skyhook/sql/result_queue.h"

namespace skyhook::sql {

/// For ClientConfig::get_result_collector: DuckDB asks it for the collector of each statement whose
/// result is not to be streamed by DuckDB. Rows come in the order of the plan, if it has one.
duckdb::get_result_collector_t CollectInto(std::shared_ptr<ResultQueue> queue);

}  // namespace skyhook::sql
