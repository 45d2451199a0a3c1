// Building text columns, and LIKE patterns compiled once.
#pragma once

#include <arrow/buffer_builder.h>
#include <arrow/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "skyhook/exec/column.h"

namespace skyhook::exec {

/// The part [begin, begin + size) of a view, over the same buffers.
TextView SubView(const Column& column, const TextView& view, int64_t begin, int64_t size);

/// Gathers texts that it copies. Not thread-safe.
class TextBuilder {
 public:
  arrow::Status Append(std::string_view text);
  arrow::Status AppendNull();
  int64_t length() const { return length_; }
  /// A flat column of all that was appended; the builder is empty afterwards.
  arrow::Result<Column> Finish(std::shared_ptr<arrow::DataType> type);

 private:
  arrow::TypedBufferBuilder<TextView> views_;
  arrow::TypedBufferBuilder<uint8_t> valid_;
  arrow::BufferBuilder bytes_;
  arrow::BufferVector full_;
  int64_t length_ = 0;
  bool has_null_ = false;
};

/// A SQL LIKE pattern: `%` stands for any text, `_` for one character (code point), the escape
/// character, if not 0, makes the next one stand for itself.
class LikePattern {
 public:
  /// Fails when the pattern ends in its escape character.
  static arrow::Result<LikePattern> Make(std::string_view pattern, char escape);

  bool Matches(std::string_view text) const;

 private:
  // A run of the pattern without `%`. In `bytes`, positions of `any` are characters `_`.
  struct Segment {
    std::string bytes;
    std::vector<bool> any;
    bool has_any = false;
  };

  static size_t MatchAt(const Segment& segment, std::string_view text, size_t at);
  static size_t Find(const Segment& segment, std::string_view text, size_t from, size_t* end);
  static bool MatchesEnd(const Segment& segment, std::string_view text, size_t from);

  std::vector<Segment> segments_;  // between the `%` signs; the first and the last may be empty
};

}  // namespace skyhook::exec
