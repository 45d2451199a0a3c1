#include "skyhook/format/parquet/snappy.h"

#include <algorithm>
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

using Place = SnappyReader::Place;

/// Whether an element can be decoded without looking at the ends first.
inline bool HasRoom(const Place& place) {
  return place.out < place.stop && place.in_end - place.in > kMostRead;
}

/// Leaves the place where nothing is decoded any more.
void Fail(Place* place) {
  place->damaged = true;
  place->out = place->out_end;
  place->in = place->in_end;
}

void LongLiteral(Place* place, uint8_t tag) {
  uint64_t length = (tag >> 2) + 1u;
  if (length > kMostShortLiteral) {
    const auto bytes = static_cast<int64_t>(length - kMostShortLiteral);
    if (place->in_end - place->in < bytes) return Fail(place);
    uint32_t raw = 0;
    std::memcpy(&raw, place->in, static_cast<size_t>(bytes));
    place->in += bytes;
    length = uint64_t{raw} + 1;
  }
  if (static_cast<uint64_t>(place->in_end - place->in) < length ||
      static_cast<uint64_t>(place->out_end - place->out) < length) {
    return Fail(place);
  }
  std::memcpy(place->out, place->in, length);
  place->in += length;
  place->out += length;
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

void AnyCopy(Place* place, uint8_t tag) {
  const Tag& known = kTags[tag];
  if (place->in_end - place->in < known.trailing) return Fail(place);
  uint32_t raw = 0;
  std::memcpy(&raw, place->in, known.trailing);
  place->in += known.trailing;
  const uint64_t offset = uint64_t{known.high_offset} + raw;
  if (offset == 0 || offset > static_cast<uint64_t>(place->out - place->begin) ||
      place->out_end - place->out < known.length) {
    return Fail(place);
  }
  RepeatingCopy(place->out - offset, place->out, known.length);
  place->out += known.length;
}

/// One element of any kind, whose bytes are all within the output.
[[gnu::noinline]] void CheckedElement(Place* place) {
  const uint8_t tag = *place->in++;
  if ((tag & 3) == kLiteral) return LongLiteral(place, tag);
  AnyCopy(place, tag);
}

/// One element without a branch on its kind; the rare ones, and damage, go to CheckedElement. Needs
/// HasRoom(). May pass the end of the output by less than kSnappySlack.
[[gnu::always_inline]] inline void FastElement(Place* place) {
  uint64_t word;
  std::memcpy(&word, place->in, sizeof(word));
  const auto tag = static_cast<uint8_t>(word);
  const Tag known = kTags[tag];
  const bool literal = (tag & 3) == kLiteral;
  const uint64_t offset =
      uint64_t{known.high_offset} + (static_cast<uint32_t>(word >> 8) & kMasks[known.trailing]);
  const auto before = static_cast<uint64_t>(place->out - place->begin);
  const bool rare = literal ? known.length > kMostShortLiteral
                            : ((offset - 1 >= before) | (offset < known.length));
  if (__builtin_expect(rare, 0)) return CheckedElement(place);
  const uint8_t* from = literal ? place->in + 1 : place->out - offset;
  CopyBlock(place->out, from);
  if (__builtin_expect(known.length > sizeof(Block), 0)) {
    CopyBlock(place->out + sizeof(Block), from + sizeof(Block));
  }
  place->in += 1 + (literal ? known.length : known.trailing);
  place->out += known.length;
}

}  // namespace

/// Reads the length in front, which must be the page's.
SnappyReader::SnappyReader(const SnappyPage& page)
    : at_{page.compressed.data(),
          page.compressed.data() + page.compressed.size(),
          page.out,
          page.out,
          page.out,
          page.out + page.size,
          /*damaged=*/false} {
  uint64_t size = 0;
  bool complete = false;
  for (int shift = 0; shift < 35 && !complete && at_.in < at_.in_end; shift += 7) {
    const uint8_t byte = *at_.in++;
    size |= uint64_t{byte & 0x7fu} << shift;
    complete = byte < 0x80;
  }
  if (!complete || size != static_cast<uint64_t>(page.size)) Fail(&at_);
}

void SnappyReader::StopAt(int64_t bytes) {
  at_.stop = at_.begin + std::min<int64_t>(bytes, at_.out_end - at_.begin);
}

arrow::Status SnappyReader::ReadUntil(int64_t bytes) {
  StopAt(bytes);
  Place place = at_;
  while (HasRoom(place)) FastElement(&place);
  while (place.out < place.stop && place.in < place.in_end) CheckedElement(&place);
  at_ = place;
  const bool ends = place.out == place.out_end && place.in == place.in_end;
  const bool goes_on = place.out >= place.stop && place.stop < place.out_end;
  if (!place.damaged && (ends || (goes_on && place.out <= place.out_end))) {
    return arrow::Status::OK();
  }
  Fail(&at_);
  return base::CorruptData("page does not decompress: no Snappy of {} bytes",
                           at_.out_end - at_.begin);
}

void SnappyReader::InStep(SnappyReader* first, int64_t bytes_of_first, SnappyReader* second,
                          int64_t bytes_of_second) {
  first->StopAt(bytes_of_first);
  second->StopAt(bytes_of_second);
  Place a = first->at_;
  Place b = second->at_;
  while (HasRoom(a) && HasRoom(b)) {
    FastElement(&a);
    FastElement(&b);
  }
  first->at_ = a;
  second->at_ = b;
}

}  // namespace skyhook::format
