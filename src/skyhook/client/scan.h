// Runs a pipeline over all fragments of a table and finishes it: what users of the library call.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "skyhook/base/limits.h"
#include "skyhook/client/table.h"
#include "skyhook/placement/placement.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/runtime_filter.h"

namespace skyhook::client {

struct ScanOptions {
  /// Threads that will pull, at most; num_streams() tells how many are of use. More streams,
  /// smaller units.
  int max_streams = 1;
  /// Memory of the whole scan, in bytes. Merging partials spills when it holds a third of it; the
  /// streams share a quarter for their own, which they hold twice while they flush; what is made of
  /// constants (sets, patterns) may take another quarter, of the rest, which is for what is being
  /// read.
  int64_t memory_bytes = int64_t{1} << 30;
  std::string spill_directory = "/tmp";
  int64_t batch_rows = 64 * 1024;
  /// Row groups are asked for together until they hold so many rows: below that, starting a call
  /// costs more than a tenth of its work.
  int64_t unit_rows = 128 * 1024;
  /// Where fragments of remote sites are scanned.
  placement::Mode placement = placement::Mode::kAuto;
  /// Calls at remote sites that each stream begins before it needs their replies, which it holds.
  int units_ahead = 3;
  /// Units of remote sites whose bytes are read here that each stream begins, on a thread of its
  /// own, before it needs them: bytes are waited for while others are decoded. No more threads
  /// compute at a time than there may be streams.
  int pulled_ahead = 1;
  /// Columns of the result (not nested ones) that are handed out as dictionaries: of columns with
  /// few values, which then need not be looked up. Names of no such column are an error.
  std::vector<std::string> dictionaries;
  plan::RuntimeFilters runtime_filters;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// Where the fragments of remote sites were scanned; one may be counted in both.
struct Places {
  int64_t pushed = 0;  ///< beside the fragment
  int64_t pulled = 0;  ///< here
  /// Bytes that were expected to travel for all of the scan's decisions, if pushed and if pulled.
  double expected_pushed_bytes = 0;
  double expected_pulled_bytes = 0;
  std::map<std::string, int64_t>
      refusals;  ///< why fragments were pulled although they were to be pushed

  Places& operator+=(const Places& other);
};

/// One thread's share of a scan. Not thread-safe. Results come in engine types, but
/// ScanOptions::dictionaries may be dictionary(int32, engine type): they are where rows come as
/// they are stored, without a limit, and the file has a dictionary of no more values than there are
/// rows that were read with it (some thousand at a time); batches may be parts of these.
class ScanStream {
 public:
  virtual ~ScanStream() = default;
  /// The next batch of final rows, null when this stream has no more. Never blocks on another
  /// stream for longer than one unit of that stream's work.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
  /// Orders the last batch returned among those of all streams: equal for batches of one unit,
  /// ascending with (fragment, row).
  virtual int64_t batch_index() const = 0;
};

/// A scan in progress. Thread-safe.
///
/// Without a reduction, the streams share the fragments' units of work and together return every
/// row once. An aggregate returns final values (merged, finished), a top-k its `limit` rows in
/// order, a limit exactly the first `limit` rows; these come from the one stream that happens to
/// finish last. A limit of more than 65,536 rows is read by the first stream that asks, in order.
///
/// Nothing is read ahead of who pulls, but for units_ahead and pulled_ahead. After a failure, or
/// when `stop` is requested, every stream ends with the same error: at once, or when the call that
/// it is in notices.
class Scan {
 public:
  virtual ~Scan() = default;

  /// `pipeline.input` names columns of the table (engine types), partition columns included.
  static arrow::Result<std::shared_ptr<Scan>> Make(std::shared_ptr<const Table> table,
                                                   plan::Pipeline pipeline, ScanOptions options);

  virtual arrow::Result<std::unique_ptr<ScanStream>> OpenStream() = 0;

  /// The result's columns in the types that the table declares, as ToReader gives them. Text views
  /// are declared as utf8, and small decimals as decimal128, because few consumers read those.
  /// ScanOptions::dictionaries are dictionary(int32, such a type).
  virtual const std::shared_ptr<arrow::Schema>& declared_schema() const = 0;

  /// Units of work, at most: fragments of remote sites are cut once it is known that their bytes
  /// are read here.
  virtual int num_units() const = 0;
  /// Streams to open: as many as asked for, but no more than there are units, and no more than the
  /// memory holds. At least 1.
  virtual int num_streams() const = 0;
  /// Rows of units that are done over those of all units, in [0, 1]; does not fall.
  virtual double progress() const = 0;
  /// The cost so far, of all streams.
  virtual plan::Cost cost() const = 0;
  virtual Places places() const = 0;
};

/// Reads a scan with one stream into a reader of declared types.
arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ToReader(std::shared_ptr<Scan> scan);

/// `batch`, in engine types, with its columns in the types of `schema`.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ToDeclared(
    const arrow::RecordBatch& batch, const std::shared_ptr<arrow::Schema>& schema);

}  // namespace skyhook::client
