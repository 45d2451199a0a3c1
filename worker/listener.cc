#include "worker/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "skyhook/base/file_descriptor.h"
#include "skyhook/base/status.h"
#include "skyhook/lending/descriptors.h"
#include "skyhook/lending/message.h"
#include "skyhook/lending/socket_address.h"

namespace skyhook::worker {

using arrow::Result;
using arrow::Status;

namespace {

// More than any OSD asks for; who may connect may also be wrong.
constexpr size_t kMostWorkers = 64;

Status SystemError(const char* what, const std::string& path) {
  return Status::IOError(fmt::format("{} '{}': {}", what, path, std::strerror(errno)));
}

Result<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address;
  if (lending::SocketAddress(path, &address)) return address;
  return base::Invalid("'{}' is too long for the name of a socket", path);
}

// Whether somebody listens there already.
bool IsTaken(const sockaddr_un& address) {
  const base::FileDescriptor probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

Result<base::FileDescriptor> Bind(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const sockaddr_un address, AddressOf(path));
  if (IsTaken(address)) return Status::IOError(fmt::format("'{}': another one listens", path));
  // Under its name it listens from the first moment on.
  const std::string before = path + ".new";
  ARROW_ASSIGN_OR_RAISE(const sockaddr_un address_before, AddressOf(before));
  ::unlink(before.c_str());
  base::FileDescriptor listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const mode_t mask = ::umask(0117);
  const int bound = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address_before),
                           sizeof(address_before));
  ::umask(mask);
  if (bound != 0 || ::listen(listener.get(), SOMAXCONN) != 0) return SystemError("bind", before);
  if (::rename(before.c_str(), path.c_str()) != 0) return SystemError("rename", before);
  return listener;
}

// The child that becomes a worker: nothing of this process is left but its two descriptors.
[[noreturn]] void Become(const std::string& program, const std::string& niceness, int socket,
                         int window) {
  const int high_socket = ::fcntl(socket, F_DUPFD, lending::kWindow + 1);
  const int high_window = ::fcntl(window, F_DUPFD, lending::kWindow + 1);
  if (::dup2(high_socket, lending::kSocket) >= 0 && ::dup2(high_window, lending::kWindow) >= 0 &&
      ::close_range(lending::kWindow + 1, ~0U, 0) == 0) {
    ::execl(program.c_str(), program.c_str(), niceness.c_str(), nullptr);
  }
  ::_exit(127);
}

class Listener {
 public:
  Listener(base::FileDescriptor listener, std::string program, std::string niceness)
      : listener_(std::move(listener)),
        program_(std::move(program)),
        niceness_(std::move(niceness)) {}
  ~Listener() {
    for (const Held& held : held_) End(held);
  }

  Status Run() {
    while (true) {
      std::vector<pollfd> wait_for{{listener_.get(), POLLIN, 0}};
      for (const Held& held : held_) wait_for.push_back({held.connection.get(), POLLIN, 0});
      if (::poll(wait_for.data(), wait_for.size(), -1) < 0) {
        if (errno == EINTR) continue;
        return Status::IOError("poll: ", std::strerror(errno));
      }
      for (size_t i = wait_for.size() - 1; i > 0; --i) {
        if (wait_for[i].revents != 0) Hear(held_.begin() + static_cast<ptrdiff_t>(i) - 1);
      }
      if (wait_for[0].revents != 0) Accept();
    }
  }

 private:
  struct Held {
    base::FileDescriptor connection;
    pid_t pid = -1;  // of its worker, once it has asked for one
  };

  void Accept() {
    base::FileDescriptor connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.get() >= 0 && held_.size() < kMostWorkers) {
      held_.push_back({std::move(connection)});
    }
  }

  // A connection asks for one worker, and ends.
  void Hear(std::vector<Held>::iterator held) {
    if (held->pid < 0 && Start(&*held)) return;
    End(*held);
    held_.erase(held);
  }

  bool Start(Held* held) {
    const auto descriptors = lending::ReceiveDescriptors(held->connection.get());
    if (!descriptors.has_value()) return false;
    held->pid = ::fork();
    if (held->pid == 0) {
      Become(program_, niceness_, descriptors->socket.get(), descriptors->window.get());
    }
    return held->pid > 0;
  }

  static void End(const Held& held) {
    if (held.pid <= 0) return;
    ::kill(held.pid, SIGKILL);
    while (::waitpid(held.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  const base::FileDescriptor listener_;
  const std::string program_;
  const std::string niceness_;
  std::vector<Held> held_;
};

}  // namespace

Status Listen(const std::string& path, const std::string& program, const std::string& niceness) {
  ARROW_ASSIGN_OR_RAISE(base::FileDescriptor listener, Bind(path));
  return Listener(std::move(listener), program, niceness).Run();
}

}  // namespace skyhook::worker
