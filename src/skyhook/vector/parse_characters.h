// What every reader of text in casts agrees on: ASCII's spaces and digits.
#pragma once

#include <string_view>

namespace skyhook::vector {

inline constexpr std::string_view kSpaces = " \t\n\v\f\r";

inline bool IsSpace(char c) { return kSpaces.find(c) != std::string_view::npos; }
inline bool IsDigit(char c) { return c >= '0' && c <= '9'; }
inline char Lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// `text` without leading spaces.
inline std::string_view SkipSpaces(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpaces);
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

/// Whether `text` is `word`, which has no capitals, in any case.
inline bool IsWord(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (Lowered(text[i]) != word[i]) return false;
  }
  return true;
}

}  // namespace skyhook::vector
