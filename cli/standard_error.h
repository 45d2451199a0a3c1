// What people are told besides the result.
#pragma once

#include <string_view>

namespace skyhook::cli {

/// Writes to standard error. That it is full or closed is no reason to fail: errors are ignored.
void Tell(std::string_view text);

/// Puts /dev/null, to be read only, where a standard stream is closed, so that no file opened later
/// becomes one of them.
void OccupyStandardStreams();

}  // namespace skyhook::cli
