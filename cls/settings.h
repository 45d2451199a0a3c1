// What an operator can set: environment variables of the OSD.
#pragma once

#include <cstdint>
#include <string>

namespace skyhook::cls {

struct Settings {
  /// SKYHOOK_WORKER: the worker program, or the socket at which one listens.
  std::string worker = SKYHOOK_DEFAULT_WORKER;
  /// SKYHOOK_CALLS: calls at a time in this OSD; each holds an op thread. More are refused as busy.
  int calls = 2;
  /// SKYHOOK_DEADLINE_MS: the most that a call may take, whatever the client asks for. A call holds
  /// its placement group; an op thread that is stuck for 15 s makes the OSD unhealthy.
  int deadline_ms = 1000;
  /// SKYHOOK_READS_MS: the most that the reads of a call may take together, which its deadline does
  /// not count: a disk may be slow. A call whose reads take longer is refused.
  int reads_ms = 2000;
  /// SKYHOOK_REPLY_BYTES: the most bytes of a reply, which lies in the OSD's memory until it is
  /// sent.
  int64_t reply_bytes = int64_t{16} << 20;
  /// SKYHOOK_QUARANTINE_S: how long a plan that ended a worker twice is refused.
  int quarantine_s = 300;
  /// SKYHOOK_NICE: the workers' niceness, 0 to 19. What they do may wait for what the OSD does.
  int niceness = 10;
};

/// As the environment says; a value that is none is logged and passed over.
Settings SettingsOfEnvironment();

/// What the class adds to a call's deadline before it ends the worker, which stops by itself at its
/// deadline: time to hand over a reply.
int64_t GraceMs(const Settings& settings);

}  // namespace skyhook::cls
