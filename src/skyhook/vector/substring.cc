#include "skyhook/vector/substring.h"

#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace skyhook::vector {
namespace {

/// Longer texts may nearly fit at every place; the C library's search takes linear time.
constexpr size_t kLongestByEnds = 64;

}  // namespace

const uint8_t* Substring::Find(const uint8_t* begin, const uint8_t* end) const {
  if (end - begin < static_cast<int64_t>(text_.size())) return end;
  const bool by_ends = simd_ != base::Simd::kPortable && text_.size() <= kLongestByEnds;
  return by_ends ? FindAvx2(begin, end) : FindPortable(begin, end);
}

const uint8_t* Substring::FindPortable(const uint8_t* begin, const uint8_t* end) const {
  const void* found = memmem(begin, static_cast<size_t>(end - begin), text_.data(), text_.size());
  return found == nullptr ? end : static_cast<const uint8_t*>(found);
}

#ifdef __x86_64__

[[gnu::target("avx2")]] const uint8_t* Substring::FindAvx2(const uint8_t* begin,
                                                           const uint8_t* end) const {
  const auto size = static_cast<int64_t>(text_.size());
  const __m256i first = _mm256_set1_epi8(text_.front());
  const __m256i last = _mm256_set1_epi8(text_.back());
  const uint8_t* at = begin;
  for (; end - at >= size + 31; at += 32) {
    const __m256i firsts = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
    const __m256i lasts = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + size - 1));
    const __m256i both =
        _mm256_and_si256(_mm256_cmpeq_epi8(firsts, first), _mm256_cmpeq_epi8(lasts, last));
    for (auto fits = static_cast<uint32_t>(_mm256_movemask_epi8(both)); fits != 0;
         fits &= fits - 1) {
      const uint8_t* place = at + std::countr_zero(fits);
      if (std::memcmp(place, text_.data(), text_.size()) == 0) return place;
    }
  }
  return FindPortable(at, end);
}

#else

const uint8_t* Substring::FindAvx2(const uint8_t* begin, const uint8_t* end) const {
  return FindPortable(begin, end);
}

#endif

}  // namespace skyhook::vector
