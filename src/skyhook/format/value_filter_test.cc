#include "skyhook/format/value_filter.h"

#include <arrow/util/bit_util.h>
#include <gtest/gtest.h>

#include <random>

#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

TEST(SetBitsTest, FindsThemAtAnyOffset) {
  std::mt19937 random(1);
  std::vector<uint8_t> bits(40);
  for (uint8_t& byte : bits) byte = static_cast<uint8_t>(random() & random());
  for (int64_t begin = 0; begin < 70; ++begin) {
    for (const int64_t length : {0, 1, 7, 8, 31, 32, 33, 64, 100, 250}) {
      std::vector<int32_t> expected;
      for (int32_t i = 0; i < length; ++i) {
        if (arrow::bit_util::GetBit(bits.data(), begin + i)) expected.push_back(i);
      }
      ASSERT_EQ(SetBits(bits.data(), begin, length), expected) << begin << "+" << length;
    }
  }
}

TEST(AndBitsTest, ClearsBitsOfItsRangeOnly) {
  std::mt19937 random(2);
  const auto random_bits = [&] {
    std::vector<uint8_t> bits(60);
    for (uint8_t& byte : bits) byte = static_cast<uint8_t>(random());
    return bits;
  };
  for (int round = 0; round < 2000; ++round) {
    const std::vector<uint8_t> from = random_bits();
    const std::vector<uint8_t> before = random_bits();
    const auto from_begin = static_cast<int64_t>(random() % 100);
    const auto begin = static_cast<int64_t>(random() % 100);
    const auto length = static_cast<int64_t>(random() % 300);
    std::vector<uint8_t> bits = before;
    AndBits(from.data(), from_begin, length, begin, bits.data());
    for (int64_t i = 0; i < 480; ++i) {
      const bool within = i >= begin && i < begin + length;
      const bool expected =
          arrow::bit_util::GetBit(before.data(), i) &&
          (!within || arrow::bit_util::GetBit(from.data(), from_begin + i - begin));
      ASSERT_EQ(arrow::bit_util::GetBit(bits.data(), i), expected) << round << ", bit " << i;
    }
  }
}

}  // namespace
}  // namespace skyhook::format
