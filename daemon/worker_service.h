// The process that starts workers, so that they need nothing of this one.
#pragma once

#include <arrow/status.h>
#include <sys/types.h>

#include <string>

namespace skyhook::daemon {

/// Runs `skyhook-worker --listen`, which starts workers for whoever asks at a socket: they are no
/// children of this process, whose confinement would keep them from their libraries. Ends with this
/// process, in whatever way that ends.
class WorkerService {
 public:
  WorkerService() = default;
  ~WorkerService();
  WorkerService(const WorkerService&) = delete;
  WorkerService& operator=(const WorkerService&) = delete;

  /// Starts `program`, which listens at `socket`, and waits until it does. Call before there are
  /// threads.
  arrow::Status Start(const std::string& program, const std::string& socket);

  /// Whether it has ended by itself.
  bool HasEnded();

 private:
  pid_t pid_ = -1;
};

/// The program skyhook-worker that belongs to this one: beside it, or where packages put it.
std::string WorkerBesideThis();

}  // namespace skyhook::daemon
