// Reads values of Thrift's compact protocol out of memory that may be cut short or hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace skyhook::format {

/// Wire types of the compact protocol.
enum class ThriftType : uint8_t {
  kStop = 0,
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kInt16 = 4,
  kInt32 = 5,
  kInt64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
  kUuid = 13,
};

/// A position in the bytes of a struct. After an error every read returns zeros, so that callers
/// look at `state` once, at the end.
class ThriftCursor {
 public:
  enum class State : uint8_t {
    kGood,
    kShort,      ///< the value goes on behind the bytes
    kMalformed,  ///< no continuation could make it valid
  };

  explicit ThriftCursor(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  State state() const { return state_; }
  bool good() const { return state_ == State::kGood; }
  size_t position() const { return position_; }

  struct Field {
    int32_t id = 0;
    ThriftType type = ThriftType::kStop;
  };
  /// The next field of the struct that is being read; kStop ends it. `previous_id` is the id of
  /// the field before, 0 for the first.
  Field ReadField(int32_t previous_id);
  int32_t ReadInt32();
  int64_t ReadInt64();

  struct ListHeader {
    ThriftType element = ThriftType::kStop;
    uint64_t size = 0;
  };
  /// What stands in front of the elements of a list or set. The size is as hostile as the rest:
  /// elements are read while the cursor is good.
  ListHeader ReadListHeader();
  void Skip(ThriftType type, int depth = 0);

 private:
  uint8_t ReadByte();
  uint64_t ReadVarint();
  void SkipBytes(uint64_t count);
  void SkipStruct(int depth);
  void SkipList(int depth);
  void SkipMap(int depth);
  void Fail(State state);

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  State state_ = State::kGood;
};

/// Calls `read(field)` for every field of a struct; it must consume the field's value.
template <typename Read>
void ReadStruct(ThriftCursor* cursor, Read&& read) {
  int32_t id = 0;
  while (cursor->good()) {
    const ThriftCursor::Field field = cursor->ReadField(id);
    if (field.type == ThriftType::kStop) return;
    id = field.id;
    read(field);
  }
}

}  // namespace skyhook::format
