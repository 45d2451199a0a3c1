// Dictionary codes: unpacked from bits, and tested against a set of codes. With AVX-512 or AVX2
// where the processor has them; every instruction set gives the same bits.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "skyhook/base/simd.h"

namespace skyhook::format {

/// Unpacks numbers of one width, which lie side by side, least significant bits first.
class CodeUnpacker {
 public:
  /// `width` in bits, 0 to 32.
  explicit CodeUnpacker(int width, base::Simd simd = base::BestSimd());

  int width() const { return width_; }
  /// The first `count` numbers of `in`, which holds at least as many. The more bytes there are
  /// behind them, the fewer are unpacked one by one.
  void Unpack(std::span<const uint8_t> in, int64_t count, uint32_t* out) const;
  /// Number `at` of `in`, which holds it.
  uint32_t At(std::span<const uint8_t> in, int64_t at) const;

 private:
  int64_t UnpackAvx2(std::span<const uint8_t> in, int64_t count, uint32_t* out) const;
  int64_t UnpackAvx512(std::span<const uint8_t> in, int64_t count, uint32_t* out) const;

  int width_;
  base::Simd simd_;
  /// For each byte of a vector of numbers, the byte of the input that goes there, and how far each
  /// number is shifted down afterwards.
  alignas(64) std::array<uint8_t, 64> bytes_{};
  alignas(64) std::array<uint32_t, 16> shifts_{};
};

/// The largest of `codes`; 0 where there are none.
uint32_t LargestOf(std::span<const uint32_t> codes, base::Simd simd = base::BestSimd());

/// Some of the codes of a dictionary. Immutable.
class CodeSet {
 public:
  /// The codes below `codes` whose bit in the bitmap `bits` is set.
  static CodeSet FromBits(const uint8_t* bits, int64_t codes);

  int64_t num_codes() const { return num_codes_; }
  bool Contains(uint32_t code) const {
    return code < num_codes_ && (words_[code / 32] >> (code % 32) & 1) != 0;
  }

  /// Bit i of the words at `bits`, of which each 64 codes take one, becomes Contains(codes[i]);
  /// bits behind the last are 0. Returns the largest of the codes.
  uint32_t Test(std::span<const uint32_t> codes, uint64_t* bits,
                base::Simd simd = base::BestSimd()) const;

 private:
  uint32_t TestPortable(std::span<const uint32_t> codes, uint64_t* bits) const;
  uint32_t TestAvx2(std::span<const uint32_t> codes, uint64_t* bits) const;
  uint32_t TestAvx512(std::span<const uint32_t> codes, uint64_t* bits) const;
  template <bool kRange>
  uint32_t TestAvx512As(std::span<const uint32_t> codes, uint64_t* bits) const;

  int64_t num_codes_ = 0;
  std::vector<uint32_t> words_;
  /// The set is [first_, first_ + span_]: no bit has to be looked up.
  bool is_range_ = false;
  uint32_t first_ = 0;
  uint32_t span_ = 0;
};

}  // namespace skyhook::format
