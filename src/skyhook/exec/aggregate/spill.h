// Record batches on disk for a while, in hash partitions.
#pragma once

#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <memory>
#include <string>

#include "skyhook/base/file_descriptor.h"

namespace skyhook::exec {

/// One temporary file of record batches: written, then read once. The file has no name: it goes
/// with the object, also when the process dies. Not thread-safe.
class SpillFile {
 public:
  static arrow::Result<std::unique_ptr<SpillFile>> Make(const std::string& directory,
                                                        std::shared_ptr<arrow::Schema> schema);

  arrow::Status Write(const arrow::RecordBatch& batch);
  /// Ends the writing and starts the reading.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Read();
  /// Bytes written so far.
  int64_t size() const;

 private:
  SpillFile() = default;

  std::shared_ptr<arrow::io::FileOutputStream> out_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  base::FileDescriptor to_read_;
};

}  // namespace skyhook::exec
