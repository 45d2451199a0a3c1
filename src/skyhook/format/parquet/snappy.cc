#include "skyhook/format/parquet/snappy.h"

#include <array>
#include <cstring>

#include "skyhook/base/status.h"

namespace skyhook::format {
namespace {

/// The low two bits of a tag.
enum Kind : uint8_t { kLiteral = 0, kNearCopy = 1, kCopy = 2, kFarCopy = 3 };

/// What a tag says of its element.
struct Tag {
  uint8_t length = 0;
  uint8_t trailing = 0;      ///< bytes of a copy's offset behind the tag
  uint16_t high_offset = 0;  ///< of a near copy: what the tag holds of its offset
};

constexpr std::array<Tag, 256> MakeTags() {
  std::array<Tag, 256> tags{};
  for (unsigned tag = 0; tag < 256; ++tag) {
    const auto six = static_cast<uint8_t>((tag >> 2) + 1);
    switch (tag & 3) {
      case kLiteral:
        tags[tag] = {six, 0, 0};
        break;
      case kNearCopy:
        tags[tag] = {static_cast<uint8_t>(((tag >> 2) & 7) + 4), 1,
                     static_cast<uint16_t>((tag >> 5) << 8)};
        break;
      case kCopy:
        tags[tag] = {six, 2, 0};
        break;
      case kFarCopy:
        tags[tag] = {six, 4, 0};
        break;
    }
  }
  return tags;
}

constexpr std::array<Tag, 256> kTags = MakeTags();
constexpr std::array<uint32_t, 5> kMasks{0, 0xff, 0xffff, 0xffffff, 0xffffffff};
/// A literal of more bytes has its length behind the tag.
constexpr uint8_t kMostShortLiteral = 60;
/// What one element without a length behind its tag may read: tag, and 64 bytes of a literal.
constexpr int64_t kMostRead = 65;

struct Block {
  uint8_t bytes[32];
};

/// `to` may overlap `from`: all is loaded before it is stored.
inline void CopyBlock(uint8_t* to, const uint8_t* from) {
  Block block;
  std::memcpy(&block, from, sizeof(block));
  std::memcpy(to, &block, sizeof(block));
}

/// Where decompressing one page has got to.
struct Cursor {
  const uint8_t* in;
  const uint8_t* in_end;
  uint8_t* begin;
  uint8_t* out;
  uint8_t* out_end;
  bool damaged = false;

