// One worker: started, spoken to, ended.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "skyhook/base/file_descriptor.h"
#include "skyhook/lending/message.h"

namespace skyhook::lending {

/// A moment of CLOCK_MONOTONIC, in milliseconds.
int64_t NowMs();

/// By what a worker is ended, besides its socket.
struct WorkerHold {
  /// A child of this process, or none.
  pid_t pid = -1;
  /// A descriptor: whoever runs the worker ends it when this is closed; or none.
  base::FileDescriptor lifeline;
};

/// Starts a worker at the other end of `socket`, which shares `window`: descriptors above those
/// that a worker has, open for as long as this call. 0, or a negative error number.
using StartWorker = std::function<int(int socket, int window, WorkerHold* hold)>;

/// Ends its process when it goes. Not thread-safe.
class WorkerProcess {
 public:
  /// Starts a worker and waits until it is ready, or until `deadline_ms`. A negative error number
  /// when there is none; -EPROTONOSUPPORT when it speaks another kProtocol.
  static int Start(const StartWorker& start, int64_t deadline_ms,
                   std::unique_ptr<WorkerProcess>* out);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// 0, or a negative error number: -ESHUTDOWN when the worker is gone, -ETIMEDOUT at the deadline,
  /// -EPROTO for what is no message.
  int Send(const Message& message, int64_t deadline_ms);
  int Receive(Message* message, int64_t deadline_ms);

  /// Whether a worker that was not asked anything is there and says nothing, as it should.
  bool IsQuiet() const;

  /// The scans of the calls it served last: it may keep what their next calls go on with.
  bool Knows(uint64_t scan) const;
  void Remember(uint64_t scan);
  /// Whether it was still at work when it last replied: it may refuse a call of another scan.
  bool was_at_work() const { return was_at_work_; }
  void set_was_at_work(bool was) { was_at_work_ = was; }

  /// kWindowBytes that both sides see. The worker may change them at any time.
  uint8_t* window() const { return window_; }

 private:
  WorkerProcess() = default;
  int Launch(const StartWorker& start);
  int MakeWindow(base::FileDescriptor* descriptor);
  int AwaitReady(int64_t deadline_ms);

  base::FileDescriptor socket_;
  WorkerHold hold_;
  uint8_t* window_ = nullptr;
  bool was_at_work_ = false;
  std::array<uint64_t, 8> scans_{};  // 0: none
  size_t next_scan_ = 0;             // the place of the one remembered longest
};

}  // namespace skyhook::lending
