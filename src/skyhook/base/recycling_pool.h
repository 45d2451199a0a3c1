// Memory that is used again before more is asked for.
#pragma once

#include <arrow/memory_pool.h>

#include <cstdint>
#include <memory>

namespace skyhook::base {

/// `pool` (null: Arrow's default), which gets back only what goes beyond `most` bytes: blocks of 32
/// KiB to 64 MiB are kept when they are freed, and given to who next asks for about as much; for
/// others, those are given back that have been kept longest. Memory fresh from the system has to be
/// zeroed page by page when it is first touched, which takes about as long as decompressing into
/// it.
///
/// A block is up to a quarter larger than what was asked for; bytes_allocated() counts neither that
/// nor what is kept. Thread-safe. What was allocated may outlive the pointer, and must not outlive
/// `pool`.
std::shared_ptr<arrow::MemoryPool> RecyclingPool(arrow::MemoryPool* pool, int64_t most);

}  // namespace skyhook::base
