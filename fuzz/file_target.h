// What the targets for files share: opening with narrow limits, and mutation that keeps a file's
// end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/target.h"

namespace skyhook::fuzz {

using MutatePart = size_t (*)(uint8_t* data, size_t size, size_t capacity);

/// How a file ends: a footer, its length in four bytes, a magic.
struct FileEnd {
  std::string_view magic;
};

/// Opens and reads a file.
void RunFile(Bytes input);

/// Mutates either the footer or what stands before it, and writes the footer's new length: changes
/// of any length reach the decoders instead of failing at the magic.
size_t MutateFile(const FileEnd& end, uint8_t* data, size_t size, size_t capacity, uint32_t seed,
                  MutatePart mutate);

}  // namespace skyhook::fuzz
