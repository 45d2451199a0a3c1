#include "skyhook/vector/substring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace skyhook::vector {
namespace {

using base::Simd;

TEST(SubstringTest, FindsWhatStdSearchFinds) {
  std::mt19937 random(1);
  std::vector<Simd> sets{Simd::kPortable};
  if (base::BestSimd() != Simd::kPortable) sets.push_back(Simd::kAvx2);
  int found = 0;
  for (int round = 0; round < 3000; ++round) {
    // Two letters only, so that much nearly fits.
    std::string text(1 + random() % 8, ' ');
    std::vector<uint8_t> bytes(random() % 300);
    for (char& c : text) c = static_cast<char>('a' + random() % 2);
    for (uint8_t& c : bytes) c = static_cast<uint8_t>('a' + random() % 2);
    const uint8_t* begin = bytes.data();
    const uint8_t* end = begin + bytes.size();
    const auto expected = std::search(bytes.begin(), bytes.end(), text.begin(), text.end());
    for (const Simd simd : sets) {
      const uint8_t* at = Substring(text, simd).Find(begin, end);
      ASSERT_EQ(at - begin, expected - bytes.begin())
          << round << ", set " << static_cast<int>(simd);
      found += at == end ? 0 : 1;
    }
  }
  EXPECT_GT(found, 1000);
}

TEST(SubstringTest, TakesAnyByteAsOne) {
  const std::string bytes("a\0\xff\0b\xff\0c", 8);
  const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data());
  const auto place = [&](std::string text) {
    return Substring(std::move(text)).Find(begin, begin + bytes.size()) - begin;
  };
  EXPECT_EQ(place(std::string("\xff\0c", 3)), 5);
  EXPECT_EQ(place(std::string("\0", 1)), 1);
  EXPECT_EQ(place("bb"), 8);
}

}  // namespace
}  // namespace skyhook::vector
