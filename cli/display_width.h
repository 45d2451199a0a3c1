// How much room a text takes on a terminal.
#pragma once

#include <cstddef>
#include <string_view>

namespace skyhook::cli {

/// Columns that UTF-8 text takes: East Asian characters and emoji take two, combining ones none.
size_t DisplayWidth(std::string_view text);

/// The longest beginning of `text` that takes at most `width` columns.
std::string_view CutToWidth(std::string_view text, size_t width);

}  // namespace skyhook::cli
