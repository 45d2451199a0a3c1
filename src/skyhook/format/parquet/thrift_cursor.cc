#include "skyhook/format/parquet/thrift_cursor.h"

#include <limits>

namespace skyhook::format {
namespace {

/// Page headers nest three deep, footers eight; more is an attack on the stack.
constexpr int kMaxDepth = 16;

/// Booleans carry their value in the field header, but take a byte of their own in containers.
ThriftType InContainer(uint8_t nibble) {
  const auto type = static_cast<ThriftType>(nibble);
  const bool is_bool = type == ThriftType::kTrue || type == ThriftType::kFalse;
  return is_bool ? ThriftType::kByte : type;
}

}  // namespace

void ThriftCursor::Fail(State state) {
  if (good()) state_ = state;
}

uint8_t ThriftCursor::ReadByte() {
  if (!good()) return 0;
  if (position_ == bytes_.size()) {
    Fail(State::kShort);
    return 0;
  }
  return bytes_[position_++];
}

uint64_t ThriftCursor::ReadVarint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t byte = ReadByte();
    value |= uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80u) == 0) return value;
  }
  Fail(State::kMalformed);
  return 0;
}

int64_t ThriftCursor::ReadInt64() {
  const uint64_t value = ReadVarint();
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

int32_t ThriftCursor::ReadInt32() {
  const int64_t value = ReadInt64();
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    Fail(State::kMalformed);
    return 0;
  }
  return static_cast<int32_t>(value);
}

ThriftCursor::Field ThriftCursor::ReadField(int32_t previous_id) {
  const uint8_t byte = ReadByte();
  const uint8_t type = byte & 0x0f;
  if (type == 0 || !good()) return {};
  if (type > static_cast<uint8_t>(ThriftType::kUuid)) {
    Fail(State::kMalformed);
    return {};
  }
  const int32_t delta = byte >> 4;
  // Ids are 16 bits wide, so that the sum cannot overflow.
  const int32_t id = delta != 0 ? (previous_id & 0xffff) + delta : (ReadInt32() & 0xffff);
  return {id, static_cast<ThriftType>(type)};
}

void ThriftCursor::SkipBytes(uint64_t count) {
  if (!good()) return;
  if (count > bytes_.size() - position_) {
    Fail(State::kShort);
    return;
  }
  position_ += count;
}

void ThriftCursor::Skip(ThriftType type, int depth) {
  if (depth > kMaxDepth) return Fail(State::kMalformed);
  switch (type) {
    case ThriftType::kTrue:
    case ThriftType::kFalse:
      return;
    case ThriftType::kByte:
      return SkipBytes(1);
    case ThriftType::kInt16:
    case ThriftType::kInt32:
    case ThriftType::kInt64:
      ReadVarint();
      return;
    case ThriftType::kDouble:
      return SkipBytes(8);
    case ThriftType::kUuid:
      return SkipBytes(16);
    case ThriftType::kBinary:
      return SkipBytes(ReadVarint());
    case ThriftType::kList:
    case ThriftType::kSet:
      return SkipList(depth);
    case ThriftType::kMap:
      return SkipMap(depth);
    case ThriftType::kStruct:
      return SkipStruct(depth);
    case ThriftType::kStop:
      break;
  }
  Fail(State::kMalformed);
}

void ThriftCursor::SkipStruct(int depth) {
  ReadStruct(this, [&](const Field& field) { Skip(field.type, depth + 1); });
}

ThriftCursor::ListHeader ThriftCursor::ReadListHeader() {
  const uint8_t header = ReadByte();
  const uint64_t size = (header >> 4) == 15 ? ReadVarint() : header >> 4;
  return {InContainer(header & 0x0f), size};
}

void ThriftCursor::SkipList(int depth) {
  const ListHeader list = ReadListHeader();
  for (uint64_t i = 0; i < list.size && good(); ++i) Skip(list.element, depth + 1);
}

void ThriftCursor::SkipMap(int depth) {
  const uint64_t size = ReadVarint();
  if (size == 0) return;
  const uint8_t types = ReadByte();
  for (uint64_t i = 0; i < size && good(); ++i) {
    Skip(InContainer(types >> 4), depth + 1);
    Skip(InContainer(types & 0x0f), depth + 1);
  }
}

}  // namespace skyhook::format
