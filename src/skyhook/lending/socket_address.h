// The name at which a worker that listens is asked for (lending/message.h). Free of Arrow.
#pragma once

#include <sys/un.h>

#include <string>

namespace skyhook::lending {

/// The address of the socket `path`. False: the name is too long for one.
inline bool SocketAddress(const std::string& path, sockaddr_un* out) {
  *out = {};
  out->sun_family = AF_UNIX;
  if (path.size() >= sizeof(out->sun_path)) return false;
  path.copy(out->sun_path, path.size());
  return true;
}

}  // namespace skyhook::lending
