// What has become of other processes, for tests.
#pragma once

#include <fmt/format.h>
#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace skyhook::testing {

/// Whether all threads of a process have ended, the last of which closes its sockets, and nobody
/// has waited for it yet.
inline bool HasEnded(pid_t pid) {
  std::string stat;
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::getline(file, stat);
  std::error_code gone;
  const std::filesystem::directory_iterator threads(fmt::format("/proc/{}/task", pid), gone);
  return stat.find(") Z ") != std::string::npos && std::distance(begin(threads), end(threads)) <= 1;
}

}  // namespace skyhook::testing
