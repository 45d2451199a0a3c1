// Rows of a source that cannot be read again, as a top-k keeps them: those that may be in its
// result.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "skyhook/exec/chunk.h"
#include "skyhook/exec/program.h"

namespace skyhook::exec {

/// Projected columns: their nodes in a program.
struct Projection {
  std::shared_ptr<arrow::Schema> schema;
  std::vector<int> nodes;

  /// The input columns that they read.
  std::set<int> Columns(const Program& program) const;
};

/// Holds the input columns, not what is computed of them: that is done for the rows that are
/// returned. Not thread-safe.
class KeptRows {
 public:
  /// Adds those of the rows left in `chunk` that `rows` counts (ascending); chunks come in row
  /// order, and `columns` are always the same.
  arrow::Status Add(Chunk* chunk, const std::set<int>& columns, std::span<const int32_t> rows);
  /// Drops all others; `rows` ascend, and are kept.
  arrow::Status Retain(std::span<const int64_t> rows);
  void Clear();

  int64_t num_rows() const { return static_cast<int64_t>(rows_.size()); }
  int64_t bytes_held() const { return bytes_; }

  /// The projected columns of the first of some rows that are kept (ascending): of as many as take
  /// about `bytes` bytes, at least one.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Fetch(const Projection& projection,
                                                           const Program& program,
                                                           std::span<const int64_t> rows,
                                                           int64_t bytes);

 private:
  arrow::Status Join();
  static int64_t BytesOf(const arrow::RecordBatch& batch);

  std::vector<int> columns_;  // of the batches, in their order
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches_;
  std::vector<int64_t> rows_;  // their numbers, ascending
  int64_t bytes_ = 0;
};

}  // namespace skyhook::exec
