// Memory that a corrupt length cannot exhaust.
#pragma once

#include <arrow/memory_pool.h>

#include <cstdint>

namespace skyhook::base {

/// `pool`, except that a single allocation of more than `most` bytes fails with kCorruptData: for
/// readers of Arrow's that allocate what a length in a file says before they look at the bytes.
/// Lives as long as the process, for arrays keep the pool that they came from. Thread-safe.
arrow::MemoryPool* GuardedPool(arrow::MemoryPool* pool, int64_t most);

}  // namespace skyhook::base
