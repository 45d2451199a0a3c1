#include "skyhook/lending/host/worker_program.h"

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "skyhook/lending/descriptors.h"
#include "skyhook/lending/socket_address.h"

namespace skyhook::lending {
namespace {

// Nothing of this process's memory is copied: posix_spawn shares it until the program runs. Nor is
// its environment, which may hold what is nobody else's business.
int Spawn(std::string program, std::string niceness, int socket, int window, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, socket, kSocket);
  posix_spawn_file_actions_adddup2(&actions, window, kWindow);
  posix_spawn_file_actions_addclosefrom_np(&actions, kWindow + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char* arguments[] = {program.data(), niceness.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t started = -1;
  const int error =
      posix_spawn(&started, program.c_str(), &actions, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) *pid = started;
  return -error;
}

bool IsSocket(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

// A connection to who listens at `path`, and may: anyone else could answer with what they like.
int Connect(const std::string& path, base::FileDescriptor* connection) {
  sockaddr_un address;
  if (!SocketAddress(path, &address)) return -ENAMETOOLONG;
  *connection =
      base::FileDescriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int fd = connection->get();
  if (fd < 0) return -errno;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return -errno;
  ucred peer{};
  socklen_t bytes = sizeof(peer);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return -errno;
  return peer.uid == 0 || peer.uid == geteuid() ? 0 : -EPERM;
}

int Ask(const std::string& path, int socket, int window, base::FileDescriptor* lifeline) {
  const int error = Connect(path, lifeline);
  return error < 0 ? error : SendDescriptors(lifeline->get(), socket, window);
}

}  // namespace

bool IsThere(const std::string& worker) {
  return IsSocket(worker) || access(worker.c_str(), X_OK) == 0;
}

StartWorker ProgramOf(const std::string& worker, int niceness) {
  return [worker, niceness](int socket, int window, WorkerHold* hold) {
    return IsSocket(worker) ? Ask(worker, socket, window, &hold->lifeline)
                            : Spawn(worker, std::to_string(niceness), socket, window, &hold->pid);
  };
}

}  // namespace skyhook::lending
