// Reads fields of FlatBuffers tables, which hold the metadata of Arrow IPC files.
//
// Arrow does not say how many rows a record batch has before it has read the batch; its metadata
// does. The encoding: https://flatbuffers.dev/internals/.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

namespace skyhook::format {

/// A table somewhere in `bytes`, which may be hostile: every access is checked and fails with
/// kCorruptData outside of them.
class FlatTable {
 public:
  static arrow::Result<FlatTable> Root(std::span<const uint8_t> bytes);

  /// The value of a scalar field, `missing` when it is not set.
  template <typename T>
  arrow::Result<T> Scalar(int field, T missing) const {
    ARROW_ASSIGN_OR_RAISE(const std::optional<size_t> place, Place(field));
    if (!place.has_value()) return missing;
    T value;
    ARROW_RETURN_NOT_OK(Read(*place, sizeof(T), &value));
    return value;
  }

  /// The table that a field refers to; nullopt when it is not set.
  arrow::Result<std::optional<FlatTable>> Table(int field) const;

  /// Where the table begins in the bytes.
  size_t position() const { return position_; }

  /// The bytes of a vector of structs of `struct_size` bytes; empty when the field is not set.
  arrow::Result<std::span<const uint8_t>> Structs(int field, size_t struct_size) const;

 private:
  FlatTable(std::span<const uint8_t> bytes, size_t position) : bytes_(bytes), position_(position) {}

  arrow::Status Read(size_t position, size_t size, void* out) const;
  arrow::Result<std::optional<size_t>> Place(int field) const;
  arrow::Result<size_t> Follow(size_t position) const;

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
};

}  // namespace skyhook::format
