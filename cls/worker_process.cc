#include "cls/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <rados/objclass.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

extern char** environ;

namespace skyhook::cls {
namespace {

// A descriptor that is closed at the end of its scope.
struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

// Waits until the socket can be written or read, or until the deadline.
int WaitFor(int socket, short events, int64_t deadline_ms) {
  while (true) {
    const int64_t left = deadline_ms - NowMs();
    if (left <= 0) return -ETIMEDOUT;
    pollfd poll_for{socket, events, 0};
    const int ready = poll(&poll_for, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready < 0 && errno != EINTR) return -errno;
    if (ready > 0) return (poll_for.revents & events) != 0 ? 0 : -ESHUTDOWN;
  }
}

// Runs `program` with the two descriptors at their places, all others closed and no signal blocked
// or ignored. Nothing of the OSD's memory is copied: posix_spawn shares it until the program runs.
int SpawnProgram(const Settings& settings, int socket, int window, pid_t* pid) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  // Both are above the places, so that neither is overwritten before it is copied.
  posix_spawn_file_actions_adddup2(&actions, socket, worker::kSocket);
  posix_spawn_file_actions_adddup2(&actions, window, worker::kWindow);
  posix_spawn_file_actions_addclosefrom_np(&actions, worker::kWindow + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string program = settings.worker;
  std::string niceness = std::to_string(settings.niceness);
  char* arguments[] = {program.data(), niceness.data(), nullptr};
  const int error = posix_spawn(pid, program.c_str(), &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return -error;
}

// `fd` as a descriptor above those that the worker is given.
int Above(int fd) {
  const int higher = fcntl(fd, F_DUPFD_CLOEXEC, worker::kWindow + 1);
  return higher < 0 ? -errno : higher;
}

}  // namespace

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

int WorkerProcess::MakeWindow(int* descriptor) {
  Descriptor memory{memfd_create("skyhook", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (memory.fd < 0) return -errno;
  // Sealed: a worker that shrank it could make the OSD fault.
  if (ftruncate(memory.fd, worker::kWindowBytes) != 0 ||
      fcntl(memory.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return -errno;
  }
  void* mapped =
      mmap(nullptr, worker::kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd, 0);
  if (mapped == MAP_FAILED) return -errno;
  window_ = static_cast<uint8_t*>(mapped);
  *descriptor = Above(memory.fd);
  return std::min(*descriptor, 0);
}

int WorkerProcess::Spawn(const Settings& settings, int64_t deadline_ms,
                         std::unique_ptr<WorkerProcess>* out) {
  std::unique_ptr<WorkerProcess> process(new WorkerProcess());
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return -errno;
  process->socket_ = sockets[0];
  const Descriptor low{sockets[1]};
  const Descriptor theirs{Above(low.fd)};
  if (theirs.fd < 0) return theirs.fd;
  Descriptor window;
  if (const int error = process->MakeWindow(&window.fd); error < 0) return error;
  const int error = SpawnProgram(settings, theirs.fd, window.fd, &process->pid_);
  if (error < 0) {
    process->pid_ = -1;
    cls_log(0, "skyhook: cannot run '%s': %s", settings.worker.c_str(), strerror(-error));
    return error;
  }
  worker::Message ready;
  if (const int failed = process->Receive(&ready, deadline_ms); failed < 0) return failed;
  if (ready.kind != worker::Kind::kReady || ready.protocol != worker::kProtocol) {
    cls_log(0, "skyhook: '%s' speaks protocol %u, this class %u", settings.worker.c_str(),
            ready.protocol, worker::kProtocol);
    return -EPROTONOSUPPORT;
  }
  *out = std::move(process);
  return 0;
}

WorkerProcess::~WorkerProcess() {
  if (socket_ >= 0) close(socket_);
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (window_ != nullptr) munmap(window_, worker::kWindowBytes);
}

int WorkerProcess::Send(const worker::Message& message, int64_t deadline_ms) {
  while (true) {
    const ssize_t sent = send(socket_, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == static_cast<ssize_t>(sizeof(message))) return 0;
    if (sent >= 0) return -EPROTO;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (const int error = WaitFor(socket_, POLLOUT, deadline_ms); error < 0) return error;
    } else if (errno != EINTR) {
      return -ESHUTDOWN;
    }
  }
}

int WorkerProcess::Receive(worker::Message* message, int64_t deadline_ms) {
  if (const int error = WaitFor(socket_, POLLIN, deadline_ms); error < 0) return error;
  const ssize_t got = recv(socket_, message, sizeof(*message), MSG_DONTWAIT | MSG_TRUNC);
  if (got == static_cast<ssize_t>(sizeof(*message))) return 0;
  return got > 0 ? -EPROTO : -ESHUTDOWN;
}

}  // namespace skyhook::cls
