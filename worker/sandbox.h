// Gives up what a parser of hostile bytes has no use for.
#pragma once

#include <arrow/status.h>

#include <cstdint>

namespace skyhook::worker {

struct SandboxOptions {
  int64_t memory_bytes = int64_t{2} << 30;  ///< of address space
  int niceness = 10;
};

/// After this the process is nobody (if it was root), cannot gain privileges, and has no file
/// system, no network and no new processes or threads: what it may still do is use memory, tell the
/// time, talk over the descriptors it has, and end. Calls that are not allowed fail with EPERM.
arrow::Status EnterSandbox(const SandboxOptions& options);

}  // namespace skyhook::worker
