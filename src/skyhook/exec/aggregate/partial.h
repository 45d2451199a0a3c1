// Partial aggregates: their schema, and how partials of many calls become the final answer.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <memory>
#include <string>

#include "skyhook/plan/pipeline.h"

namespace skyhook::exec {

/// The schema of partial state of `pipeline`'s aggregate: the keys, then the state columns of each
/// measure. A partial batch may hold the same group more than once. The kernel gives groups in the
/// order of their shares (exec/aggregate/aggregator.h); others merge too, but slower.
///
/// | measure        | state columns |
/// |----------------|---------------|
/// | count          | int64 |
/// | sum, integers and decimals | decimal128(38, s) as a 128-bit integer, null for no values; of |
/// |                | more than 18 digits also int64, how often the sum wrapped around |
/// | sum, floats    | double high, double low (double-double), null for no values |
/// | min, max       | the value, null for none |
/// | avg            | the state of sum, then int64 count |
/// | count distinct | list of the distinct values |
/// | approx_quantile | the sketch's bytes (exec/aggregate/quantile_sketch.h) |
/// | first, last, any_value | the value, then int64 place of its row, null for no row |
///
/// The catalogue (plan/functions/aggregates.h) has the state of every function. Places are rows of
/// the fragment.
std::shared_ptr<arrow::Schema> PartialSchema(const plan::Pipeline& pipeline);

struct MergeOptions {
  /// Bytes held before partials go to disk, in hash partitions.
  int64_t memory_bytes = 256 * 1024 * 1024;
  /// Where spill files go; they are unlinked as soon as they are open.
  std::string spill_directory = "/tmp";
  int64_t batch_rows = 64 * 1024;
  /// Ends every call with Cancelled.
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
  /// Whether all groups come from one thread.
  bool alone = false;
};

class Aggregator;

/// Merges partial batches and gives the final rows. A group that alone exceeds the memory, as the
/// values of count(DISTINCT) may, is kLimitExceeded. Consume may be called by several threads at
/// once; Finish once, after all of them; Next by one thread at a time.
class PartialMerger {
 public:
  virtual ~PartialMerger() = default;
  static arrow::Result<std::unique_ptr<PartialMerger>> Make(const plan::Pipeline& pipeline,
                                                            MergeOptions options);

  /// `first_row` is where the fragment's first row lies among the rows of all fragments: places
  /// count from it. Batches may come in any order.
  virtual arrow::Status Consume(const arrow::RecordBatch& partial, int64_t first_row) = 0;
  /// Takes the groups that calls have left in `groups` (RunRequest::groups), which are not to be
  /// used any more. Like Consume.
  virtual arrow::Status Take(std::shared_ptr<Aggregator> groups) = 0;
  virtual arrow::Status Finish() = 0;
  /// The next batch of final rows (the pipeline's ResultSchema), null at the end. Groups come in no
  /// particular order.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
  virtual int64_t spilled_bytes() const = 0;
};

}  // namespace skyhook::exec
