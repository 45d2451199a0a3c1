#include "cli/time_limit.h"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

#include "cli/options.h"
#include "skyhook/base/status.h"

namespace skyhook::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPeriod(5);

}  // namespace

arrow::Result<std::unique_ptr<TimeLimit>> TimeLimit::Start(const std::string& timeout,
                                                           arrow::StopToken parent) {
  std::unique_ptr<TimeLimit> limit(new TimeLimit(std::move(parent)));
  std::chrono::nanoseconds time = std::chrono::nanoseconds::max();
  if (!timeout.empty()) {
    ARROW_ASSIGN_OR_RAISE(time, ParseTimeout(timeout));
  }
  try {
    limit->thread_ = std::thread(
        [limit = limit.get(), time,
         over = base::LimitExceeded("the query ran longer than its time limit of {}",
                                    timeout)]() mutable { limit->Watch(time, std::move(over)); });
  } catch (const std::system_error& error) {
    return arrow::Status::IOError("no thread can be started to watch the time: ", error.what());
  }
  return limit;
}

TimeLimit::~TimeLimit() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TimeLimit::Watch(std::chrono::nanoseconds limit, arrow::Status over) noexcept {
  const Clock::time_point begin = Clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  while (!wake_.wait_for(lock, kPeriod, [this] { return done_; })) {
    if (parent_.IsStopRequested()) return source_.RequestStop(parent_.Poll());
    if (Clock::now() - begin < limit) continue;
    return source_.RequestStop(std::move(over));
  }
}

}  // namespace skyhook::cli
