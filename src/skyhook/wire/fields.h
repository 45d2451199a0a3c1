// Writes and reads the fields of a message (wire/header.h).
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/plan/row_ranges.h"
#include "skyhook/wire/header.h"

namespace skyhook::wire {

/// Appends numbers to a field's bytes.
template <typename T>
void Append(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

/// Takes a number off the front; false when there are too few bytes.
template <typename T>
bool Take(std::string_view* bytes, T* out) {
  if (bytes->size() < sizeof(T)) return false;
  std::memcpy(out, bytes->data(), sizeof(T));
  bytes->remove_prefix(sizeof(T));
  return true;
}

/// Collects fields into a message.
class MessageWriter {
 public:
  explicit MessageWriter(uint32_t magic) : message_(sizeof(Header), '\0') { header_.magic = magic; }

  Header* header() { return &header_; }
  template <typename Tag>
  void Add(Tag tag, std::string_view bytes, uint16_t flags = 0) {
    AddField(static_cast<uint16_t>(tag), bytes, flags);
  }
  /// The whole message. Fails when a field has 4 GiB or more.
  arrow::Result<std::string> Finish();

 private:
  void AddField(uint16_t tag, std::string_view bytes, uint16_t flags);

  Header header_;
  std::string message_;  // room for the header, then the fields so far
  bool too_large_ = false;
};

/// The fields of one message by tag, in the order they came in. Views of the message.
class MessageReader {
 public:
  /// Checks frame, version and checksum; tags from 1 to `last_known` are understood. kCorruptData
  /// for what is no message; kUnsupportedPlan when a newer version, or a field that is not known,
  /// is required.
  template <typename Tag>
  static arrow::Result<MessageReader> Open(std::string_view message, uint32_t magic,
                                           Tag last_known) {
    return OpenFields(message, magic, static_cast<uint16_t>(last_known));
  }

  const Header& header() const { return header_; }
  template <typename Tag>
  const std::vector<std::string_view>& All(Tag tag) const {
    return Fields(static_cast<uint16_t>(tag));
  }
  /// The last one's bytes; none when it is missing.
  template <typename Tag>
  std::string_view Last(Tag tag) const {
    const auto& all = All(tag);
    return all.empty() ? std::string_view() : all.back();
  }

 private:
  static arrow::Result<MessageReader> OpenFields(std::string_view message, uint32_t magic,
                                                 uint16_t last_known);
  /// Those have no checksum.
  bool IsRefusalOfAClass() const;
  const std::vector<std::string_view>& Fields(uint16_t tag) const;

  Header header_;
  std::map<uint16_t, std::vector<std::string_view>> fields_;
};

std::string RowsToBytes(const plan::RowRanges& rows);
/// kCorruptData unless they are in canonical form: ascending, apart, not empty, from 0 on.
arrow::Result<plan::RowRanges> RowsFromBytes(std::string_view bytes);

}  // namespace skyhook::wire