  /// Whether an element can be decoded without looking at the ends first.
  bool has_room() const { return out < out_end && in_end - in > kMostRead; }
};

/// Leaves the cursor where nothing is decoded any more.
void Fail(Cursor* cursor) {
  cursor->damaged = true;
  cursor->out = cursor->out_end;
  cursor->in = cursor->in_end;
}

void LongLiteral(Cursor* cursor, uint8_t tag) {
  uint64_t length = (tag >> 2) + 1u;
  if (length > kMostShortLiteral) {
    const auto bytes = static_cast<int64_t>(length - kMostShortLiteral);
    if (cursor->in_end - cursor->in < bytes) return Fail(cursor);
    uint32_t raw = 0;
    std::memcpy(&raw, cursor->in, static_cast<size_t>(bytes));
    cursor->in += bytes;
    length = uint64_t{raw} + 1;
  }
  if (static_cast<uint64_t>(cursor->in_end - cursor->in) < length ||
      static_cast<uint64_t>(cursor->out_end - cursor->out) < length) {
    return Fail(cursor);
  }
  std::memcpy(cursor->out, cursor->in, length);
  cursor->in += length;
  cursor->out += length;
}

/// A copy of what it has just written repeats it. Eight bytes at a time, once `from` is as far
/// behind; may write up to 7 bytes more than `length`.
void RepeatingCopy(const uint8_t* from, uint8_t* to, int length) {
  const uint8_t* end = to + length;
  const auto copy_eight = [](const uint8_t* source, uint8_t* target) {
    uint64_t eight;
    std::memcpy(&eight, source, sizeof(eight));
    std::memcpy(target, &eight, sizeof(eight));
  };
  // Each step doubles how much of the pattern there is.
  while (to - from < 8 && to < end) {
    copy_eight(from, to);
    to += to - from;
  }
  for (; to < end; from += 8, to += 8) copy_eight(from, to);
}

void AnyCopy(Cursor* cursor, uint8_t tag) {
  const Tag& known = kTags[tag];
  if (cursor->in_end - cursor->in < known.trailing) return Fail(cursor);
  uint32_t raw = 0;
  std::memcpy(&raw, cursor->in, known.trailing);
  cursor->in += known.trailing;
  const uint64_t offset = uint64_t{known.high_offset} + raw;
  if (offset == 0 || offset > static_cast<uint64_t>(cursor->out - cursor->begin) ||
      cursor->out_end - cursor->out < known.length) {
    return Fail(cursor);
  }
  RepeatingCopy(cursor->out - offset, cursor->out, known.length);
  cursor->out += known.length;
}

/// One element of any kind, whose bytes are all within the output.
[[gnu::noinline]] void CheckedElement(Cursor* cursor) {
  const uint8_t tag = *cursor->in++;
  if ((tag & 3) == kLiteral) return LongLiteral(cursor, tag);
  AnyCopy(cursor, tag);
}

/// One element without a branch on its kind; the rare ones, and damage, go to CheckedElement. Needs
/// has_room(). May pass the end of the output by less than kSnappySlack.
[[gnu::always_inline]] inline void FastElement(Cursor* cursor) {
  uint64_t word;
  std::memcpy(&word, cursor->in, sizeof(word));
  const auto tag = static_cast<uint8_t>(word);
  const Tag known = kTags[tag];
  const bool literal = (tag & 3) == kLiteral;
  const uint64_t offset =
      uint64_t{known.high_offset} + (static_cast<uint32_t>(word >> 8) & kMasks[known.trailing]);
  const auto before = static_cast<uint64_t>(cursor->out - cursor->begin);
  const bool rare = literal ? known.length > kMostShortLiteral
                            : ((offset - 1 >= before) | (offset < known.length));
  if (__builtin_expect(rare, 0)) return CheckedElement(cursor);
  const uint8_t* from = literal ? cursor->in + 1 : cursor->out - offset;
  CopyBlock(cursor->out, from);
  if (__builtin_expect(known.length > sizeof(Block), 0)) {
    CopyBlock(cursor->out + sizeof(Block), from + sizeof(Block));
  }
  cursor->in += 1 + (literal ? known.length : known.trailing);
  cursor->out += known.length;
}

/// Reads the length in front, which must be the page's.
Cursor Begin(const SnappyPage& page) {
  Cursor cursor{page.compressed.data(), page.compressed.data() + page.compressed.size(), page.out,
                page.out, page.out + page.size};
  uint64_t size = 0;
  bool complete = false;
  for (int shift = 0; shift < 35 && !complete && cursor.in < cursor.in_end; shift += 7) {
    const uint8_t byte = *cursor.in++;
    size |= uint64_t{byte & 0x7fu} << shift;
    complete = byte < 0x80;
  }
  if (!complete || size != static_cast<uint64_t>(page.size)) Fail(&cursor);
  return cursor;
}

arrow::Status Finish(Cursor* cursor) {
  while (cursor->has_room()) FastElement(cursor);
  while (cursor->out < cursor->out_end && cursor->in < cursor->in_end) CheckedElement(cursor);
  if (!cursor->damaged && cursor->out == cursor->out_end && cursor->in == cursor->in_end) {
    return arrow::Status::OK();
  }
  return base::CorruptData("page does not decompress: no Snappy of {} bytes",
                           cursor->out_end - cursor->begin);
}

}  // namespace

arrow::Status DecompressSnappy(const SnappyPage& page) {
  Cursor cursor = Begin(page);
  return Finish(&cursor);
}

arrow::Status DecompressSnappy(const SnappyPage& first, const SnappyPage& second) {
  Cursor a = Begin(first);
  Cursor b = Begin(second);
  while (a.has_room() && b.has_room()) {
    FastElement(&a);
    FastElement(&b);
  }
  ARROW_RETURN_NOT_OK(Finish(&a));
  return Finish(&b);
}

}  // namespace skyhook::format
