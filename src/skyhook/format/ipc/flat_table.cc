#include "skyhook/format/ipc/flat_table.h"

#include "skyhook/base/status.h"

namespace skyhook::format {

arrow::Result<FlatTable> FlatTable::Root(std::span<const uint8_t> bytes) {
  FlatTable root(bytes, 0);
  ARROW_ASSIGN_OR_RAISE(root.position_, root.Follow(0));
  return root;
}

arrow::Status FlatTable::Read(size_t position, size_t size, void* out) const {
  if (position > bytes_.size() || size > bytes_.size() - position) {
    return base::CorruptData("metadata refers to byte {} of {}", position, bytes_.size());
  }
  std::memcpy(out, bytes_.data() + position, size);
  return arrow::Status::OK();
}

/// Where the unsigned offset at `position` points to.
arrow::Result<size_t> FlatTable::Follow(size_t position) const {
  uint32_t offset = 0;
  ARROW_RETURN_NOT_OK(Read(position, sizeof(offset), &offset));
  return position + offset;
}

/// A table begins with the signed distance back to its vtable: two bytes of the vtable's size, two
/// of the table's, then two for each field's place in the table.
arrow::Result<std::optional<size_t>> FlatTable::Place(int field) const {
  int32_t distance = 0;
  ARROW_RETURN_NOT_OK(Read(position_, sizeof(distance), &distance));
  const int64_t vtable = static_cast<int64_t>(position_) - distance;
  if (vtable < 0) return base::CorruptData("metadata table in front of its bytes");
  uint16_t vtable_size = 0;
  ARROW_RETURN_NOT_OK(Read(static_cast<size_t>(vtable), sizeof(vtable_size), &vtable_size));
  const size_t entry = 4 + 2 * static_cast<size_t>(field);
  if (entry + 2 > vtable_size) return std::nullopt;
  uint16_t offset = 0;
  ARROW_RETURN_NOT_OK(Read(static_cast<size_t>(vtable) + entry, sizeof(offset), &offset));
  if (offset == 0) return std::nullopt;
  return position_ + offset;
}

arrow::Result<std::optional<FlatTable>> FlatTable::Table(int field) const {
  ARROW_ASSIGN_OR_RAISE(const std::optional<size_t> place, Place(field));
  if (!place.has_value()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const size_t position, Follow(*place));
  return FlatTable(bytes_, position);
}

arrow::Result<std::span<const uint8_t>> FlatTable::Structs(int field, size_t struct_size) const {
  ARROW_ASSIGN_OR_RAISE(const std::optional<size_t> place, Place(field));
  if (!place.has_value()) return std::span<const uint8_t>();
  ARROW_ASSIGN_OR_RAISE(const size_t position, Follow(*place));
  uint32_t count = 0;
  ARROW_RETURN_NOT_OK(Read(position, sizeof(count), &count));
  const size_t begin = position + sizeof(count);
  if (count > (bytes_.size() - begin) / struct_size) {
    return base::CorruptData("metadata with a list of {} entries in {} bytes", count,
                             bytes_.size());
  }
  return bytes_.subspan(begin, count * struct_size);
}

}  // namespace skyhook::format
