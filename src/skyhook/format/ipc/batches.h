// The record batches of an Arrow IPC file, through Arrow's reader.
#pragma once

#include <arrow/ipc/reader.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <memory>
#include <mutex>
#include <vector>

#include "skyhook/base/memory_budget.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/random_access_file.h"

namespace skyhook::format {

/// Arrow's readers of one file. A reader reads the dictionaries of its columns with its first
/// batch, all of them, so that a few readers are kept for the batches after it. Thread-safe: a
/// reader reads one batch at a time.
class IpcBatches {
 public:
  /// `footer`: from the file's footer to its end. Readers are kept as far as their dictionaries
  /// find room in `budget`: without, each batch reads the dictionaries again.
  IpcBatches(KnownBytes footer, std::shared_ptr<base::MemoryBudget> budget);
  ~IpcBatches();

  /// Opens the file: what it says of itself, and how many batches it has.
  arrow::Result<std::shared_ptr<arrow::ipc::RecordBatchFileReader>> Describe(
      const ByteReader& bytes, arrow::MemoryPool* pool) const;

  /// Batch `batch` with the fields `columns` (ascending), checked value by value: offsets, indices,
  /// text and digits can be trusted. Reads by `bytes`, and decodes into `pool`, which has to be the
  /// same each time. Errors: those of reading, and kCorruptData, which names the column where one
  /// is wrong.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Read(int batch,
                                                          const std::vector<int>& columns,
                                                          const ByteReader& bytes,
                                                          arrow::MemoryPool* pool);

 private:
  struct Kept;

  /// Null: none of these columns is kept.
  std::unique_ptr<Kept> Take(const std::vector<int>& columns);
  void Keep(std::unique_ptr<Kept> reader, const arrow::RecordBatch& batch);

  const KnownBytes footer_;
  const std::shared_ptr<base::MemoryBudget> budget_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Kept>> kept_;  // those that read nothing now
};

}  // namespace skyhook::format
