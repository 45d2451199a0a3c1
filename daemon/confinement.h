// Keeps this process to the files that it needs, whatever names it is given.
#pragma once

#include <arrow/status.h>

#include <string>
#include <vector>

namespace skyhook::daemon {

/// From now on this thread, and those that it starts, can read only what lies below `read`, and
/// read and write only what lies below `own`, a directory that they may remove in the end (and read
/// the system's libraries and a few files of the resolver): links and races do not lead out,
/// because the kernel (Landlock) looks at what is opened in the end. Fails, saying so, where the
/// kernel cannot. What has been opened stays open.
arrow::Status Confine(const std::vector<std::string>& read, const std::string& own);

}  // namespace skyhook::daemon
