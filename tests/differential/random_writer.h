// Files of the same rows by several writers, laid out in every way that a reader has to take.
#pragma once

#include <arrow/table.h>

#include <functional>
#include <set>
#include <string>

#include "tests/differential/random_file.h"

namespace skyhook::differential {

enum class Writer { kArrow, kDuckdb, kOurs, kIpcFile, kIpcStream, kDataFusion };
inline constexpr const char* kWriterNames[] = {"by Arrow",           "by DuckDB",
                                               "by Skyhook",         "as an Arrow file",
                                               "as an Arrow stream", "by DataFusion"};

/// What a file of a random table is like, beside what is drawn for it.
struct FileTraits {
  Writer writer = Writer::kArrow;
  bool foreign_bounds = false;   ///< of Parquet: as WithForeignBounds makes them
  bool shuffled = false;         ///< columns in another order
  bool case_columns = false;     ///< K_1 is called kUpperCaseColumn
  bool decimals_beyond = false;  ///< 999.99 in d5 becomes 12345.67, which DECIMAL(5,2) cannot hold
};

/// As messages show its unscaled value.
inline constexpr const char* kBeyond = "1234567";

/// True when `table` has a value that FileTraits::decimals_beyond makes one beyond its precision.
bool HasTurnedBeyond(const arrow::Table& table);

/// Runs a statement of DuckDB, whose table `native` holds the rows.
using DoInDuckdb = std::function<void(const std::string& statement)>;

/// Writes the rows of `table`, the ids of which are consecutive, with a codec, encodings, page
/// version, sizes and indexes drawn at random. Returns what was drawn, for messages; `seen` gains
/// the names of what is awkward in the file.
std::string WriteRandomly(const arrow::Table& table, const std::string& path,
                          const FileTraits& traits, const DoInDuckdb& duckdb, Random* random,
                          std::set<std::string>* seen);

/// The endings that a Parquet or an Arrow file may have, letters of any case; also none.
const std::vector<std::string>& EndingsOf(Writer writer);

}  // namespace skyhook::differential
