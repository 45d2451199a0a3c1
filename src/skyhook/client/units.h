// How a table's rows are cut into units of work, and in which order they are best visited.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <vector>

#include "skyhook/client/table.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/row_ranges.h"

namespace skyhook::client {

/// Rows of one fragment that one stream asks for together.
struct Unit {
  int64_t fragment = 0;
  plan::RowRange rows;
  /// The fragment's first row among the rows of the table.
  int64_t first_row = 0;
  /// All rows of a fragment of a remote site. One call does all: calls at one object wait for each
  /// other, and each opens it anew. CutPulled cuts it where its bytes are to be read here.
  bool whole = false;

  /// Ascends with (fragment, row), whatever the order of visits.
  int64_t index() const { return first_row + rows.begin; }
};

struct CutOptions {
  int max_streams = 1;
  /// Small row groups are asked for together while they hold no more rows.
  int64_t min_rows = 128 * 1024;
  /// When there are fewer units than streams, units are split into such pieces.
  int64_t split_rows = 256 * 1024;
};

/// `min_rows` for an aggregate, of which units that are read from elsewhere return their groups
/// once more each: few units rather than equal ones.
int64_t RowsOfFewUnits(const Table& table, const CutOptions& options);

/// The units of the fragments that are not `skipped`, in the order of (fragment, row).
std::vector<Unit> CutUnits(const Table& table, const std::vector<bool>& skipped,
                           const CutOptions& options);

/// A whole unit as fragments of this machine are cut, in the order of rows; itself where nothing is
/// known of row groups.
std::vector<Unit> CutPulled(const Table& table, const Unit& whole, const CutOptions& options);

/// Puts first the units that by statistics hold the smallest (or largest) values of the first sort
/// key, so that the threshold is tight early. Leaves the order alone where nothing is known.
///
/// Returns a predicate over the pipeline's input that the rows of the top-k pass, if each row group
/// holds the smallest (or largest) value that its statistics name; null where they do not tell. A
/// file may name values that it does not hold: when fewer rows than the limit pass, others count
/// too.
arrow::Result<plan::ExpressionPtr> SortForTopK(const Table& table, const plan::Pipeline& pipeline,
                                               std::vector<Unit>* units);

}  // namespace skyhook::client
