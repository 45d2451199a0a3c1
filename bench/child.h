// The program as a child process, and what the system says of it afterwards.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <vector>

namespace skyhook::bench {

struct ChildRun {
  int exit_code = 0;       ///< -1: ended by a signal
  int64_t peak_bytes = 0;  ///< of its resident size
  std::string errors;      ///< what it wrote to its standard error
};

/// Runs a command, the path of its program first, to its end; its output is thrown away.
arrow::Result<ChildRun> RunChild(const std::vector<std::string>& command);

}  // namespace skyhook::bench
