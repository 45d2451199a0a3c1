// --timeout of the verbs that run no SQL, as a stop token.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace skyhook::cli {

/// Requests a stop when its time is over, with kLimitExceeded, or when `parent` does. Has a thread
/// of its own.
class TimeLimit {
 public:
  /// `timeout` is the text of --timeout; without any there is no limit.
  static arrow::Result<std::unique_ptr<TimeLimit>> Start(const std::string& timeout,
                                                         arrow::StopToken parent);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  arrow::StopToken token() { return source_.token(); }

 private:
  explicit TimeLimit(arrow::StopToken parent) : parent_(std::move(parent)) {}

  void Watch(std::chrono::nanoseconds limit, arrow::Status over) noexcept;

  arrow::StopToken parent_;
  arrow::StopSource source_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace skyhook::cli
