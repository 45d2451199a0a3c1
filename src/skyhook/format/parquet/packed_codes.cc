#include "skyhook/format/parquet/packed_codes.h"

#include <arrow/util/bit_util.h>

#include <algorithm>
#include <cstring>

#ifdef __x86_64__
// g++ 12 takes the undefined vectors that its own intrinsics begin with for a mistake, where they
// are inlined: down to the end of this file.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#define SKYHOOK_AVX2 [[gnu::target("avx2")]]
#define SKYHOOK_AVX512 [[gnu::target("avx512f,avx512bw,avx512vl,avx512vbmi")]]
#endif

namespace skyhook::format {

using base::Simd;

namespace {

/// Wider numbers do not fit 32 bits once they begin within a byte.
constexpr int kWidestInLane = 25;

uint64_t LoadAtMost8(const uint8_t* from, int64_t bytes) {
  uint64_t word = 0;
  // There may be none, at no address: of numbers without bits.
  if (bytes > 0) std::memcpy(&word, from, static_cast<size_t>(std::min<int64_t>(bytes, 8)));
  return word;
}

/// Numbers from `begin` on.
void UnpackPortable(std::span<const uint8_t> in, int width, int64_t begin, int64_t count,
                    uint32_t* out) {
  const uint64_t mask = (uint64_t{1} << width) - 1;
  const auto size = static_cast<int64_t>(in.size());
  const auto number = [&](int64_t i, uint64_t word) {
    out[i] = static_cast<uint32_t>(word >> (i * width % 8) & mask);
  };
  int64_t i = begin;
  for (; i < count && i * width / 8 + 8 <= size; ++i) {
    uint64_t word;
    std::memcpy(&word, in.data() + i * width / 8, sizeof(word));
    number(i, word);
  }
  for (; i < count; ++i) {
    const int64_t byte = i * width / 8;
    number(i, LoadAtMost8(in.data() + byte, size - byte));
  }
}

/// Compiled once for each instruction set.
[[gnu::always_inline]] inline uint32_t Largest(std::span<const uint32_t> codes) {
  uint32_t largest = 0;
  for (const uint32_t code : codes) largest = std::max(largest, code);
  return largest;
}

#ifdef __x86_64__
SKYHOOK_AVX2 uint32_t LargestAvx2(std::span<const uint32_t> codes) { return Largest(codes); }
SKYHOOK_AVX512 uint32_t LargestAvx512(std::span<const uint32_t> codes) { return Largest(codes); }
#endif

}  // namespace

uint32_t LargestOf(std::span<const uint32_t> codes, Simd simd) {
#ifdef __x86_64__
  if (simd == Simd::kAvx512) return LargestAvx512(codes);
  if (simd == Simd::kAvx2) return LargestAvx2(codes);
#endif
  return Largest(codes);
}

CodeUnpacker::CodeUnpacker(int width, Simd simd)
    : width_(width), simd_(width == 0 || width > kWidestInLane ? Simd::kPortable : simd) {
  if (simd_ == Simd::kPortable) return;
  // A vector of AVX2 is two halves of 16 bytes, which see 16 bytes of the input each.
  const int lanes = simd_ == Simd::kAvx2 ? 8 : 16;
  const int seen_at_once = simd_ == Simd::kAvx2 ? 4 : 16;
  for (int lane = 0; lane < lanes; ++lane) {
    const int first_bit = lane / seen_at_once * seen_at_once * width;
    const int bit = lane * width - first_bit / 8 * 8;
    for (int byte = 0; byte < 4; ++byte) {
      bytes_[static_cast<size_t>(4 * lane + byte)] = static_cast<uint8_t>(bit / 8 + byte);
    }
    shifts_[static_cast<size_t>(lane)] = static_cast<uint32_t>(bit % 8);
  }
}

void CodeUnpacker::Unpack(std::span<const uint8_t> in, int64_t count, uint32_t* out) const {
  int64_t done = 0;
  if (simd_ == Simd::kAvx512) {
    done = UnpackAvx512(in, count, out);
  } else if (simd_ == Simd::kAvx2) {
    done = UnpackAvx2(in, count, out);
  }
  UnpackPortable(in, width_, done, count, out);
}

uint32_t CodeUnpacker::At(std::span<const uint8_t> in, int64_t at) const {
  const int64_t byte = at * width_ / 8;
  const uint64_t word = LoadAtMost8(in.data() + byte, static_cast<int64_t>(in.size()) - byte);
  return static_cast<uint32_t>(word >> (at * width_ % 8) & ((uint64_t{1} << width_) - 1));
}

CodeSet CodeSet::FromBits(const uint8_t* bits, int64_t codes) {
  CodeSet out;
  out.num_codes_ = codes;
  out.words_.resize(static_cast<size_t>(codes / 32 + 1));
  const auto bytes = static_cast<size_t>(arrow::bit_util::BytesForBits(codes));
  if (bytes > 0) std::memcpy(out.words_.data(), bits, bytes);
  if (codes % 32 != 0) out.words_.back() &= (uint32_t{1} << (codes % 32)) - 1;
  int64_t first = 0;
  while (first < codes && !arrow::bit_util::GetBit(bits, first)) ++first;
  int64_t end = first;
  while (end < codes && arrow::bit_util::GetBit(bits, end)) ++end;
  int64_t next = end;
  while (next < codes && !arrow::bit_util::GetBit(bits, next)) ++next;
  out.is_range_ = first < end && next == codes;
  if (out.is_range_) {
    out.first_ = static_cast<uint32_t>(first);
    out.span_ = static_cast<uint32_t>(end - first - 1);
  }
  return out;
}

uint32_t CodeSet::Test(std::span<const uint32_t> codes, uint64_t* bits, Simd simd) const {
  switch (simd) {
    case Simd::kAvx512:
      return TestAvx512(codes, bits);
    case Simd::kAvx2:
      return TestAvx2(codes, bits);
    case Simd::kPortable:
      break;
  }
  return TestPortable(codes, bits);
}

uint32_t CodeSet::TestPortable(std::span<const uint32_t> codes, uint64_t* bits) const {
  uint32_t largest = 0;
  for (size_t i = 0; i < codes.size(); i += 64) {
    const size_t end = std::min(i + 64, codes.size());
    uint64_t word = 0;
    for (size_t j = i; j < end; ++j) {
      word |= uint64_t{Contains(codes[j])} << (j - i);
      largest = std::max(largest, codes[j]);
    }
    *bits++ = word;
  }
  return largest;
}

#ifdef __x86_64__

SKYHOOK_AVX2 int64_t CodeUnpacker::UnpackAvx2(std::span<const uint8_t> in, int64_t count,
                                              uint32_t* out) const {
  const __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i*>(bytes_.data()));
  const __m256i shifts = _mm256_load_si256(reinterpret_cast<const __m256i*>(shifts_.data()));
  const __m256i mask = _mm256_set1_epi32((1 << width_) - 1);
  const int64_t half = width_ / 2;  // whole bytes of four numbers
  const uint8_t* from = in.data();
  const uint8_t* end = from + in.size();
  int64_t i = 0;
  for (; i + 8 <= count && end - from >= half + 16; i += 8, from += width_) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + half));
    const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
    const __m256i lanes = _mm256_srlv_epi32(_mm256_shuffle_epi8(both, bytes), shifts);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), _mm256_and_si256(lanes, mask));
  }
  return i;
}

