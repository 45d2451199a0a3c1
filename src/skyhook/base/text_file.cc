#include "skyhook/base/text_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace skyhook::base {

arrow::Result<std::string> ReadTextFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (file && !text.str().empty()) return text.str();
  return arrow::Status::IOError(
      fmt::format("cannot read '{}': {}", path, file ? "it is empty" : std::strerror(errno)));
}

}  // namespace skyhook::base
