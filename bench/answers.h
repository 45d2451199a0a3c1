// Results of queries: read to the end, and compared.
#pragma once

#include <arrow/result.h>
#include <arrow/table.h>

#include <memory>
#include <string>

#include "skyhook/sql/database.h"

namespace skyhook::bench {

/// Runs a query and keeps all of its rows.
arrow::Result<std::shared_ptr<arrow::Table>> Ask(sql::Connection* connection,
                                                 const std::string& query);

/// Runs a query, reads every batch and drops it. Returns milliseconds from the call to the end of
/// the stream.
arrow::Result<double> Time(sql::Connection* connection, const std::string& query);

/// OK when both hold the same rows in the same order: doubles to 1e-9 of their size, all else
/// exactly. The error says where they differ.
arrow::Status CheckEqual(const arrow::Table& actual, const arrow::Table& expected);

}  // namespace skyhook::bench
