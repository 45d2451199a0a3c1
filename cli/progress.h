// A progress bar on standard error, for work that takes longer than a second.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace skyhook::cli {

/// Shows nothing unless standard error is a terminal. Thread-safe.
class ProgressBar {
 public:
  ProgressBar();
  /// Wipes the bar.
  ~ProgressBar();

  /// To be called with the share done, in [0, 1], and what to say beside the bar.
  void Show(double share, const std::string& text = "");
  /// The same of bytes, with their number and rate.
  void ShowBytes(int64_t done, int64_t total);
  double seconds() const;
  bool is_enabled() const { return enabled_; }
  /// Wipes the bar and shows none again: rows are about to be printed.
  void Hide();

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point begin_;
  bool enabled_;
  bool shown_ = false;
};

/// Shows what `share` gives, in [0, 1], ten times a second; does nothing unless standard error is a
/// terminal. `bar` has to outlive it. Throws where no thread can be started.
class ProgressShow {
 public:
  ProgressShow(ProgressBar* bar, std::function<double()> share);
  ~ProgressShow();

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace skyhook::cli
