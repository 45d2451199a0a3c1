// How far typed text is a script: without parsing SQL, only what hides a semicolon.
#pragma once

#include <string_view>

namespace skyhook::cli {

/// True when nothing but white space is there.
bool IsBlank(std::string_view text);

/// True when the text ends with a semicolon that is neither within quotes nor within a comment; a
/// comment may follow it.
bool IsWholeScript(std::string_view text);

}  // namespace skyhook::cli
