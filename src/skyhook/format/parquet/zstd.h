// Decompresses pages of ZSTD with one context for all of them.
#pragma once

#include <arrow/result.h>
#include <arrow/util/compression.h>

#include <cstdint>
#include <memory>
#include <span>

namespace skyhook::format {

/// What a ZSTD frame says that it decompresses to, in bytes; -1 where it says nothing, or is none
/// (RFC 8878, section 3.1.1.1).
int64_t ZstdContentBytes(std::span<const uint8_t> frame);

/// Arrow's codec makes a context for each call, which takes as long as decompressing a small page.
/// Not thread-safe.
class ZstdDecompressor {
 public:
  /// Whether `compressed` was one frame of exactly `size` bytes, which are in `out` then. Else they
  /// are undefined, and a codec has to say what is wrong, if anything is: frames that do not name
  /// their size, for which a context would need more memory, are left to it.
  arrow::Result<bool> TryDecompress(std::span<const uint8_t> compressed, uint8_t* out,
                                    int64_t size);

 private:
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<arrow::util::Decompressor> context_;
};

}  // namespace skyhook::format
