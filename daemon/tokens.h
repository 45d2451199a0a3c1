// Who may call: bearer tokens, of which hashes alone are kept.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace skyhook::daemon {

/// Thread-safe.
class Tokens {
 public:
  /// Reads a file of lines `NAME HASH`, the SHA-256 of a token in hexadecimal (`printf %s TOKEN |
  /// sha256sum`); empty lines, and those that begin with #, are passed over. In place of all that
  /// was read before, unless it fails: Invalid, naming file and line.
  arrow::Status Read(const std::string& path);
  /// Whose a token is.
  std::optional<std::string> NameOf(std::string_view token) const;

 private:
  using Hash = std::array<uint8_t, 32>;

  static arrow::Result<Hash> HashOf(std::string_view text);
  static std::optional<Hash> ParseHash(std::string_view text);

  mutable std::mutex mutex_;
  std::map<Hash, std::string> names_;
};

}  // namespace skyhook::daemon
