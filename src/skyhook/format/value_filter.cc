#include "skyhook/format/value_filter.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "skyhook/base/status.h"

namespace skyhook::format {

namespace {

/// Bits are looked at so many at a time: with those in front of them in their first byte they fit a
/// word.
constexpr int64_t kBitsAtOnce = 32;

/// Calls `visit(at, count)` for pieces of [0, length).
template <typename Visit>
void ForEachPiece(int64_t length, Visit&& visit) {
  for (int64_t at = 0; at < length; at += kBitsAtOnce) {
    visit(at, std::min(kBitsAtOnce, length - at));
  }
}

/// The bytes that hold `count` bits from bit `begin` on, as a word.
uint64_t LoadBytes(const uint8_t* bits, int64_t begin, int64_t count) {
  uint64_t word = 0;
  std::memcpy(&word, bits + begin / 8,
              static_cast<size_t>(arrow::bit_util::BytesForBits(begin % 8 + count)));
  return word;
}

uint64_t LoadBits(const uint8_t* bits, int64_t begin, int64_t count) {
  return LoadBytes(bits, begin, count) >> (begin % 8) & ((uint64_t{1} << count) - 1);
}

/// The 64 bits from bit `begin` on, all of which are there.
uint64_t LoadWord(const uint8_t* bits, int64_t begin) {
  uint64_t word;
  std::memcpy(&word, bits + begin / 8, sizeof(word));
  const int64_t shift = begin % 8;
  return shift == 0 ? word : word >> shift | uint64_t{bits[begin / 8 + 8]} << (64 - shift);
}

}  // namespace

std::vector<int32_t> SetBits(const uint8_t* bits, int64_t begin, int64_t length) {
  std::vector<int32_t> out(static_cast<size_t>(arrow::internal::CountSetBits(bits, begin, length)));
  int32_t* next = out.data();
  const auto add = [&](int64_t at, uint64_t word) {
    for (; word != 0; word &= word - 1) {
      *next++ = static_cast<int32_t>(at + std::countr_zero(word));
    }
  };
  int64_t at = 0;
  for (; at + 64 <= length; at += 64) add(at, LoadWord(bits, begin + at));
  ForEachPiece(length - at, [&](int64_t piece, int64_t count) {
    add(at + piece, LoadBits(bits, begin + at + piece, count));
  });
  return out;
}

void AndBits(const uint8_t* from, int64_t from_begin, int64_t length, int64_t begin,
             uint8_t* bits) {
  int64_t at = 0;
  if (begin % 8 == 0) {
    for (; at + 64 <= length; at += 64) {
      const uint64_t word = LoadWord(bits, begin + at) & LoadWord(from, from_begin + at);
      std::memcpy(bits + (begin + at) / 8, &word, sizeof(word));
    }
  }
  ForEachPiece(length - at, [&](int64_t piece, int64_t count) {
    const int64_t first = begin + at + piece;
    const uint64_t kept = LoadBits(from, from_begin + at + piece, count);
    const uint64_t cleared = ~kept & ((uint64_t{1} << count) - 1);
    const uint64_t word = LoadBytes(bits, first, count) & ~(cleared << (first % 8));
    std::memcpy(bits + first / 8, &word,
                static_cast<size_t>(arrow::bit_util::BytesForBits(first % 8 + count)));
  });
}

arrow::Status FilterValues(int64_t begin, int64_t length, const ReadSelected& read,
                           ValueFilter* filter, uint8_t* bits) {
  const std::vector<int32_t> rows = SetBits(bits, begin, length);
  if (rows.empty()) return arrow::Status::OK();
  std::optional<std::span<const int32_t>> selection;
  if (static_cast<int64_t>(rows.size()) < length) selection = rows;
  ARROW_ASSIGN_OR_RAISE(const auto values, read(selection));
  if (values->length() != static_cast<int64_t>(rows.size())) {
    return base::CorruptData("{} values in {} rows", values->length(), rows.size());
  }
  ARROW_ASSIGN_OR_RAISE(const auto passes, filter->Test(values));
  if (!selection.has_value()) {
    AndBits(passes->data(), 0, length, begin, bits);
    return arrow::Status::OK();
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!arrow::bit_util::GetBit(passes->data(), static_cast<int64_t>(i))) {
      arrow::bit_util::ClearBit(bits, begin + rows[i]);
    }
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::format
