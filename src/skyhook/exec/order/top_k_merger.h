// How the best rows of many calls become the final answer.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>

#include "skyhook/plan/pipeline.h"

namespace skyhook::exec {

/// Merges top-k rows of several calls. Consume by one thread at a time, batches of one fragment in
/// row order; `fragment` breaks ties.
class TopKMerger {
 public:
  virtual ~TopKMerger() = default;
  /// Rows that hold more than `memory_bytes` are kLimitExceeded.
  static arrow::Result<std::unique_ptr<TopKMerger>> Make(const plan::Pipeline& pipeline,
                                                         int64_t memory_bytes);

  /// `fragment` and `sequence` order the rows of equal keys: smaller first.
  virtual arrow::Status Consume(std::shared_ptr<arrow::RecordBatch> rows, int64_t fragment,
                                int64_t sequence) = 0;
  /// Whether as many rows are known as there may be.
  virtual bool full() const = 0;
  /// Forgets all rows.
  virtual void Clear() = 0;
  /// The rows, sorted.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish() = 0;
  /// A predicate over the pipeline's input that a further row must pass to matter, or null while
  /// fewer than `limit` rows are known or the first key is no plain column. Keeps ties.
  virtual plan::ExpressionPtr Threshold() const = 0;
};

}  // namespace skyhook::exec
