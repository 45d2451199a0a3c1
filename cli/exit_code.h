// The exit codes of the program, documented in --help.
#pragma once

#include <arrow/status.h>

#include <string>

namespace skyhook::cli {

enum class ExitCode : int {
  kOk = 0,
  kQueryError = 1,
  kUsage = 2,
  kDataError = 3,
  kLimitExceeded = 4,
  kInternalError = 5,
  kInterrupted = 130,
};

ExitCode ExitCodeOf(const arrow::Status& status);

/// The table of codes for --help.
std::string ExitCodeHelp();

/// What to try after `status`, or nothing.
std::string HintFor(const arrow::Status& status);

/// A mistake on the command line.
arrow::Status UsageError(const std::string& message);

/// Rows that cannot be written.
arrow::Status OutputError(const std::string& message);

/// A reader that went away, as `head` does: no reason to complain.
arrow::Status ClosedPipeError(const std::string& message);
bool IsClosedPipe(const arrow::Status& status);

}  // namespace skyhook::cli
