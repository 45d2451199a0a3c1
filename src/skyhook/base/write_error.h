// Errors of writing told from those of reading, for whoever gives advice.
#pragma once

#include <arrow/status.h>

#include <string>

namespace skyhook::base {

/// An IOError: something could not be written, created, replaced or removed.
arrow::Status WriteError(std::string message);

/// True for what WriteError made, whatever context was added, and for errors of the system that
/// only writing has (a full disk, a file that would be too large, a read-only file system) as Arrow
/// gives them.
bool IsWriteError(const arrow::Status& status);

}  // namespace skyhook::base
