// Workers as programs of their own: how an OSD starts them.
#pragma once

#include "cls/settings.h"
#include "cls/worker_process.h"

namespace skyhook::cls {

/// Runs `settings.worker`, with its niceness for an argument, the two descriptors at their places,
/// all others closed and no signal blocked or ignored.
StartWorker ProgramOf(const Settings& settings);

}  // namespace skyhook::cls
