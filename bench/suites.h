// The parts of the benchmark. Each prints its figures and returns an error when an answer is wrong.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>

namespace skyhook::bench {

struct BenchOptions {
  std::string data;         ///< directory of TPC-H Parquet files, scale factor 1
  std::string large_table;  ///< a Parquet file for the memory figures
  std::string program;      ///< the skyhook program
  int repeats = 5;
};

/// Queries a to k over lineitem beside DuckDB's read_parquet, one thread: milliseconds and ratios.
arrow::Status BenchPeers(const BenchOptions& options);

/// IN lists of up to 20,000 values beside DuckDB's read_parquet; an error when one takes more than
/// twice its time.
arrow::Status BenchLists(const BenchOptions& options);

/// The 22 TPC-H queries, pushed and not, with one and two threads, against DuckDB's native tables.
arrow::Status BenchTpch(const BenchOptions& options);

/// Peak resident size of large results and large aggregates under a tenth of the file's bytes.
arrow::Status BenchMemory(const BenchOptions& options);

/// Forty queries that need more memory than they are given: each peaks within `--memory` and what
/// `SELECT 1` takes, or ends with code 4 and says what needed the memory; else an error.
arrow::Status BenchHungry(const BenchOptions& options);

/// How long a query goes on after it was cancelled, or timed out.
arrow::Status BenchCancel(const BenchOptions& options);

/// An append to a table of 100 objects, and of up to 100,000: an error when the last takes more
/// than twice as long as the first.
arrow::Status BenchAppend(const BenchOptions& options);

}  // namespace skyhook::bench
