// A small file of text, as options name them.
#pragma once

#include <arrow/result.h>

#include <string>

namespace skyhook::base {

/// All of it. IOError, naming the file, where it cannot be read or is empty.
arrow::Result<std::string> ReadTextFile(const std::string& path);

}  // namespace skyhook::base
