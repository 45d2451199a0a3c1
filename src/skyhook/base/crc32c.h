// The checksum of what is stored and sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skyhook::base {

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4). `before` is the checksum of the bytes that come
/// before these: Crc32c(b, Crc32c(a)) is that of a and b.
uint32_t Crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace skyhook::base
