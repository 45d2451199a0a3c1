#include "cli/ceph_waits.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "cli/standard_error.h"

namespace skyhook::cli {
namespace {

constexpr std::chrono::seconds kBetweenNotes(4);
constexpr size_t kMostNoteBytes = 512;

}  // namespace

CephWaits::CephWaits() : enabled_(isatty(STDERR_FILENO) == 1) {}

void CephWaits::Lasts(const std::string& what, std::chrono::milliseconds) noexcept {
  if (!enabled_ || said_ || Clock::now() < quiet_until_) return;
  said_ = true;
  quiet_until_ = Clock::now() + kBetweenNotes;
  // Without memory of the heap, which may be what lacks. A progress bar may stand in the line.
  std::array<char, kMostNoteBytes> note{};
  const auto end =
      fmt::format_to_n(note.data(), note.size() - 1,
                       "\r\033[Knote: waiting for Ceph: {:.400}; Ctrl-C ends the wait\n", what);
  Tell(std::string_view(note.data(), static_cast<size_t>(end.out - note.data())));
}

void CephWaits::Ended() noexcept { said_ = false; }

}  // namespace skyhook::cli
