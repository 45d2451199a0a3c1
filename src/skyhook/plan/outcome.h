// What became of a request: what was applied, what remains, and what it cost.
#pragma once

#include <cstdint>
#include <string>

#include "skyhook/plan/row_ranges.h"
#include "skyhook/plan/slice.h"

namespace skyhook::plan {

/// What work cost. Adding two costs gives the cost of both.
struct Cost {
  int64_t bytes_read = 0;  ///< bytes fetched from the byte source, footers included
  int64_t read_calls = 0;
  int64_t rows_in = 0;    ///< base rows asked for, skipped ones included
  int64_t rows_out = 0;   ///< rows, or partial groups, returned
  int64_t bytes_out = 0;  ///< bytes of Arrow buffers returned
  int64_t cpu_ns = 0;
  int64_t read_ns = 0;        ///< spent waiting for the byte source
  int64_t wait_ns = 0;        ///< spent waiting for answers of remote sites
  int64_t network_bytes = 0;  ///< of replies of remote sites, and read of their fragments here

  int64_t row_groups = 0;                  ///< row groups asked for
  int64_t row_groups_from_statistics = 0;  ///< whose aggregates statistics told
  /// Row groups of which was known from an earlier call which rows pass.
  int64_t row_groups_remembered = 0;
  int64_t row_groups_skipped_statistics = 0;
  int64_t row_groups_skipped_bloom = 0;
  int64_t row_groups_skipped_dictionary = 0;
  int64_t row_groups_skipped_runtime = 0;  ///< by a join filter or top-k threshold
  int64_t rows_skipped_page_index = 0;     ///< rows that page statistics ruled out
  int64_t rows_skipped_runtime = 0;  ///< rows a runtime filter rejected after they were decoded
  int64_t pages_read = 0;            ///< data pages decompressed
  int64_t pages_tested = 0;    ///< by a predicate on their dictionary codes, without making values
  int64_t pages_searched = 0;  ///< for a text, in their bytes
  /// Of which values were made one by one at least once, because few rows were left.
  int64_t pages_picked = 0;
  int64_t pages_skipped = 0;  ///< data pages of columns in use that were not needed
  /// Of pages_skipped, those of columns read after the predicates because no row survived there.
  int64_t pages_skipped_late = 0;
  int64_t partial_flushes = 0;  ///< partial aggregates returned early for lack of memory
  int64_t spilled_bytes = 0;
  int64_t fragments = 0;
  int64_t fragments_skipped = 0;  ///< by partition values or by a limit that was already full

  Cost& operator+=(const Cost& other);
};

/// Why a call ended before its row ranges were all answered.
enum class StoppedBy : uint8_t {
  kNothing,   ///< it did not: everything was answered
  kRowLimit,  ///< the pipeline's own limit is full; what is left is not needed
  kDeadline,
  kReplyBytes,
  kRowsIn,
  kCancelled,
  kRefused,  ///< the site declined
};

const char* StoppedByName(StoppedBy reason);

/// Which parts of the pipeline the returned batches have been through.
struct Applied {
  bool filter = false;
  bool projection = false;
  bool reduction = false;  ///< aggregate, top-k or limit

  bool operator==(const Applied&) const = default;
};

/// The account of one call. Valid once the stream of batches has ended.
struct Outcome {
  Applied applied;
  RowRanges answered;  ///< rows the returned batches stand for
  Slice remaining;     ///< rows asked for and not answered, as the next request may ask for them
  StoppedBy stopped_by = StoppedBy::kNothing;
  std::string reason;   ///< a sentence for people when stopped_by is kRefused
  std::string version;  ///< version of the object that was read
  Cost cost;
};

}  // namespace skyhook::plan
