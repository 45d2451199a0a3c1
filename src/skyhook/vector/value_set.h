// Sets of values that many rows are looked up in: the list of an IN.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
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

/// Open addressing, at most half full, and a quarter while that stays in the processor's caches: a
/// look-up touches one line or two. T is a type
/// of fixed width whose canonical values are equal when their bits are. Immutable once made.
template <typename T>
class ValueSet {
 public:
  explicit ValueSet(const std::vector<T>& values)
      : slots_(std::bit_ceil(values.size() * (values.size() <= kFew ? 4 : 2) + 1)),
        mask_(slots_.size() - 1) {
    for (const T& value : values) Insert(Canonical(value));
  }

  bool Has(const T& value) const {
    const T wanted = Canonical(value);
    if (IsZero(wanted)) return has_zero_;
    uint64_t at = SpreadBits(wanted) & mask_;
    while (!IsZero(slots_[at])) {
      if (Same(slots_[at], wanted)) return true;
      at = (at + 1) & mask_;
    }
    return false;
  }

 private:
  static constexpr size_t kFew = 4096;

  static bool Same(const T& a, const T& b) { return std::memcmp(&a, &b, sizeof(T)) == 0; }
  static bool IsZero(const T& value) { return Same(value, T{}); }

  void Insert(const T& value) {
    if (IsZero(value)) {
      has_zero_ = true;
      return;
    }
    uint64_t at = SpreadBits(value) & mask_;
    while (!IsZero(slots_[at]) && !Same(slots_[at], value)) at = (at + 1) & mask_;
    slots_[at] = value;
  }

  std::vector<T> slots_;  // zero: free
  uint64_t mask_;
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
