#include "skyhook/format/value_filter.h"

#include <arrow/util/bit_util.h>

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

}  // namespace

std::vector<int32_t> SetBits(const uint8_t* bits, int64_t begin, int64_t length) {
  std::vector<int32_t> out;
  out.reserve(static_cast<size_t>(length));
  ForEachPiece(length, [&](int64_t at, int64_t count) {
    for (uint64_t word = LoadBits(bits, begin + at, count); word != 0; word &= word - 1) {
      out.push_back(static_cast<int32_t>(at + std::countr_zero(word)));
    }
  });
  return out;
}

void AndBits(const uint8_t* from, int64_t from_begin, int64_t length, int64_t begin,
             uint8_t* bits) {
  ForEachPiece(length, [&](int64_t at, int64_t count) {
    const int64_t first = begin + at;
    const uint64_t cleared = ~LoadBits(from, from_begin + at, count) & ((uint64_t{1} << count) - 1);
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
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!arrow::bit_util::GetBit(passes->data(), static_cast<int64_t>(i))) {
      arrow::bit_util::ClearBit(bits, begin + rows[i]);
    }
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::format
