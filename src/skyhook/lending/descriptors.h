// A worker's two descriptors, its socket and its window, on their way through a socket
// (lending/message.h). Free of Arrow.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "skyhook/base/file_descriptor.h"

namespace skyhook::lending {

struct WorkerDescriptors {
  base::FileDescriptor socket;
  base::FileDescriptor window;
};

/// Hands both over, with a byte that carries them. 0, or a negative error number.
inline int SendDescriptors(int connection, int socket, int window) {
  const std::array descriptors = {socket, window};
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(descriptors))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(descriptors));
  std::memcpy(CMSG_DATA(header), descriptors.data(), sizeof(descriptors));
  return ::sendmsg(connection, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

/// What a connection hands over, without waiting for it; nothing when that is anything else, which
/// is closed.
inline std::optional<WorkerDescriptors> ReceiveDescriptors(int connection) {
  std::array<int, 2> descriptors{};
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(descriptors))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1) return std::nullopt;
  std::vector<base::FileDescriptor> received;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::memcpy(descriptors.data(), CMSG_DATA(header), count * sizeof(int));
    for (size_t i = 0; i < count; ++i) received.emplace_back(descriptors[i]);
  }
  if (received.size() != 2) return std::nullopt;
  return WorkerDescriptors{std::move(received[0]), std::move(received[1])};
}

}  // namespace skyhook::lending
