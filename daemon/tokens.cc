#include "daemon/tokens.h"

#include <openssl/evp.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::daemon {

using arrow::Result;
using arrow::Status;

Status Tokens::Read(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return Status::IOError(fmt::format("cannot open '{}': {}", path, std::strerror(errno)));
  }
  std::map<Hash, std::string> names;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    std::string name;
    std::string hash;
    std::string more;
    words >> name >> hash >> more;
    if (name.empty() || name.front() == '#') continue;
    const auto parsed = ParseHash(hash);
    if (!parsed.has_value() || !more.empty()) {
      return base::Invalid("'{}', line {}: it is not NAME and a SHA-256 in hexadecimal", path,
                           number);
    }
    if (!names.emplace(*parsed, name).second) {
      return base::Invalid("'{}', line {}: the same token is there before", path, number);
    }
  }
  if (file.bad()) return Status::IOError(fmt::format("cannot read '{}'", path));
  const std::lock_guard<std::mutex> lock(mutex_);
  names_ = std::move(names);
  return Status::OK();
}

// What is compared is the hash of what was sent: how long that takes tells nothing of a token.
std::optional<std::string> Tokens::NameOf(std::string_view token) const {
  const auto hash = HashOf(token);
  if (!hash.ok()) return std::nullopt;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = names_.find(*hash);
  if (found == names_.end()) return std::nullopt;
  return found->second;
}

Result<Tokens::Hash> Tokens::HashOf(std::string_view text) {
  Hash out{};
  unsigned bytes = 0;
  const int done = EVP_Digest(text.data(), text.size(), out.data(), &bytes, EVP_sha256(), nullptr);
  if (done == 1 && bytes == out.size()) return out;
  return Status::UnknownError("there is no SHA-256");
}

std::optional<Tokens::Hash> Tokens::ParseHash(std::string_view text) {
  Hash out{};
  if (text.size() != 2 * out.size()) return std::nullopt;
  for (size_t i = 0; i < out.size(); ++i) {
    const char* digits = text.data() + 2 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, out[i], 16);
    if (error != std::errc() || end != digits + 2) return std::nullopt;
  }
  return out;
}

}  // namespace skyhook::daemon
