#include "cli/display_width.h"

#include <locale.h>
#include <wchar.h>

namespace skyhook::cli {
namespace {

// While it lives, the C library takes this thread's text for UTF-8, whatever the user's locale is.
class Utf8Scope {
 public:
  Utf8Scope() : before_(::uselocale(Utf8())) {}
  ~Utf8Scope() { ::uselocale(before_); }
  Utf8Scope(const Utf8Scope&) = delete;
  Utf8Scope& operator=(const Utf8Scope&) = delete;

 private:
  static locale_t Utf8() {
    static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return locale;
  }

  locale_t before_;
};

struct Character {
  size_t bytes;
  size_t width;
};

// The first character of `text`, which is not empty. What is no UTF-8, or unknown to the C library,
// counts as one column a code point.
Character FirstOf(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {1, 1};
  wchar_t character = 0;
  mbstate_t state{};
  const size_t bytes = ::mbrtowc(&character, text.data(), text.size(), &state);
  if (bytes > text.size()) return {1, (first & 0xC0) == 0x80 ? size_t{0} : size_t{1}};
  const int width = ::wcwidth(character);
  return {bytes, width < 0 ? size_t{1} : static_cast<size_t>(width)};
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  const Utf8Scope utf8;
  size_t width = 0;
  while (!text.empty()) {
    const Character character = FirstOf(text);
    width += character.width;
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string_view CutToWidth(std::string_view text, size_t width) {
  const Utf8Scope utf8;
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Character character = FirstOf(text.substr(bytes));
    if (character.width > width) break;
    width -= character.width;
    bytes += character.bytes;
  }
  return text.substr(0, bytes);
}

}  // namespace skyhook::cli
