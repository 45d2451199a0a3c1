// Messages of the wire that were changed, as they must be for a reader to look at what is in them.
#pragma once

#include <string>
#include <string_view>

#include "skyhook/base/crc32c.h"
#include "skyhook/wire/header.h"

namespace skyhook::testing {

/// `message` with the size and the checksum that its fields have; as it is when its header is not
/// whole.
inline std::string Sealed(std::string message) {
  wire::Header header;
  if (message.size() < sizeof(header)) return message;
  message.copy(reinterpret_cast<char*>(&header), sizeof(header));
  if (header.header_bytes < sizeof(header) || header.header_bytes > message.size()) return message;
  header.field_bytes = message.size() - header.header_bytes;
  header.checksum = base::Crc32c(std::string_view(message).substr(header.header_bytes));
  return message.replace(0, sizeof(header), reinterpret_cast<const char*>(&header), sizeof(header));
}

}  // namespace skyhook::testing
