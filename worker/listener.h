// Workers for OSDs that do not start them: in another container, or under another limit.
#pragma once

#include <arrow/status.h>

#include <string>

namespace skyhook::worker {

/// Makes the socket `path`, in place of one that nobody listens at, for this user and group. Starts
/// `program NICENESS` for each connection that hands over a socket and a window
/// (lending/message.h), and ends it with the connection. Returns only when it cannot go on.
arrow::Status Listen(const std::string& path, const std::string& program,
                     const std::string& niceness);

}  // namespace skyhook::worker
