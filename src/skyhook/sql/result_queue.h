// The rows of a query between DuckDB's threads, which make them, and the stream, which reads them:
// bounded by what the rows weigh, text included.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/parallel/interrupt.hpp"
#include "skyhook/sql/carried_columns.h"

namespace skyhook::sql {

/// A chunk of the result with rows: flat, or columns that were carried (carried_columns.h).
struct ResultChunk {
  duckdb::unique_ptr<duckdb::DataChunk> rows;  ///< null where columns were carried
  std::vector<int64_t> row_bytes;              ///< by row of `rows`, the bytes of its values
  int64_t bytes = 0;                           ///< of all rows, or what they keep alive
  CarriedColumns carried = {};
};

/// Chunks by batch: batches are read in the order of their numbers, the chunks of one batch in the
/// order in which they came. Where order does not matter, all chunks belong to batch 0.
/// Thread-safe: many threads write, one reads.
class ResultQueue {
 public:
  /// Threads that write are blocked while more than `capacity_bytes` wait; each may be one chunk
  /// beyond that.
  explicit ResultQueue(int64_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  /// Whether a chunk of `batch` may be put. If not, `task` is kept, and called back when one may.
  bool Admit(duckdb::idx_t batch, const duckdb::InterruptState& task);
  void Put(duckdb::idx_t batch, ResultChunk chunk);
  /// No chunk of a batch before `batch` comes any more.
  void AdvanceTo(duckdb::idx_t batch);
  /// No chunk comes any more.
  void Finish();

  /// Nobody reads any more: what waits is dropped, and so is what comes.
  void Close();
  bool closed() const;

  /// The next chunk, if its turn has come.
  std::optional<ResultChunk> Take();
  /// Calls back the tasks that may put now.
  void Unblock();
  /// Waits until Take has a chunk to give, but no longer than `time`.
  void WaitForChunk(std::chrono::microseconds time);

 private:
  struct Batch {
    std::deque<ResultChunk> chunks;
    int64_t bytes = 0;
  };

  bool IsNext(duckdb::idx_t batch) const { return batch <= next_batch_; }
  bool HasRoom(duckdb::idx_t batch) const;
  bool HasChunk() const { return !batches_.empty() && IsNext(batches_.begin()->first); }
  void MoveOn(duckdb::idx_t batch);

  const int64_t capacity_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::map<duckdb::idx_t, Batch> batches_;                        // none without chunks
  duckdb::idx_t next_batch_ = 0;                                  // up to it, chunks may be read
  int64_t next_bytes_ = 0;                                        // of chunks that may be read
  int64_t later_bytes_ = 0;                                       // of the others
  std::multimap<duckdb::idx_t, duckdb::InterruptState> blocked_;  // by the batch they write
  bool closed_ = false;
};

}  // namespace skyhook::sql
