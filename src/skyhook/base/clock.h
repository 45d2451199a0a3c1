// The time of day, as files and manifests hold it.
#pragma once

#include <chrono>
#include <cstdint>

namespace skyhook::base {

/// Nanoseconds since 1970, UTC.
inline int64_t UnixNanos() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace skyhook::base
