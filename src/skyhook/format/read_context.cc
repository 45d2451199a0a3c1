#include "skyhook/format/read_context.h"

#include "skyhook/base/status.h"

namespace skyhook::format {

arrow::Status ReadContext::Poll() const {
  ARROW_RETURN_NOT_OK(stop.Poll());
  if (deadline.has_value() && std::chrono::steady_clock::now() >= *deadline) {
    return base::LimitExceeded("the deadline passed while bytes were read");
  }
  return arrow::Status::OK();
}

arrow::Result<std::unique_lock<std::timed_mutex>> Lock(std::timed_mutex* mutex,
                                                       const ReadContext& context) {
  std::unique_lock<std::timed_mutex> lock(*mutex, std::defer_lock);
  if (lock.try_lock()) return lock;
  const base::WithoutCore idle(context.core);
  while (!lock.try_lock_for(kWaitStep)) ARROW_RETURN_NOT_OK(context.Poll());
  return lock;
}

}  // namespace skyhook::format
