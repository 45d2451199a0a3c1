// The bytes of a local file as a fragment's source.
#pragma once

#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <sys/stat.h>

#include <memory>
#include <string>

#include "skyhook/base/byte_source.h"
#include "skyhook/base/file_descriptor.h"

namespace skyhook::base {

/// Opens a regular file. Reads happen on the calling thread and the future is finished when
/// ReadAsync returns. A file whose size or modification time is no longer what it was when it was
/// opened fails every read with Code::kStaleObject. Holds one file descriptor. What is read is
/// allocated from `pool` (null: Arrow's default).
arrow::Result<std::shared_ptr<ByteSource>> OpenFile(
    const std::string& path, std::shared_ptr<arrow::MemoryPool> pool = nullptr);

/// The version a file has now: "size-mtime_ns-inode", as OpenFile's sources say it.
arrow::Result<std::string> FileVersion(const std::string& path);

/// A regular file that was opened to be read: as OpenFile opens it, for whoever reads it himself.
struct OpenedFile {
  FileDescriptor descriptor;
  struct stat about {};

  /// As FileVersion.
  std::string version() const;
};
arrow::Result<OpenedFile> OpenRegularFile(const std::string& path);

/// kStaleObject, naming the file as `name`, when it is no longer what it was when it was opened.
arrow::Status CheckUnchanged(const OpenedFile& file, const std::string& name);

}  // namespace skyhook::base
