// Where the bytes of results go: standard output, or a file that appears when it is complete.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <functional>
#include <memory>
#include <string>

namespace skyhook::cli {

/// A stream to a descriptor. Not thread-safe.
class OutputFile : public arrow::io::OutputStream {
 public:
  /// While a write goes to a pipe or a terminal, where somebody may read slowly or not at all,
  /// `stopped` is asked over and over, and an error that it returns ends the write. Null: writes
  /// wait without an end.
  virtual void StopWritingWhen(std::function<arrow::Status()> stopped) = 0;
  /// Nothing more is written: every write from now on fails, and a file is not replaced.
  virtual void GiveUp() = 0;
};

/// Writes to standard output, unbuffered. Writing to a closed pipe fails with ClosedPipeError.
std::shared_ptr<OutputFile> StandardOutput();

/// Replaces the file `path` when it is closed: until then its bytes go to a hidden file beside it,
/// which is removed when the stream is dropped unclosed, or a signal ends the process. An old
/// file's mode is kept, and links are followed.
arrow::Result<std::shared_ptr<OutputFile>> ReplaceFile(const std::string& path);

/// Writes to what is there, such as a pipe or a device.
arrow::Result<std::shared_ptr<OutputFile>> OpenDirectly(const std::string& path);

/// Writes to the standard input of $PAGER, or of less where it is not set; Close waits until
/// whoever reads has left it.
arrow::Result<std::shared_ptr<OutputFile>> OpenPager();

/// True when `path` is a regular file, or nothing yet.
bool IsReplaceable(const std::string& path);

}  // namespace skyhook::cli
