#include "cli/interrupts.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "cli/exit_code.h"

namespace skyhook::cli {
namespace {

// What the handler reads: a handler may not allocate, lock or call destructors.
std::atomic<arrow::StopSource*> g_source = nullptr;
std::atomic<bool> g_has_unfinished = false;
char g_unfinished[PATH_MAX];

// StopSource is made for handlers (RequestStopFromSignal), and so are unlink and _exit.
void Handle(int signal) {
  const int kept_errno = errno;
  if (arrow::StopSource* source = g_source.exchange(nullptr)) {
    source->RequestStopFromSignal(signal);
    errno = kept_errno;
    return;
  }
  if (g_has_unfinished.load()) ::unlink(g_unfinished);
  ::_exit(static_cast<int>(ExitCode::kInterrupted));
}

}  // namespace

arrow::Status HandleInterrupts() {
  struct sigaction action {};
  action.sa_handler = Handle;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction old {};
    // What the parent ignores (nohup) stays ignored.
    if (::sigaction(signal, nullptr, &old) == 0 && old.sa_handler == SIG_IGN) continue;
    if (::sigaction(signal, &action, nullptr) != 0) {
      return arrow::Status::IOError("cannot handle signal ", signal, ": ", std::strerror(errno));
    }
  }
  return arrow::Status::OK();
}

Interruptible::~Interruptible() {
  if (!begun_) return;
  g_source.store(nullptr);
  arrow::ResetSignalStopSource();
}

arrow::Status Interruptible::Begin() {
  ARROW_ASSIGN_OR_RAISE(arrow::StopSource * source, arrow::SetSignalStopSource());
  begun_ = true;
  token_ = source->token();
  g_source.store(source);
  return arrow::Status::OK();
}

void RemoveWhenInterrupted(const std::string& path) {
  g_has_unfinished.store(false);
  if (path.empty() || path.size() >= sizeof(g_unfinished)) return;
  std::memcpy(g_unfinished, path.c_str(), path.size() + 1);
  g_has_unfinished.store(true);
}

}  // namespace skyhook::cli
