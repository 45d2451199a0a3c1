// A ByteSource as Arrow's readers want it.
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>

#include "skyhook/format/byte_reader.h"

namespace skyhook::format {

/// Bytes that were read before, or that stand behind the source's own as if it had them.
struct KnownBytes {
  base::ByteRange range;
  std::shared_ptr<arrow::Buffer> bytes;
};

/// A file that one thread at a time reads.
class SourceFile : public arrow::io::RandomAccessFile {
 public:
  /// Reads through and on the account of another reader of the same source from now on, and leaves
  /// the status of a read that fails in `failure`.
  virtual void ReadBy(ByteReader reader, std::shared_ptr<arrow::Status> failure) = 0;
};

/// Every read, those that Arrow calls asynchronous too, happens on the calling thread, through
/// and on the account of `reader`. A read that fails leaves its status in `failure` (may be null),
/// because Arrow's readers report damaged data and failed reads alike. Reads inside of `known` are
/// answered from it.
std::shared_ptr<SourceFile> MakeRandomAccessFile(ByteReader reader,
                                                 std::shared_ptr<arrow::Status> failure,
                                                 KnownBytes known = {});

/// The status for an Arrow reader that failed with `status`: the failed read, else kCorruptData,
/// else `status` itself where it says neither (cancelled, out of memory, not implemented).
arrow::Status ReaderFailure(const arrow::Status& status, const arrow::Status& failure);

}  // namespace skyhook::format
