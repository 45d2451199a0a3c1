// Where workers come from: a program that is started, or one that listens.
#pragma once

#include <string>

#include "skyhook/lending/host/worker_process.h"

namespace skyhook::lending {

/// Runs the program `worker`, with its niceness (0 to 19) for an argument, the two descriptors at
/// their places, all others closed and no signal blocked or ignored. Where that is a socket, asks
/// who listens there for a worker (lending/message.h): root, or the user of this process.
StartWorker ProgramOf(const std::string& worker, int niceness);

/// Whether there is such a program, or such a socket.
bool IsThere(const std::string& worker);

}  // namespace skyhook::lending
