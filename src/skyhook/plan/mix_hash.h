// Hashes of what consists of parts, such as a node and its arguments.
#pragma once

#include <cstddef>

namespace skyhook::plan {

/// Takes the hash of a further part into `hash`.
inline void MixHash(size_t part, size_t* hash) {
  *hash ^= part + 0x9E3779B97F4A7C15ULL + (*hash << 6) + (*hash >> 2);
}

}  // namespace skyhook::plan
