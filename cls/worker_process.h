// One worker process: spawned, spoken to, ended.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "cls/settings.h"
#include "skyhook/worker/message.h"

namespace skyhook::cls {

/// A moment of CLOCK_MONOTONIC, in milliseconds.
int64_t NowMs();

/// Ends its process when it goes. Not thread-safe.
class WorkerProcess {
 public:
  /// Spawns a worker and waits until it is ready, or until `deadline_ms`. A negative error number
  /// when there is none.
  static int Spawn(const Settings& settings, int64_t deadline_ms,
                   std::unique_ptr<WorkerProcess>* out);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// 0, or a negative error number: -ESHUTDOWN when the worker is gone, -ETIMEDOUT at the deadline.
  int Send(const worker::Message& message, int64_t deadline_ms);
  int Receive(worker::Message* message, int64_t deadline_ms);

  /// kWindowBytes that both sides see. The worker may change them at any time.
  uint8_t* window() const { return window_; }

 private:
  WorkerProcess() = default;
  int MakeWindow(int* descriptor);

  int socket_ = -1;
  pid_t pid_ = -1;
  uint8_t* window_ = nullptr;
};

}  // namespace skyhook::cls
