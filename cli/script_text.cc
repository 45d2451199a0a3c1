#include "cli/script_text.h"

namespace skyhook::cli {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// Where the quoted text, the comment or the single character at `begin` ends; npos: nowhere.
size_t EndOfToken(std::string_view text, size_t begin) {
  const std::string_view rest = text.substr(begin);
  const auto after = [&](std::string_view mark, size_t from) {
    const size_t found = text.find(mark, from);
    return found == std::string_view::npos ? found : found + mark.size();
  };
  if (rest.starts_with("--")) return after("\n", begin);
  if (rest.starts_with("/*")) return after("*/", begin + 2);
  if (rest.starts_with("$$")) return after("$$", begin + 2);
  if (rest.starts_with('\'') || rest.starts_with('"')) return after(rest.substr(0, 1), begin + 1);
  return begin + 1;
}

bool IsComment(std::string_view rest) { return rest.starts_with("--") || rest.starts_with("/*"); }

}  // namespace

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kSpace) == std::string_view::npos;
}

bool IsWholeScript(std::string_view text) {
  bool ends_with_semicolon = false;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const bool skipped = IsComment(rest) || kSpace.find(rest.front()) != std::string_view::npos;
    if (!skipped) ends_with_semicolon = rest.front() == ';';
    const bool line_comment = rest.starts_with("--");
    const size_t end = EndOfToken(text, at);
    if (end == std::string_view::npos) return line_comment && ends_with_semicolon;
    at = end;
  }
  return ends_with_semicolon;
}

}  // namespace skyhook::cli
