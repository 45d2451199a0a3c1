// The verbs of the program.
#pragma once

#include <arrow/status.h>

#include <string>

#include "cli/options.h"

namespace skyhook::cli {

arrow::Status RunSql(const SqlCommand& command, const RunOptions& options);
arrow::Status RunInteractive(const SqlCommand& command, const RunOptions& options);
arrow::Status RunExplain(const ExplainCommand& command, const RunOptions& options);
arrow::Status RunQuery(const QueryCommand& command, const RunOptions& options);
arrow::Status RunSchema(const PathCommand& command, const RunOptions& options);
arrow::Status RunHead(const PathCommand& command, const RunOptions& options);
arrow::Status RunStats(const PathCommand& command, const RunOptions& options);
arrow::Status RunPut(const PutCommand& command, const RunOptions& options);
arrow::Status RunGet(const GetCommand& command, const RunOptions& options);
arrow::Status RunLs(const TableCommand& command, const RunOptions& options);
arrow::Status RunRm(const TableCommand& command, const RunOptions& options);
arrow::Status RunHistory(const TableCommand& command, const RunOptions& options);
arrow::Status RunCompact(const TableCommand& command, const RunOptions& options);
arrow::Status RunVacuum(const TableCommand& command, const RunOptions& options);
arrow::Status RunVerify(const TableCommand& command, const RunOptions& options);
arrow::Status RunDoctor(const TableCommand& command, const RunOptions& options);
arrow::Status RunVersion();
/// What RunVersion prints, without the line's end.
std::string VersionText();

/// Prints "NNN.N ms" to standard error.
void PrintTime(double milliseconds);

}  // namespace skyhook::cli
