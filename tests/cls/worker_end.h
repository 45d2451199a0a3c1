// A worker that a test speaks for: a thread at the far end of the class's socket and window, which
// keeps to nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "skyhook/lending/host/worker_process.h"
#include "skyhook/lending/message.h"

namespace skyhook::lending {

/// The descriptors of such a worker, which are closed with it.
class WorkerEnd {
 public:
  WorkerEnd(int socket, int window);
  ~WorkerEnd();
  WorkerEnd(const WorkerEnd&) = delete;
  WorkerEnd& operator=(const WorkerEnd&) = delete;

  /// Waits for a message. False: the class is gone.
  bool Hear(Message* message);
  /// Waits for a few milliseconds only: false also when nothing came.
  bool HearSoon();
  /// False: the class is gone.
  bool Say(const Message& message);
  bool Say(Kind kind, uint64_t bytes = 0);
  /// A packet of any bytes.
  bool SayBytes(std::string_view bytes);
  /// Puts a reply of `body_bytes` beyond its header into the window; the bytes to say.
  uint64_t FrameReply(uint32_t body_bytes);
  /// Until the class is gone.
  void Hang();
  /// The first call: says kReady, and waits for it. False: there is none.
  bool Begin();

  int socket() const { return socket_; }
  int window() const { return window_; }
  uint8_t* bytes() const { return bytes_; }

 private:
  const int socket_;
  const int window_;
  uint8_t* bytes_ = nullptr;
};

/// Runs `behaviour` in the place of each worker that the class starts, one after the other;
/// outlives the class. `behaviour` must return once the class is gone.
class WorkerThreads {
 public:
  explicit WorkerThreads(std::function<void(WorkerEnd*)> behaviour);
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  StartWorker starter();
  int started() const { return started_; }

 private:
  int Start(int socket, int window);

  const std::function<void(WorkerEnd*)> behaviour_;
  std::thread thread_;
  int started_ = 0;
};

}  // namespace skyhook::lending
