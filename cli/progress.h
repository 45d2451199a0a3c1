// A progress bar on standard error, for work that takes longer than a second.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>

namespace skyhook::cli {

/// Shows nothing unless standard error is a terminal. Thread-safe.
class ProgressBar {
 public:
  ProgressBar();
  /// Wipes the bar.
  ~ProgressBar();

  /// To be called with the share done, in [0, 1].
  void Show(double share);
  /// Wipes the bar and shows none again: rows are about to be printed.
  void Hide();

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point begin_;
  bool enabled_;
  bool shown_ = false;
};

}  // namespace skyhook::cli
