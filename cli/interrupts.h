// Ctrl-C as a stop token.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

namespace skyhook::cli {

/// Makes Ctrl-C and SIGTERM request a stop while this lives; the handlers that were there come back
/// afterwards. One at a time in a process.
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

}  // namespace skyhook::cli
