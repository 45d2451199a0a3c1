// Values and bits are spread over validity alike by every instruction set, and as one bit after the
// other says.
#include <arrow/array.h>
#include <arrow/util/bit_util.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "skyhook/testing/matchers.h"
#include "skyhook/vector/gather.h"

namespace skyhook::vector {
namespace {

using base::Simd;
using testing::Require;

std::vector<Simd> InstructionSets() {
  std::vector<Simd> out;
  for (const Simd simd : {Simd::kPortable, Simd::kAvx2, Simd::kAvx512}) {
    if (simd <= base::BestSimd()) out.push_back(simd);
  }
  return out;
}

std::vector<uint8_t> RandomBits(int64_t length, int ones_in_ten, std::mt19937* random) {
  std::vector<uint8_t> out(static_cast<size_t>(arrow::bit_util::BytesForBits(length)));
  for (int64_t i = 0; i < length; ++i) {
    const bool one = static_cast<int>((*random)() % 10) < ones_in_ten;
    arrow::bit_util::SetBitTo(out.data(), i, one);
  }
  return out;
}

class SpreadTest : public ::testing::TestWithParam<int> {
 protected:
  int ones_in_ten() const { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(OnesInTen, SpreadTest, ::testing::Values(0, 1, 5, 9, 10));

TEST_P(SpreadTest, Bits) {
  std::mt19937 random(1);
  for (const int64_t length : {1, 7, 63, 64, 65, 1000, 1027}) {
    const auto validity = RandomBits(length, ones_in_ten(), &random);
    std::vector<bool> dense;
    for (int64_t i = 0; i < length; ++i) {
      if (arrow::bit_util::GetBit(validity.data(), i)) dense.push_back(random() % 2 == 0);
    }
    // No byte more than there are bits for: who reads beyond is told.
    std::vector<uint8_t> packed(
        static_cast<size_t>(arrow::bit_util::BytesForBits(static_cast<int64_t>(dense.size()))));
    for (size_t i = 0; i < dense.size(); ++i) {
      arrow::bit_util::SetBitTo(packed.data(), static_cast<int64_t>(i), dense[i]);
    }
    for (const Simd simd : InstructionSets()) {
      for (const bool null : {false, true}) {
        std::vector<uint8_t> out(static_cast<size_t>((length + 63) / 64 * 8));
        SpreadBits(packed.data(), validity.data(), length, null, out.data(), simd);
        size_t next = 0;
        for (int64_t i = 0; i < length; ++i) {
          const bool valid = arrow::bit_util::GetBit(validity.data(), i);
          ASSERT_EQ(arrow::bit_util::GetBit(out.data(), i), valid ? dense[next] : null)
              << length << " at " << i;
          next += valid ? 1 : 0;
        }
      }
    }
  }
}

TEST_P(SpreadTest, ValuesOfAllWidths) {
  std::mt19937 random(2);
  const std::shared_ptr<arrow::DataType> types[] = {
      arrow::int8(),
      arrow::int16(),
      arrow::int32(),
      arrow::float64(),
      arrow::utf8_view(),
      arrow::decimal256(40, 0),
      arrow::dictionary(arrow::int32(), arrow::utf8())};
  for (const auto& type : types) {
    const int64_t width = type->id() == arrow::Type::STRING_VIEW  ? 16
                          : type->id() == arrow::Type::DICTIONARY ? 4
                                                                  : type->byte_width();
    for (const int64_t length : {1, 3, 15, 16, 17, 1003}) {
      const auto validity = RandomBits(length, ones_in_ten(), &random);
      int64_t ones = 0;
      for (int64_t i = 0; i < length; ++i) ones += arrow::bit_util::GetBit(validity.data(), i);
      std::string bytes(static_cast<size_t>(ones * width), '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      const auto dense =
          arrow::ArrayData::Make(type, ones, {nullptr, arrow::Buffer::FromString(bytes)}, 0);
      for (const Simd simd : InstructionSets()) {
        const auto spread = Require(Spread(*dense, arrow::Buffer::FromVector(validity), length,
                                           arrow::default_memory_pool(), simd));
        ASSERT_EQ(spread->length, length);
        ASSERT_EQ(spread->null_count, length - ones);
        const char* next = bytes.data();
        const std::string zeros(static_cast<size_t>(width), '\0');
        for (int64_t i = 0; i < length; ++i) {
          const bool valid = arrow::bit_util::GetBit(validity.data(), i);
          const auto* at = reinterpret_cast<const char*>(spread->buffers[1]->data()) + i * width;
          ASSERT_EQ(std::memcmp(at, valid ? next : zeros.data(), static_cast<size_t>(width)), 0)
              << type->ToString() << " of " << length << " at " << i;
          next += valid ? width : 0;
        }
      }
    }
  }
}

}  // namespace
}  // namespace skyhook::vector
