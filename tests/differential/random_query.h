// SQL over the columns of random files: expressions of every function that a scan is asked for.
#pragma once

#include <string>

#include "tests/differential/random_file.h"

namespace skyhook::differential {

/// A query with TABLE in place of the table's name, whose rows come in one order whatever runs it.
struct RandomQuery {
  std::string sql;
  /// Sums of floats are among the results: compare to 1e-9.
  bool approximate = false;
  /// What fails is guarded by a condition that stays in DuckDB: the query has rows.
  bool guarded = false;
};

RandomQuery MakeQuery(Random* random);

}  // namespace skyhook::differential
