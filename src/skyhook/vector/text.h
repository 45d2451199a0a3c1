// Text columns: parts of texts without copying, building new ones, and characters in UTF-8.
#pragma once

#include <arrow/buffer_builder.h>
#include <arrow/result.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "skyhook/vector/column.h"

namespace skyhook::vector {

/// Bytes that one text may have.
inline constexpr int64_t kMaxTextBytes = int64_t{1} << 30;

/// What the texts that one call makes, of all rows it is called for, may take.
class TextLimit {
 public:
  /// None but kMaxTextBytes for each.
  TextLimit() = default;
  /// `bytes`, or 16 MiB where that is less.
  explicit TextLimit(int64_t bytes);

  /// kLimitExceeded for a text of more than kMaxTextBytes, or of more than all may take.
  arrow::Status CheckOne(Int128 bytes) const;
  /// kLimitExceeded for more than all may take.
  arrow::Status CheckAll(Int128 bytes) const;

 private:
  int64_t bytes_ = std::numeric_limits<int64_t>::max();
};

/// One text under construction.
class TextWriter {
 public:
  explicit TextWriter(TextLimit limit) : limit_(limit) {}

  /// kLimitExceeded when the text became too long.
  arrow::Status Append(std::string_view text);
  /// `text`, `times` times.
  arrow::Status AppendRepeated(std::string_view text, int64_t times);
  /// For what is no longer than a text that is there.
  std::string* text() { return &text_; }
  void Clear() { text_.clear(); }

 private:
  const TextLimit limit_;
  std::string text_;
};

/// The part [begin, begin + size) of a view, over the same buffers.
TextView SubView(const Column& column, const TextView& view, int64_t begin, int64_t size);

/// Gathers texts that it copies. Not thread-safe.
class TextBuilder {
 public:
  explicit TextBuilder(TextLimit limit = {}) : limit_(limit) {}

  arrow::Status Append(std::string_view text);
  arrow::Status AppendNull();
  int64_t length() const { return length_; }
  /// A flat column of all that was appended; the builder is empty afterwards.
  arrow::Result<Column> Finish(std::shared_ptr<arrow::DataType> type);

 private:
  const TextLimit limit_;
  arrow::TypedBufferBuilder<TextView> views_;
  arrow::TypedBufferBuilder<uint8_t> valid_;
  arrow::BufferBuilder bytes_;
  arrow::BufferVector full_;
  int64_t length_ = 0;
  int64_t text_bytes_ = 0;
  bool has_null_ = false;
};

// Characters are code points. In bytes that are no UTF-8, continuation bytes belong to the
// character before them.

inline bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

/// The byte position after the character at `at`, which is not the end.
inline size_t NextCharacter(std::string_view text, size_t at) {
  ++at;
  while (at < text.size() && IsContinuation(text[at])) ++at;
  return at;
}

/// The byte position of the character before `at`, which is not the start.
inline size_t PreviousCharacter(std::string_view text, size_t at) {
  --at;
  while (at > 0 && IsContinuation(text[at])) --at;
  return at;
}

inline int64_t CountCharacters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); });
}

/// The byte position `characters` code points after `from`, or the end.
inline size_t AdvanceCharacters(std::string_view text, size_t from, int64_t characters) {
  for (; characters > 0 && from < text.size(); --characters) from = NextCharacter(text, from);
  return from;
}

/// The byte position of the first `part` at or after `from`, npos when there is none.
size_t FindText(std::string_view text, std::string_view part, size_t from);

/// How often `part`, which is not empty, occurs without overlap.
int64_t CountText(std::string_view text, std::string_view part);

}  // namespace skyhook::vector
