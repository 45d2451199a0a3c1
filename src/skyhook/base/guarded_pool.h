// Memory that a corrupt length cannot exhaust.
#pragma once

#include <arrow/memory_pool.h>

#include <cstdint>
#include <memory>

namespace skyhook::base {

/// `pool` (null: Arrow's default), except that a single allocation of more than `most` bytes fails
/// with kCorruptData: for readers of Arrow's that allocate what a length in a file says before they
/// look at the bytes. Thread-safe. What was allocated may outlive the pointer, and must not outlive
/// `pool`.
std::shared_ptr<arrow::MemoryPool> GuardedPool(arrow::MemoryPool* pool, int64_t most);

}  // namespace skyhook::base
