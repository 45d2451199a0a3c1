// LIKE patterns, compiled once for many texts.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace skyhook::vector {

/// A SQL LIKE pattern: `%` stands for any text, `_` for one character (code point), the escape
/// character, if not 0, makes the next one stand for itself.
class LikePattern {
 public:
  /// Fails when the pattern ends in its escape character.
  static arrow::Result<LikePattern> Make(std::string_view pattern, char escape);

  bool Matches(std::string_view text) const;

  /// The longest text without `_` that stands in all that matches; may be empty.
  std::string_view RequiredText() const;
  /// Whether that is all that it takes: '%text%'.
  bool IsContains() const;

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

}  // namespace skyhook::vector
