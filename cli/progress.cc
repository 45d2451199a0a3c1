#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "cli/standard_error.h"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::cli {
namespace {

constexpr std::chrono::seconds kPatience(1);
constexpr int kWidth = 40;
constexpr std::chrono::milliseconds kPeriod(100);

}  // namespace

ProgressBar::ProgressBar()
    : begin_(std::chrono::steady_clock::now()), enabled_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() { Hide(); }

void ProgressBar::ShowBytes(int64_t done, int64_t total) {
  if (total <= 0) return;
  const auto rate = static_cast<int64_t>(static_cast<double>(done) / std::max(seconds(), 1e-3));
  Show(static_cast<double>(done) / static_cast<double>(total),
       fmt::format("{} of {}, {}/s", sql::ByteSize(done), sql::ByteSize(total),
                   sql::ByteSize(rate)));
}

double ProgressBar::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

void ProgressBar::Show(double share, const std::string& text) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!enabled_ || std::chrono::steady_clock::now() - begin_ < kPatience) return;
  const double done = std::clamp(share, 0.0, 1.0);
  const int filled = static_cast<int>(done * kWidth);
  Tell(fmt::format("\r[{}{}] {:3.0f}%{}{}{}", std::string(static_cast<size_t>(filled), '#'),
                   std::string(static_cast<size_t>(kWidth - filled), ' '), done * 100,
                   text.empty() ? "" : "  ", text, text.empty() ? "" : "\033[K"));
  shown_ = true;
}

void ProgressBar::Hide() {
  std::lock_guard<std::mutex> lock(mutex_);
  enabled_ = false;
  if (shown_) Tell("\r\033[K");
  shown_ = false;
}

ProgressShow::ProgressShow(ProgressBar* bar, std::function<double()> share) {
  if (!bar->is_enabled()) return;
  thread_ = std::thread([this, bar, share = std::move(share)] {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, kPeriod, [this] { return done_; })) {
      try {
        bar->Show(share());
      } catch (const std::bad_alloc&) {
        // The query needs the memory more.
      }
    }
  });
}

ProgressShow::~ProgressShow() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace skyhook::cli
