#include "skyhook/lending/host/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace skyhook::lending {
namespace {

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

// `fd` as a descriptor above those that the worker is given.
int Above(int fd) {
  const int higher = fcntl(fd, F_DUPFD_CLOEXEC, kWindow + 1);
  return higher < 0 ? -errno : higher;
}

}  // namespace

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

int WorkerProcess::MakeWindow(base::FileDescriptor* descriptor) {
  const base::FileDescriptor memory(memfd_create("skyhook", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (memory.get() < 0) return -errno;
  // Sealed: a worker that shrank it could make this process fault.
  if (ftruncate(memory.get(), kWindowBytes) != 0 ||
      fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return -errno;
  }
  void* mapped = mmap(nullptr, kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return -errno;
  window_ = static_cast<uint8_t*>(mapped);
  *descriptor = base::FileDescriptor(Above(memory.get()));
  return std::min(descriptor->get(), 0);
}

int WorkerProcess::Start(const StartWorker& start, int64_t deadline_ms,
                         std::unique_ptr<WorkerProcess>* out) {
  std::unique_ptr<WorkerProcess> process(new WorkerProcess());
  if (const int error = process->Launch(start); error < 0) return error;
  if (const int error = process->AwaitReady(deadline_ms); error < 0) return error;
  *out = std::move(process);
  return 0;
}

// When it returns, the worker's end of the socket is open in the worker only: its end is noticed.
int WorkerProcess::Launch(const StartWorker& start) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) return -errno;
  socket_ = base::FileDescriptor(sockets[0]);
  const base::FileDescriptor low(sockets[1]);
  const base::FileDescriptor theirs(Above(low.get()));
  if (!theirs.is_open()) return theirs.get();
  base::FileDescriptor window;
  if (const int error = MakeWindow(&window); error < 0) return error;
  return start(theirs.get(), window.get(), &hold_);
}

int WorkerProcess::AwaitReady(int64_t deadline_ms) {
  Message ready;
  if (const int error = Receive(&ready, deadline_ms); error < 0) return error;
  const bool is_ours = ready.kind == Kind::kReady && ready.protocol == kProtocol;
  return is_ours ? 0 : -EPROTONOSUPPORT;
}

WorkerProcess::~WorkerProcess() {
  if (hold_.pid > 0) {
    kill(hold_.pid, SIGKILL);
    while (waitpid(hold_.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (window_ != nullptr) munmap(window_, kWindowBytes);
}

int WorkerProcess::Send(const Message& message, int64_t deadline_ms) {
  while (true) {
    const ssize_t sent =
        send(socket_.get(), &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == static_cast<ssize_t>(sizeof(message))) return 0;
    if (sent >= 0) return -EPROTO;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (const int error = WaitFor(socket_.get(), POLLOUT, deadline_ms); error < 0) return error;
    } else if (errno != EINTR) {
      return -ESHUTDOWN;
    }
  }
}

int WorkerProcess::Receive(Message* message, int64_t deadline_ms) {
  if (const int error = WaitFor(socket_.get(), POLLIN, deadline_ms); error < 0) return error;
  const ssize_t got = recv(socket_.get(), message, sizeof(*message), MSG_DONTWAIT | MSG_TRUNC);
  if (got == static_cast<ssize_t>(sizeof(*message))) return 0;
  return got > 0 ? -EPROTO : -ESHUTDOWN;
}

bool WorkerProcess::Knows(uint64_t scan) const {
  return scan != 0 && std::find(scans_.begin(), scans_.end(), scan) != scans_.end();
}

void WorkerProcess::Remember(uint64_t scan) {
  if (scan == 0 || Knows(scan)) return;
  scans_[next_scan_] = scan;
  next_scan_ = (next_scan_ + 1) % scans_.size();
}

bool WorkerProcess::IsQuiet() const {
  pollfd poll_for{socket_.get(), POLLIN, 0};
  return poll(&poll_for, 1, 0) == 0;
}

}  // namespace skyhook::lending
