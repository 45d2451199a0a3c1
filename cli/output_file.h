// Where the bytes of results go: standard output, or a file that appears when it is complete.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include <memory>
#include <string>

namespace skyhook::cli {

/// Writes to standard output, unbuffered. Writing to a closed pipe fails with ClosedPipeError.
std::shared_ptr<arrow::io::OutputStream> StandardOutput();

/// Replaces the file `path` when it is closed: until then its bytes go to a hidden file beside it,
/// which is removed when the stream is dropped unclosed. An old file's mode is kept, and links are
/// followed.
arrow::Result<std::shared_ptr<arrow::io::OutputStream>> ReplaceFile(const std::string& path);

/// Writes to what is there, such as a pipe or a device.
arrow::Result<std::shared_ptr<arrow::io::OutputStream>> OpenDirectly(const std::string& path);

/// True when `path` is a regular file, or nothing yet.
bool IsReplaceable(const std::string& path);

}  // namespace skyhook::cli
