#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace skyhook::cli {
namespace {

constexpr std::chrono::seconds kPatience(1);
constexpr int kWidth = 40;

void Print(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

ProgressBar::ProgressBar()
    : begin_(std::chrono::steady_clock::now()), enabled_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() { Hide(); }

void ProgressBar::Show(double share) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!enabled_ || std::chrono::steady_clock::now() - begin_ < kPatience) return;
  const double done = std::clamp(share, 0.0, 1.0);
  const int filled = static_cast<int>(done * kWidth);
  Print(fmt::format("\r[{}{}] {:3.0f}%", std::string(static_cast<size_t>(filled), '#'),
                    std::string(static_cast<size_t>(kWidth - filled), ' '), done * 100));
  shown_ = true;
}

void ProgressBar::Hide() {
  std::lock_guard<std::mutex> lock(mutex_);
  enabled_ = false;
  if (shown_) Print("\r\033[K");
  shown_ = false;
}

}  // namespace skyhook::cli
