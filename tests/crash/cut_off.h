// Ends a process before a change that it is about to make.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace skyhook::crash {

/// Kills the process at the call whose number SKYHOOK_CUT_OFF_AT says, counted from 1; without it,
/// at none.
inline void BeforeChange() {
  static std::atomic<long> left = [] {
    const char* at = std::getenv("SKYHOOK_CUT_OFF_AT");
    return at == nullptr ? -1L : std::atol(at);
  }();
  if (left < 0) return;
  if (--left == 0) {
    ::kill(::getpid(), SIGKILL);
    ::pause();  // another thread may be here before the signal
  }
}

}  // namespace skyhook::crash
