// The frame of requests and replies: what an object class reads of the one and may write of the
// other. Free of Arrow.
//
// A message is a Header and then fields, each a FieldHeader, its bytes, and zeros up to the next
// multiple of eight. Numbers are little-endian. Compatibility:
//
// - A reader takes messages whose `oldest` is not above its own kVersion, and finds the fields at
//   `header_bytes`: later versions may append to the header.
// - Fields of tags that a reader does not know are passed over, unless they are marked kRequired:
// then
//   the message is refused by the field's tag.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace skyhook::wire {

static_assert(std::endian::native == std::endian::little);

inline constexpr uint32_t kRequestMagic = 0x51524b53;  ///< "SKRQ"
inline constexpr uint32_t kReplyMagic = 0x50524b53;    ///< "SKRP"
inline constexpr uint16_t kVersion = 1;
/// A reply of the fields kRefusal only may have this for its checksum.
inline constexpr uint32_t kNoChecksum = 0;

struct Header {
  uint32_t magic = 0;
  uint16_t version = kVersion;  ///< of who wrote it
  uint16_t oldest = 1;          ///< the oldest version that understands it
  uint32_t header_bytes = 40;
  uint32_t deadline_ms = 0;  ///< of a request: what the call may take, from its arrival
  uint64_t reply_bytes = 0;  ///< of a request: the most bytes of a reply, header and all
  uint64_t field_bytes = 0;
  uint32_t checksum = 0;  ///< CRC-32C of the fields; kNoChecksum in a refusal by a class
  uint32_t reserved = 0;
};
static_assert(sizeof(Header) == 40);

struct FieldHeader {
  uint16_t tag = 0;
  uint16_t flags = 0;
  uint32_t bytes = 0;
};
static_assert(sizeof(FieldHeader) == 8);

inline constexpr uint16_t kRequired = 1;  ///< in FieldHeader::flags

/// Fields of a request, numbered without gaps.
enum class RequestTag : uint16_t {
  kPipeline = 1,       ///< a Substrait plan (substrait/substrait.h)
  kFragment = 2,       ///< its name, for messages
  kRows = 3,           ///< pairs of int64: [begin, end)
  kLimits = 4,         ///< int64 reply_bytes, rows_in, memory_bytes, batch_rows (base/limits.h)
  kRuntimeFilter = 5,  ///< uint32 length of the kind, the kind, a Substrait plan that filters
  kCodecs = 6,         ///< uint32: the bits 1 << Codec that may be used for the body; kPackedText
  kFragmentBytes = 7,  ///< int64: the size that the fragment must have
  kScan = 8,           ///< uint64: what the calls of one scan have in common; not 0
  kExtents = 9,        ///< pairs of int64, offset and length: where in the object the fragment
                       ///< lies; at most 4096
  kTail = 10,          ///< the last bytes of the fragment, which are not in the object
};

/// Among the bits of kCodecs: columns of views may be plain (utf8, binary), or dictionaries of
/// these with int16 indices.
inline constexpr uint32_t kPackedText = 1 << 16;

/// Fields of a reply, numbered without gaps.
enum class ReplyTag : uint16_t {
  kRefusal = 1,    ///< a sentence: nothing was done, and why
  kStatus = 2,     ///< uint32 StatusNumber, then the message
  kOutcome = 3,    ///< uint32 bits of Applied, uint32 StoppedBy
  kRemaining = 4,  ///< as RequestTag::kRows
  kCost = 5,       ///< entries of uint32 number, uint32 zero, int64 value
  kBody = 6,       ///< an Arrow IPC stream
  kKept =
      7,  ///< int64: rows dealt with of those that remain, which the site keeps; -1: it works on
};

inline constexpr size_t Padded(size_t bytes) { return (bytes + 7) & ~size_t{7}; }

/// Whether a message of `message_bytes` may begin with `header`: its magic and sizes are right.
inline bool IsFrame(const Header& header, uint32_t magic, uint64_t message_bytes) {
  return header.magic == magic && header.header_bytes >= sizeof(Header) &&
         header.header_bytes <= message_bytes &&
         header.field_bytes == message_bytes - header.header_bytes;
}

/// The header of a message whose frame holds. False: it is none.
inline bool ReadHeader(std::string_view message, uint32_t magic, Header* out) {
  if (message.size() < sizeof(Header)) return false;
  std::memcpy(out, message.data(), sizeof(Header));
  return IsFrame(*out, magic, message.size());
}

struct Field {
  uint16_t tag = 0;
  bool required = false;
  std::string_view bytes;
};

/// Takes the first field off `fields`. False: there is none that is whole.
inline bool NextField(std::string_view* fields, Field* out) {
  FieldHeader header;
  if (fields->size() < sizeof(header)) return false;
  std::memcpy(&header, fields->data(), sizeof(header));
  const size_t whole = sizeof(header) + Padded(header.bytes);
  if (fields->size() < whole) return false;
  *out = {header.tag, (header.flags & kRequired) != 0,
          fields->substr(sizeof(header), header.bytes)};
  fields->remove_prefix(whole);
  return true;
}

/// The bytes of a message's first field with `tag`, whose frame holds; empty: there is none.
inline std::string_view FindField(std::string_view message, const Header& header, RequestTag tag) {
  std::string_view fields = message.substr(header.header_bytes);
  Field field;
  while (NextField(&fields, &field)) {
    if (field.tag == static_cast<uint16_t>(tag)) return field.bytes;
  }
  return {};
}

/// The number of the scan that a request is of; 0: of none.
inline uint64_t ScanOf(std::string_view request, const Header& header) {
  const std::string_view bytes = FindField(request, header, RequestTag::kScan);
  uint64_t scan = 0;
  if (bytes.size() == sizeof(scan)) std::memcpy(&scan, bytes.data(), sizeof(scan));
  return scan;
}

}  // namespace skyhook::wire
