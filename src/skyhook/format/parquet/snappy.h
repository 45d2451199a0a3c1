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

/// Decompresses one page as far as it is asked to.
class SnappyReader {
 public:
  explicit SnappyReader(const SnappyPage& page);

  /// Bytes of the output that are there, from the first on.
  int64_t there() const { return at_.out - at_.begin; }

  /// Goes on until `bytes` of the output are there, or a few more; all of them where that is more
  /// than the page has. Fails with kCorruptData when what it reads is no Snappy, and, once the
  /// whole page is there, when that is not of exactly its size. What is in the output then is
  /// undefined, and each further call fails.
  arrow::Status ReadUntil(int64_t bytes);

  /// Goes on with two pages in step, as long as neither has as many bytes as it is asked for. Does
  /// not fail: ReadUntil says what is wrong.
  static void InStep(SnappyReader* first, int64_t bytes_of_first, SnappyReader* second,
                     int64_t bytes_of_second);

  /// Where decompressing has got to.
  struct Place {
    const uint8_t* in;
    const uint8_t* in_end;
    uint8_t* begin;
    uint8_t* out;
    uint8_t* stop;  ///< nothing is decompressed from here on: at most out_end
    uint8_t* out_end;
    bool damaged;
  };

 private:
  void StopAt(int64_t bytes);

  Place at_;
};

}  // namespace skyhook::format
