// A slice of a scan: the rows that one call is asked for, or leaves to the next one.
//
// Calls may be much shorter than the scan of a fragment is. A request asks for a slice; what
// remains of it, as the outcome says, is the slice that the next request asks for. A place may keep
// the work that it has begun from one to the next; nothing depends on it, because a request says
// everything: a place that lost what it kept begins again.
#pragma once

#include <cstdint>

#include "skyhook/plan/row_ranges.h"

namespace skyhook::plan {

struct Slice {
  /// A number that the slices of one scan of a fragment have in common, and no others. In a
  /// request: the place may keep its work for the next one. In what remains: it does. 0: it does
  /// not.
  uint64_t scan = 0;
  /// Those asked for, or those that remain.
  RowRanges rows;
  /// Of the rows that remain, those dealt with and not answered, such as those in the groups of an
  /// aggregate: they cost nothing more if the scan goes on where it is kept.
  int64_t rows_kept = 0;
  /// Of what remains: the place works on without a call, and answers when it is asked for the same
  /// again.
  bool at_work = false;

  /// Whether there may be a call that goes on where the one for this slice stops, or stopped.
  bool goes_on() const { return scan != 0; }
  /// As a request says it: of what is kept only whoever keeps it knows.
  Slice Asked() const { return {scan, rows}; }

  bool operator==(const Slice&) const = default;
};

}  // namespace skyhook::plan
