// A progress bar on standard error, for work that takes longer than a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

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
  /// Wipes the bar and shows none again: rows are about to be printed.
  void Hide();

 private:
  std::mutex mutex_;
  std::chrono::steady_clock::time_point begin_;
  bool enabled_;
  bool shown_ = false;
};

}  // namespace skyhook::cli
