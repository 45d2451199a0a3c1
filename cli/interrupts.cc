#include "cli/interrupts.h"

#include <csignal>

namespace skyhook::cli {

Interruptible::~Interruptible() {
  if (!begun_) return;
  arrow::UnregisterCancellingSignalHandler();
  arrow::ResetSignalStopSource();
}

arrow::Status Interruptible::Begin() {
  ARROW_ASSIGN_OR_RAISE(arrow::StopSource * source, arrow::SetSignalStopSource());
  begun_ = true;
  token_ = source->token();
  return arrow::RegisterCancellingSignalHandler({SIGINT, SIGTERM});
}

}  // namespace skyhook::cli
