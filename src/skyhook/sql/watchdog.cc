#include "skyhook/sql/watchdog.h"

#include <fmt/chrono.h>

#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"

namespace skyhook::sql {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPeriod(2);

}  // namespace

// What the timer holds: it may look once more after the watchdog has gone, and sees nothing then.
class Watchdog::Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(base::Timer* timer, duckdb::Connection* connection, std::shared_ptr<QueryState> query,
        const QueryOptions& options)
      : timer_(timer), connection_(connection), query_(std::move(query)), options_(options) {
    if (options.timeout.has_value()) {
      deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(*options.timeout);
    }
  }

  void LookLater() {
    timer_->Run(kPeriod, [self = shared_from_this()] { self->Look(); });
  }

  void End() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }

  arrow::Status verdict() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    switch (reason_) {
      case Reason::kNone:
        return arrow::Status::OK();
      case Reason::kCancelled:
        return arrow::Status::Cancelled("the query was cancelled");
      case Reason::kThrown:
        return base::StatusOf(thrown_);
      case Reason::kTimeLimit:
        break;
    }
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(*options_.timeout);
    return base::LimitExceeded(
        "the query ran longer than its time limit of {}",
        options_.timeout_text.empty() ? fmt::format("{}", milliseconds) : options_.timeout_text);
  }

 private:
  enum class Reason { kNone, kCancelled, kTimeLimit, kThrown };

  void Look() noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (ended_) return;
    if (options_.stop.IsStopRequested()) {
      Stop(Reason::kCancelled);
    } else if (deadline_.has_value() && Clock::now() >= *deadline_) {
      Stop(Reason::kTimeLimit);
    }
    try {
      LookLater();
    } catch (...) {
      thrown_ = std::current_exception();  // nobody would look again
      Stop(Reason::kThrown);
    }
  }

  // DuckDB forgets an interrupt that comes before a query has begun, so that it is said every time.
  void Stop(Reason reason) {
    if (reason_ == Reason::kNone) reason_ = reason;
    query_->RequestStop();
    connection_->Interrupt();
  }

  base::Timer* const timer_;
  duckdb::Connection* const connection_;
  const std::shared_ptr<QueryState> query_;
  const QueryOptions options_;
  std::optional<Clock::time_point> deadline_;

  mutable std::mutex mutex_;
  bool ended_ = false;
  Reason reason_ = Reason::kNone;
  std::exception_ptr thrown_;
};

Watchdog::Watchdog(base::Timer* timer, duckdb::Connection* connection,
                   std::shared_ptr<QueryState> query, const QueryOptions& options)
    : watch_(std::make_shared<Watch>(timer, connection, std::move(query), options)) {
  watch_->LookLater();
}

Watchdog::~Watchdog() { watch_->End(); }

arrow::Status Watchdog::verdict() const { return watch_->verdict(); }

}  // namespace skyhook::sql
