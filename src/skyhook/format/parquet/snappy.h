// Decompresses Snappy, one page or two in step.
//
// Arrow's codec takes one page at a time, and each element of Snappy waits for the one before: two
// pages in step take little longer than one. The format:
// https://github.com/google/snappy/blob/main/format_description.txt.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <span>

namespace skyhook::format {

/// Bytes behind the output that decompressing may write to: it copies in pieces of fixed size.
inline constexpr int64_t kSnappySlack = 64;

/// Compressed bytes, and where `size` decompressed ones and kSnappySlack more have room.
struct SnappyPage {
  std::span<const uint8_t> compressed;
  uint8_t* out = nullptr;
  int64_t size = 0;
};

/// Fails with kCorruptData when the bytes are no Snappy, or not of exactly `size` bytes. What is in
/// the output then is undefined.
arrow::Status DecompressSnappy(const SnappyPage& page);

/// The same of two pages, in step as long as both go on. The error is that of the first page that
/// has one.
arrow::Status DecompressSnappy(const SnappyPage& first, const SnappyPage& second);

}  // namespace skyhook::format
