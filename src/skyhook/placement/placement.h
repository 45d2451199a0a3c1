// Where a fragment of a remote site is scanned: beside it, or here over its bytes. Pure: decides
// from what it is told.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/statistics.h"

namespace skyhook::placement {

enum class Mode : uint8_t {
  kAuto,  ///< beside the fragment where that is expected to move far fewer bytes
  kPush,  ///< beside the fragment, unless its site declines
  kPull,
};

/// Of "auto", "push" or "pull"; else Invalid, naming the text.
arrow::Result<Mode> ParseMode(const std::string& text);
const char* ModeName(Mode mode);

/// What is known of one column of a pipeline's input in a fragment.
struct ColumnFacts {
  std::optional<plan::ColumnStatistics> statistics;
  std::optional<int64_t> bytes;  ///< stored
};

/// What is expected to travel, in bytes per row of the fragment.
struct Estimate {
  double pushed = 0;  ///< of a reply
  double pulled = 0;  ///< of what our own kernel reads
  /// Of a reply, for each row that comes out.
  double row_bytes = 0;
};

/// Out of statistics alone: values are taken to be spread evenly between their bounds, and
/// predicates to be independent, but for those that bound one column; where nothing is known, a
/// predicate keeps every fifth row.
/// Aggregates are taken to return next to nothing: the first reply tells.
Estimate EstimateOf(const plan::Pipeline& pipeline, int64_t rows, int64_t fragment_bytes,
                    const std::function<ColumnFacts(int column)>& facts);

/// The share of rows, in [0, 1], that a predicate is expected to keep.
double SelectivityOf(const plan::Expression& predicate, const plan::StatisticsLookup& statistics);

/// What one scan has seen so far.
struct Measured {
  int64_t pushed_rows = 0;  ///< rows examined by calls at the site
  int64_t reply_bytes = 0;  ///< of these calls
  int64_t pulled_rows = 0;  ///< rows examined here
  int64_t pulled_rows_out = 0;
  int64_t read_bytes = 0;  ///< for these rows
};

/// What was measured stands in for what is estimated.
bool ShouldPush(Mode mode, const Estimate& estimate, const Measured& measured);

}  // namespace skyhook::placement
