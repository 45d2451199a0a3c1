// Sets of values that many rows are looked up in: the list of an IN.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "skyhook/vector/column.h"

namespace skyhook::vector {

/// One bit pattern for values that SQL takes for equal: -0.0 equals 0.0, NaN equals NaN.
template <typename T>
T Canonical(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return std::numeric_limits<T>::quiet_NaN();
    if (value == T{0}) return T{0};
  }
  return value;
}

/// Spreads the bits of a value's representation over 64.
template <typename T>
uint64_t SpreadBits(const T& value) {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15ULL;
  uint64_t words[(sizeof(T) + 7) / 8] = {};
  std::memcpy(words, &value, sizeof(T));
  uint64_t hash = 0;
  for (const uint64_t word : words) {
    const auto product = static_cast<unsigned __int128>(hash ^ word) * kOdd;
    hash = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  return hash;
}

/// A bit for each value between the least and the greatest where that takes no more memory than
/// open addressing does, or at most kDenseBytes; open addressing is at most half full, and a
/// quarter while it stays in the processor's caches: a look-up touches one line or two. T is a type
/// of fixed width whose canonical values are equal when their bits are. Immutable once made.
template <typename T>
class ValueSet {
 public:
  /// Stays in the processor's first cache.
  static constexpr uint64_t kDenseBytes = 32 * 1024;

  explicit ValueSet(const std::vector<T>& values) {
    if (MakeDense(values)) return;
    slots_.resize(std::bit_ceil(values.size() * (values.size() <= kFew ? 4 : 2) + 1));
    for (const T& value : values) Insert(Canonical(value));
  }

  /// Whether each of `values` is in the set, as 1 or 0.
  void Has(std::span<const T> values, uint8_t* out) const {
    if constexpr (kMayBeDense) {
      if (!bits_.empty()) {
        // Copies: what is written might be taken for parts of the set.
        const uint64_t* const bits = bits_.data();
        const uint64_t span = span_;
        const uint64_t least = least_;
        for (const T value : values) {
          const uint64_t at = Widened(value) - least;
          *out++ = at <= span ? static_cast<uint8_t>(bits[at / 64] >> (at % 64) & 1) : 0;
        }
        return;
      }
    }
    for (const T& value : values) *out++ = static_cast<uint8_t>(HasHashed(value));
  }

 private:
  static constexpr size_t kFew = 4096;
  static constexpr bool kMayBeDense = std::is_integral_v<T> && sizeof(T) <= 8;

  /// Differences are those of the values, modulo 2^64.
  static uint64_t Widened(T value) {
    using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    return static_cast<uint64_t>(static_cast<Wide>(value));
  }

  /// False: of such values a bit each would take more than slots do.
  bool MakeDense(const std::vector<T>& values) {
    if constexpr (kMayBeDense) {
      if (values.empty()) return false;
      const auto [least, most] = std::minmax_element(values.begin(), values.end());
      least_ = Widened(*least);
      span_ = Widened(*most) - least_;
      const uint64_t bytes = span_ / 8;
      if (bytes >= kDenseBytes && bytes / (2 * sizeof(T)) >= values.size()) return false;
      bits_.resize(span_ / 64 + 1);
      for (const T value : values) {
        const uint64_t at = Widened(value) - least_;
        bits_[at / 64] |= uint64_t{1} << (at % 64);
      }
      return true;
    }
    return false;
  }

  bool HasHashed(const T& value) const {
    const uint64_t mask = slots_.size() - 1;
    const T wanted = Canonical(value);
    if (IsZero(wanted)) return has_zero_;
    uint64_t at = SpreadBits(wanted) & mask;
    while (!IsZero(slots_[at])) {
      if (Same(slots_[at], wanted)) return true;
      at = (at + 1) & mask;
    }
    return false;
  }

  static bool Same(const T& a, const T& b) { return std::memcmp(&a, &b, sizeof(T)) == 0; }
  static bool IsZero(const T& value) { return Same(value, T{}); }

  void Insert(const T& value) {
    if (IsZero(value)) {
      has_zero_ = true;
      return;
    }
    const uint64_t mask = slots_.size() - 1;
    uint64_t at = SpreadBits(value) & mask;
    while (!IsZero(slots_[at]) && !Same(slots_[at], value)) at = (at + 1) & mask;
    slots_[at] = value;
  }

  std::vector<uint64_t> bits_;  // of the values from least_ to least_ + span_; empty: see slots_
  uint64_t least_ = 0;
  uint64_t span_ = 0;
  std::vector<T> slots_;  // zero: free
  bool has_zero_ = false;
};

/// The same of texts, which it copies.
class TextSet {
 public:
  explicit TextSet(const std::vector<std::string_view>& texts);

  bool Has(std::string_view text) const {
    return (sizes_ & SizeBit(text.size())) != 0 && Find(text);
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    int64_t offset = -1;  // of the text in bytes_; -1: free
    size_t size = 0;
  };

  static uint64_t SizeBit(size_t size) { return uint64_t{1} << (size < 63 ? size : 63); }
  bool Find(std::string_view text) const;

  uint64_t sizes_ = 0;  // a bit for each size that occurs
  std::vector<Slot> slots_;
  std::string bytes_;
};

}  // namespace skyhook::vector