SKYHOOK_AVX512 int64_t CodeUnpacker::UnpackAvx512(std::span<const uint8_t> in, int64_t count,
                                                  uint32_t* out) const {
  const __m512i bytes = _mm512_load_si512(bytes_.data());
  const __m512i shifts = _mm512_load_si512(shifts_.data());
  const __m512i mask = _mm512_set1_epi32((1 << width_) - 1);
  const uint8_t* from = in.data();
  const uint8_t* end = from + in.size();
  int64_t i = 0;
  for (; i + 16 <= count && end - from >= 64; i += 16, from += 2 * width_) {
    const __m512i spread = _mm512_permutexvar_epi8(bytes, _mm512_loadu_si512(from));
    _mm512_storeu_si512(out + i, _mm512_and_si512(_mm512_srlv_epi32(spread, shifts), mask));
  }
  return i;
}

SKYHOOK_AVX2 uint32_t CodeSet::TestAvx2(std::span<const uint32_t> codes, uint64_t* bits) const {
  const size_t whole = codes.size() / 64 * 64;
  const __m256i last = _mm256_set1_epi32(static_cast<int>(num_codes_ > 0 ? num_codes_ - 1 : 0));
  const __m256i first = _mm256_set1_epi32(static_cast<int>(first_));
  const __m256i span = _mm256_set1_epi32(static_cast<int>(span_));
  const __m256i one = _mm256_set1_epi32(1);
  const __m256i low5 = _mm256_set1_epi32(31);
  __m256i largest = _mm256_setzero_si256();
  for (size_t i = 0; i < whole; i += 64) {
    uint64_t word = 0;
    for (size_t j = 0; j < 64; j += 8) {
      const __m256i code =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes.data() + i + j));
      largest = _mm256_max_epu32(largest, code);
      __m256i in;
      if (is_range_) {
        const __m256i above = _mm256_sub_epi32(code, first);
        in = _mm256_cmpeq_epi32(_mm256_min_epu32(above, span), above);
      } else {
        const __m256i known = _mm256_min_epu32(code, last);
        const __m256i words = _mm256_i32gather_epi32(reinterpret_cast<const int*>(words_.data()),
                                                     _mm256_srli_epi32(known, 5), 4);
        const __m256i shifted = _mm256_srlv_epi32(words, _mm256_and_si256(known, low5));
        in = _mm256_and_si256(_mm256_cmpeq_epi32(_mm256_and_si256(shifted, one), one),
                              _mm256_cmpeq_epi32(known, code));
      }
      const auto eight = static_cast<uint8_t>(_mm256_movemask_ps(_mm256_castsi256_ps(in)));
      word |= uint64_t{eight} << j;
    }
    bits[i / 64] = word;
  }
  alignas(32) std::array<uint32_t, 8> lanes;
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes.data()), largest);
  const uint32_t most = *std::max_element(lanes.begin(), lanes.end());
  return std::max(most, TestPortable(codes.subspan(whole), bits + whole / 64));
}

