#include "skyhook/sql/watchdog.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <utility>

#include "skyhook/base/exceptions.h"
#include "skyhook/base/status.h"

namespace skyhook::sql {
namespace {

constexpr std::chrono::milliseconds kPeriod(2);
constexpr std::chrono::milliseconds kReportPeriod(100);

}  // namespace

Watchdog::Watchdog(duckdb::Connection* connection, std::shared_ptr<QueryState> query,
                   const QueryOptions& options)
    : connection_(connection), query_(std::move(query)), options_(options) {
  if (options.timeout.has_value()) {
    deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(*options.timeout);
  }
  next_report_ = Clock::now() + kReportPeriod;
  thread_ = std::thread([this] { Watch(); });
}

Watchdog::~Watchdog() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

arrow::Status Watchdog::verdict() const {
  std::lock_guard<std::mutex> lock(mutex_);
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

void Watchdog::Watch() noexcept {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!wake_.wait_for(lock, kPeriod, [this] { return done_; })) {
    CheckStop();
    if (!options_.on_progress || reason_ == Reason::kThrown || Clock::now() < next_report_)
      continue;
    next_report_ = Clock::now() + kReportPeriod;
    lock.unlock();
    std::exception_ptr thrown;
    try {
      ReportProgress();
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    if (thrown != nullptr) thrown_ = std::move(thrown);
  }
}

void Watchdog::CheckStop() {
  if (thrown_ != nullptr) {
    Stop(Reason::kThrown);
  } else if (options_.stop.IsStopRequested()) {
    Stop(Reason::kCancelled);
  } else if (deadline_.has_value() && Clock::now() >= *deadline_) {
    Stop(Reason::kTimeLimit);
  }
}

// DuckDB forgets an interrupt that comes before a query has begun, so that it is said every time.
void Watchdog::Stop(Reason reason) {
  if (reason_ == Reason::kNone) reason_ = reason;
  query_->RequestStop();
  connection_->Interrupt();
}

void Watchdog::ReportProgress() {
  double sum = 0;
  double weight = 0;
  for (const auto& account : query_->accounts()) {
    const double bytes = static_cast<double>(std::max<int64_t>(account->table_bytes, 1));
    sum += bytes * account->progress();
    weight += bytes;
  }
  options_.on_progress(weight > 0 ? sum / weight : 0.0);
}

}  // namespace skyhook::sql
