#include "cli/standard_error.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace skyhook::cli {

void Tell(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void OccupyStandardStreams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number is the one that is looked at.
    if (::fcntl(descriptor, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) != descriptor) return;
  }
}

}  // namespace skyhook::cli
