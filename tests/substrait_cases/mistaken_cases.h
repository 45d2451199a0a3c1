// Public test cases whose expected values are wrong by their own definition.
#pragma once

#include <string>

namespace skyhook::cases {

/// Why the case's expectation cannot be right, with the arithmetic; empty for every other line.
std::string MistakeIn(const std::string& line);

}  // namespace skyhook::cases
