#include "daemon/worker_service.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include "skyhook/base/status.h"
#include "skyhook/lending/host/worker_program.h"

namespace skyhook::daemon {

using arrow::Status;

namespace {

constexpr std::chrono::seconds kMostStart(10);
constexpr char kNiceness[] = "0";

[[noreturn]] void Become(const char* program, const char* socket, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  // A parent that ended before it could be waited for.
  if (getppid() == parent) ::execl(program, program, "--listen", socket, kNiceness, nullptr);
  ::_exit(127);
}

}  // namespace

WorkerService::~WorkerService() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status WorkerService::Start(const std::string& program, const std::string& socket) {
  if (::access(program.c_str(), X_OK) != 0) {
    return Status::IOError(
        fmt::format("the worker '{}' cannot be run: {}", program, std::strerror(errno)));
  }
  const pid_t parent = getpid();
  pid_ = ::fork();
  if (pid_ == 0) Become(program.c_str(), socket.c_str(), parent);
  if (pid_ < 0) {
    return Status::IOError(fmt::format("cannot start '{}': {}", program, std::strerror(errno)));
  }
  const auto end = std::chrono::steady_clock::now() + kMostStart;
  while (!lending::IsThere(socket)) {
    int how = 0;
    if (::waitpid(pid_, &how, WNOHANG) == pid_) {
      pid_ = -1;
      return Status::IOError(fmt::format("the worker '{}' ended at once", program));
    }
    if (std::chrono::steady_clock::now() >= end) {
      return Status::IOError(fmt::format("the worker '{}' does not listen", program));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return Status::OK();
}

bool WorkerService::HasEnded() {
  if (pid_ < 0 || ::waitpid(pid_, nullptr, WNOHANG) != pid_) return false;
  pid_ = -1;
  return true;
}

std::string WorkerBesideThis() {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto installed = here / "../lib/skyhook/osd/skyhook-worker";
  return std::filesystem::exists(installed, error) ? installed.lexically_normal().string()
                                                   : (here / "skyhook-worker").string();
}

}  // namespace skyhook::daemon
