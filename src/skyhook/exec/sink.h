// Where the rows of a running pipeline go: out as they are, into an aggregate, or into a top-k.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "skyhook/base/limits.h"
#include "skyhook/exec/aggregate/statistics_state.h"
#include "skyhook/exec/chunk.h"
#include "skyhook/exec/kept_rows.h"
#include "skyhook/exec/program.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

class Aggregator;

using Batches = std::deque<std::shared_ptr<arrow::RecordBatch>>;

/// Takes the chunks of a call, in row order. Not thread-safe.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Nodes whose columns the sink will ask of a chunk.
  virtual std::vector<int> nodes() const = 0;
  /// Takes a chunk's rows; batches that are ready go to `out`. Where that makes the sink full,
  /// `answered_until` is lowered to the row after the last used.
  virtual arrow::Status Consume(Chunk* chunk, Frame* frame, Batches* out,
                                int64_t* answered_until) = 0;
  /// Whether TakeStatistics may ever be true.
  virtual bool may_take_statistics() const { return false; }
  /// Takes a piece of so many rows as its statistics tell; false, and nothing is taken: they do
  /// not.
  virtual arrow::Result<bool> TakeStatistics(int64_t rows, const StatisticsOfColumn& statistics) {
    return false;
  }
  /// Whether no further row can matter, because a limit is full.
  virtual bool is_full() const { return false; }
  /// True when Flush has to be called until it returns true, before the next chunk.
  virtual bool must_flush() const { return false; }
  /// Gives a piece of what is held back; true when there is no more.
  virtual arrow::Result<bool> Flush(Batches* out) = 0;
  /// Whether rows are held back until they are flushed because that makes less of them.
  virtual bool reduces() const { return false; }
  /// A predicate that rows must pass to matter from now on, over the pipeline's input; or null.
  virtual plan::ExpressionPtr Threshold() const { return nullptr; }
};

/// Rows as batches of the projected schema, but for `dictionaries` (RunRequest::dictionaries).
/// Small pieces are joined.
std::unique_ptr<Sink> MakeRowSink(const plan::Pipeline& pipeline, Program* program,
                                  const base::Limits& limits, std::vector<bool> dictionaries);

/// Partial state, flushed whenever it exceeds the memory limit. It is added to `groups`, which may
/// be null.
arrow::Result<std::unique_ptr<Sink>> MakeAggregateSink(const plan::Pipeline& pipeline,
                                                       Program* program, const base::Limits& limits,
                                                       std::shared_ptr<Aggregator> groups,
                                                       plan::Cost* cost);

/// Reads the projected columns of rows of the source (ascending), in that order: of the first of
/// them, as many as take about `bytes` bytes, at least one.
using FetchRows = std::function<arrow::Result<std::shared_ptr<arrow::RecordBatch>>(
    std::span<const int64_t> rows, int64_t bytes)>;

/// The best rows by sort key; only then are their other columns read, through `fetch`. Where that
/// can only give rows that were kept, `kept` (else null) is given those that may be among the best.
/// Flushed whenever candidates exceed the memory limit; what is flushed then are the best rows so
/// far.
std::unique_ptr<Sink> MakeTopKSink(const plan::Pipeline& pipeline, Program* program,
                                   const base::Limits& limits, FetchRows fetch, KeptRows* kept,
                                   plan::Cost* cost);

/// The columns that a pipeline projects, as nodes of `program`, to which they are added.
Projection ProjectionOf(const plan::Pipeline& pipeline, Program* program);

/// Evaluates nodes over a frame into a batch of `schema`, but for `dictionaries`
/// (RunRequest::dictionaries).
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ProjectBatch(
    std::shared_ptr<arrow::Schema> schema, const std::vector<int>& nodes, Frame* frame, bool sparse,
    const std::vector<bool>& dictionaries = {});

}  // namespace skyhook::exec