template <bool kRange>
SKYHOOK_AVX512 uint32_t CodeSet::TestAvx512As(std::span<const uint32_t> codes,
                                              uint64_t* bits) const {
  const __m512i last = _mm512_set1_epi32(static_cast<int>(num_codes_ > 0 ? num_codes_ - 1 : 0));
  const __m512i first = _mm512_set1_epi32(static_cast<int>(first_));
  const __m512i span = _mm512_set1_epi32(static_cast<int>(span_));
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i low5 = _mm512_set1_epi32(31);
  __m512i largest = _mm512_setzero_si512();
  for (size_t i = 0; i < codes.size(); i += 64) {
    uint64_t word = 0;
    for (size_t j = i; j < std::min(i + 64, codes.size()); j += 16) {
      const size_t left = codes.size() - j;
      const auto there = static_cast<__mmask16>(left >= 16 ? 0xffff : (1u << left) - 1);
      const __m512i code = _mm512_maskz_loadu_epi32(there, codes.data() + j);
      largest = _mm512_max_epu32(largest, code);
      __mmask16 in;
      if constexpr (kRange) {
        in = _mm512_mask_cmple_epu32_mask(there, _mm512_sub_epi32(code, first), span);
      } else {
        const __m512i known = _mm512_min_epu32(code, last);
        const __m512i words = _mm512_i32gather_epi32(_mm512_srli_epi32(known, 5), words_.data(), 4);
        const __m512i bit = _mm512_sllv_epi32(one, _mm512_and_si512(known, low5));
        in = _mm512_mask_test_epi32_mask(_mm512_mask_cmpeq_epu32_mask(there, known, code), words,
                                         bit);
      }
      word |= uint64_t{in} << (j - i);
    }
    bits[i / 64] = word;
  }
  return _mm512_reduce_max_epu32(largest);
}

uint32_t CodeSet::TestAvx512(std::span<const uint32_t> codes, uint64_t* bits) const {
  return is_range_ ? TestAvx512As<true>(codes, bits) : TestAvx512As<false>(codes, bits);
}

#else

int64_t CodeUnpacker::UnpackAvx2(std::span<const uint8_t>, int64_t, uint32_t*) const { return 0; }
int64_t CodeUnpacker::UnpackAvx512(std::span<const uint8_t>, int64_t, uint32_t*) const { return 0; }
uint32_t CodeSet::TestAvx2(std::span<const uint32_t> codes, uint64_t* bits) const {
  return TestPortable(codes, bits);
}
uint32_t CodeSet::TestAvx512(std::span<const uint32_t> codes, uint64_t* bits) const {
  return TestPortable(codes, bits);
}

#endif

}  // namespace skyhook::format
