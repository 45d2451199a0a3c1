// How the process' allocators behave.
#pragma once

#include <arrow/status.h>

#include <string>

namespace skyhook::cli {

/// Allocators keep what is freed for later use, more of it than a small --memory allows. With less
/// than 1 GiB they are told to give it back. Must be called before Arrow allocates anything; fails
/// when `memory` (may be empty) is no size.
arrow::Status BoundAllocators(const std::string& memory);

}  // namespace skyhook::cli
