// Where an OSD's workers come from: a program that it starts, or one that listens.
#pragma once

#include <string>

#include "cls/settings.h"
#include "cls/worker_process.h"

namespace skyhook::cls {

/// Runs `settings.worker`, with its niceness for an argument, the two descriptors at their places,
/// all others closed and no signal blocked or ignored. Where that is a socket, asks who listens
/// there for a worker (lending/message.h): root, or the user of this process.
StartWorker ProgramOf(const Settings& settings);

/// Whether there is such a program, or such a socket.
bool IsThere(const std::string& worker);

}  // namespace skyhook::cls
