// How DuckDB's threads run one scan of a plan: each pulls a stream of the client's scan.
#pragma once

#include "duckdb.hpp"
#include "duckdb/function/table_function.hpp"

namespace skyhook::sql {

/// Callbacks of the table function; see duckdb::TableFunction.
duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitScan(
    duckdb::ClientContext& context, duckdb::TableFunctionInitInput& input);
duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitScanThread(
    duckdb::ExecutionContext& context, duckdb::TableFunctionInitInput& input,
    duckdb::GlobalTableFunctionState* global);
void RunScan(duckdb::ClientContext& context, duckdb::TableFunctionInput& input,
             duckdb::DataChunk& output);
double ScanProgress(duckdb::ClientContext& context, const duckdb::FunctionData* data,
                    const duckdb::GlobalTableFunctionState* global);
duckdb::OperatorPartitionData ScanPartition(duckdb::ClientContext& context,
                                            duckdb::TableFunctionGetPartitionInput& input);

}  // namespace skyhook::sql
