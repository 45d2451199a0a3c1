// A random table as people may have it: in files by several writers, and put into a store.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/differential/random_writer.h"

namespace skyhook::differential {

struct RandomSources {
  /// What a query may name to have the rows: file, directory or glob; then the stored table, if
  /// there is one.
  std::vector<std::string> names;
  std::string layout;            ///< for messages
  bool decimals_beyond = false;  ///< in at least one file: whatever reads it must fail
  bool wide = false;             ///< RandomTable's
};

/// Writes table `number` below `directory` and makes it DuckDB's table `native`, out of a plain
/// file of Arrow's. What is awkward goes in turns by the number, so that 12 tables have each of it,
/// and is added to `seen`; the rest is drawn by it.
RandomSources MakeSources(uint64_t number, const std::string& directory, const DoInDuckdb& duckdb,
                          std::set<std::string>* seen);

/// All that `seen` has after tables of every kind.
std::set<std::string> AwkwardKinds();

}  // namespace skyhook::differential
