// Ctrl-C and SIGTERM: the first asks the running work to stop, the second ends the process.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <string>

namespace skyhook::cli {

/// From now on SIGINT, SIGTERM and SIGHUP end the process with exit code 130, and remove the file
/// that RemoveWhenInterrupted names; while an Interruptible lives, the first of them only requests
/// its stop. Call once, before threads are started.
arrow::Status HandleInterrupts();

/// Makes the first signal request a stop while this lives. One at a time in a process.
class Interruptible {
 public:
  Interruptible() = default;
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

  arrow::Status Begin();
  arrow::StopToken token() const { return token_; }

 private:
  arrow::StopToken token_ = arrow::StopToken::Unstoppable();
  bool begun_ = false;
};

/// The unfinished file that a signal which ends the process removes; empty: none. One at a time.
void RemoveWhenInterrupted(const std::string& path);

}  // namespace skyhook::cli
