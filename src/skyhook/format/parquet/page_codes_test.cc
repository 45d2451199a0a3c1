#include "skyhook/format/parquet/page_codes.h"

#include <arrow/util/bit_util.h>
#include <gtest/gtest.h>
#include <parquet/encoding.h>

#include <algorithm>
#include <random>
#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using Bytes = std::vector<uint8_t>;
using Codes = std::vector<uint32_t>;
using base::BestSimd;
using base::Simd;
using testing::FailsWith;
using testing::IsOk;

std::vector<Simd> InstructionSets() {
  std::vector<Simd> out{Simd::kPortable};
  if (BestSimd() >= Simd::kAvx2) out.push_back(Simd::kAvx2);
  if (BestSimd() >= Simd::kAvx512) out.push_back(Simd::kAvx512);
  return out;
}

uint32_t MaskOf(int width) { return width == 32 ? ~0u : (1u << width) - 1; }

Codes RandomCodes(std::mt19937* random, int64_t count, uint32_t mask) {
  Codes out(static_cast<size_t>(count));
  for (uint32_t& code : out) code = static_cast<uint32_t>((*random)()) & mask;
  return out;
}

/// Bit by bit, as the format describes it.
void Pack(const Codes& codes, int width, Bytes* out) {
  const size_t begin = out->size();
  out->resize(begin + (codes.size() * static_cast<size_t>(width) + 7) / 8);
  size_t at = 0;
  for (const uint32_t code : codes) {
    for (int bit = 0; bit < width; ++bit, ++at) {
      if ((code >> bit & 1) != 0) (*out)[begin + at / 8] |= static_cast<uint8_t>(1u << (at % 8));
    }
  }
}

void PutVarint(uint32_t value, Bytes* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<uint8_t>(value | 0x80));
  out->push_back(static_cast<uint8_t>(value));
}

/// A page's values in the making.
struct Page {
  explicit Page(int width) : width(width), bytes{static_cast<uint8_t>(width)} {}

  void Repeat(uint32_t code, uint32_t length) {
    PutVarint(length << 1, &bytes);
    for (int byte = 0; byte < (width + 7) / 8; ++byte) {
      bytes.push_back(static_cast<uint8_t>(code >> (8 * byte)));
    }
    codes.insert(codes.end(), length, code);
  }
  /// Padded with zeros to whole groups of eight.
  void Packed(const Codes& run) {
    Codes padded = run;
    padded.resize((run.size() + 7) / 8 * 8);
    PutVarint(static_cast<uint32_t>(padded.size() / 8) << 1 | 1, &bytes);
    Pack(padded, width, &bytes);
    codes.insert(codes.end(), run.begin(), run.end());
  }

  int width;
  Bytes bytes;
  Codes codes;
};

Page RandomPage(std::mt19937* random, int width) {
  Page page(width);
  const uint32_t mask = MaskOf(width);
  const int runs = 1 + static_cast<int>((*random)() % 20);
  for (int run = 0; run < runs; ++run) {
    const auto length = static_cast<uint32_t>(1 + (*random)() % ((*random)() % 5 == 0 ? 3000 : 70));
    if ((*random)() % 2 == 0) {
      page.Repeat(static_cast<uint32_t>((*random)()) & mask, length);
    } else {
      // Only the last run may have codes that are no whole group of eight.
      const uint32_t whole = run + 1 == runs ? length : (length + 7) / 8 * 8;
      page.Packed(RandomCodes(random, whole, mask));
    }
  }
  return page;
}

Bytes RandomBits(std::mt19937* random, int64_t count) {
  Bytes out(static_cast<size_t>(count / 8 + 1));
  for (uint8_t& byte : out) byte = static_cast<uint8_t>((*random)());
  return out;
}

/// None, all, one code, a range of them, and any.
std::vector<Bytes> SomeSets(std::mt19937* random, int64_t codes) {
  const auto size = static_cast<size_t>(codes / 8 + 1);
  std::vector<Bytes> out{Bytes(size, 0), Bytes(size, 0xff), Bytes(size, 0), Bytes(size, 0)};
  arrow::bit_util::SetBit(out[2].data(), static_cast<int64_t>((*random)()) % codes);
  const int64_t first = static_cast<int64_t>((*random)()) % codes;
  const int64_t length = 1 + static_cast<int64_t>((*random)()) % (codes - first);
  arrow::bit_util::SetBitsTo(out[3].data(), first, length, true);
  out.push_back(RandomBits(random, codes));
  return out;
}

TEST(LargestOf, AllInstructionSetsAgreeWithTheStandardLibrary) {
  std::mt19937 random(7);
  for (size_t size = 0; size < 200; ++size) {
    std::vector<uint32_t> codes(size);
    for (uint32_t& code : codes) code = random();  // beyond 2^31, too
    const uint32_t expected = size == 0 ? 0 : *std::max_element(codes.begin(), codes.end());
    for (const Simd simd : InstructionSets()) {
      EXPECT_EQ(LargestOf(codes, simd), expected) << size << " " << static_cast<int>(simd);
    }
  }
}

TEST(PackedCodesTest, AllInstructionSetsUnpackEachWidth) {
  std::mt19937 random(1);
  for (int width = 0; width <= 32; ++width) {
    for (const int64_t count : {1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 500, 2000}) {
      const Codes codes = RandomCodes(&random, count, width == 0 ? 0 : MaskOf(width));
      Bytes packed;
      Pack(codes, width, &packed);
      for (const Simd simd : InstructionSets()) {
        for (const size_t behind : {0, 5, 200}) {
          Bytes bytes = packed;
          bytes.resize(packed.size() + behind, 0xa5);
          Codes out(codes.size());
          CodeUnpacker(width, simd).Unpack(bytes, count, out.data());
          ASSERT_EQ(out, codes) << width << " bits, " << count << " codes, set "
                                << static_cast<int>(simd) << ", " << behind << " bytes behind";
        }
      }
    }
  }
}

TEST(PackedCodesTest, AllInstructionSetsTestAlike) {
  std::mt19937 random(2);
  for (const int64_t num_codes : {1, 2, 31, 32, 33, 64, 100, 5000}) {
    for (const Bytes& bits : SomeSets(&random, num_codes)) {
      const CodeSet set = CodeSet::FromBits(bits.data(), num_codes);
      for (const int64_t count : {1, 15, 16, 63, 64, 65, 200, 1024}) {
        Codes codes = RandomCodes(&random, count, ~0u);
        for (uint32_t& code : codes) {
          // Some lie outside.
          if (code % 16 != 0) code %= static_cast<uint32_t>(num_codes);
        }
        const uint32_t largest = *std::max_element(codes.begin(), codes.end());
        for (const Simd simd : InstructionSets()) {
          std::vector<uint64_t> words((codes.size() + 63) / 64, ~uint64_t{0});
          EXPECT_EQ(set.Test(codes, words.data(), simd), largest);
          for (size_t i = 0; i < words.size() * 64; ++i) {
            const bool expected = i < codes.size() && codes[i] < num_codes &&
                                  arrow::bit_util::GetBit(bits.data(), codes[i]);
            ASSERT_EQ((words[i / 64] >> (i % 64) & 1) != 0, expected)
                << num_codes << " codes, set " << static_cast<int>(simd) << ", row " << i;
          }
        }
      }
    }
  }
}

TEST(PageCodesTest, ReadsRunsOfBothKindsAsArrowDoes) {
  std::mt19937 random(3);
  const auto arrows = parquet::MakeDictDecoder<parquet::Int32Type>(nullptr);
  for (int round = 0; round < 400; ++round) {
    const Page page = RandomPage(&random, static_cast<int>(random() % 32));
    const auto count = static_cast<int64_t>(page.codes.size());
    Codes out(page.codes.size());
    ASSERT_THAT(UnpackPageCodes(page.bytes, count, int64_t{1} << 32, out.data()), IsOk()) << round;
    ASSERT_EQ(out, page.codes) << round;
    std::vector<int32_t> expected(page.codes.size());
    arrows->SetData(static_cast<int>(count), page.bytes.data(),
                    static_cast<int>(page.bytes.size()));
    ASSERT_EQ(arrows->DecodeIndices(static_cast<int>(count), expected.data()), count);
    ASSERT_TRUE(std::equal(out.begin(), out.end(), expected.begin(), [](uint32_t a, int32_t b) {
      return static_cast<int32_t>(a) == b;
    })) << round;
  }
}

TEST(PageCodesTest, PicksSomeCodes) {
  std::mt19937 random(5);
  for (int round = 0; round < 400; ++round) {
    const Page page = RandomPage(&random, static_cast<int>(random() % 33));
    const auto shift = static_cast<int64_t>(random() % 1000);
    std::vector<int32_t> positions;
    Codes expected;
    for (size_t i = random() % 50; i < page.codes.size(); i += 1 + random() % 200) {
      positions.push_back(static_cast<int32_t>(static_cast<int64_t>(i) + shift));
      expected.push_back(page.codes[i]);
    }
    Codes out(positions.size());
    ASSERT_THAT(PickPageCodes(page.bytes, positions, shift, int64_t{1} << 32, out.data()), IsOk());
    ASSERT_EQ(out, expected) << round;
    const auto largest = std::max_element(expected.begin(), expected.end());
    if (largest == expected.end()) continue;
    EXPECT_THAT(PickPageCodes(page.bytes, positions, shift, *largest, out.data()),
                FailsWith(base::Code::kCorruptData, "outside of the dictionary"));
  }
}

TEST(PageCodesTest, TestsRunsOfBothKinds) {
  std::mt19937 random(4);
  for (int round = 0; round < 400; ++round) {
    const Page page = RandomPage(&random, static_cast<int>(random() % 15));
    const int64_t num_codes = int64_t{MaskOf(page.width)} + 1;
    for (const Bytes& bits : SomeSets(&random, num_codes)) {
      const CodeSet set = CodeSet::FromBits(bits.data(), num_codes);
      std::vector<uint64_t> out(page.codes.size() / 64 + 1);
      ASSERT_THAT(
          TestPageCodes(page.bytes, static_cast<int64_t>(page.codes.size()), set, out.data()),
          IsOk());
      for (size_t i = 0; i < page.codes.size(); ++i) {
        ASSERT_EQ((out[i / 64] >> (i % 64) & 1) != 0,
                  arrow::bit_util::GetBit(bits.data(), page.codes[i]))
            << round << ", row " << i;
      }
    }
  }
}

/// The verdict of both functions, which must be one.
arrow::Status Verdict(const Bytes& bytes, int64_t count, int64_t num_codes) {
  Codes codes(static_cast<size_t>(count));
  std::vector<uint64_t> words(static_cast<size_t>(count / 64 + 1));
  const Bytes none(static_cast<size_t>(num_codes / 8 + 1));
  const auto unpacked = UnpackPageCodes(bytes, count, num_codes, codes.data());
  const auto tested =
      TestPageCodes(bytes, count, CodeSet::FromBits(none.data(), num_codes), words.data());
  EXPECT_EQ(unpacked.ToString(), tested.ToString());
  return unpacked;
}

TEST(PageCodesTest, RefusesWhatIsCutShortOrLiesOutside) {
  Page page(3);
  page.Repeat(5, 10);
  page.Packed({0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2});
  const auto corrupt = [](const std::string& text) {
    return FailsWith(base::Code::kCorruptData, text);
  };
  EXPECT_THAT(Verdict(page.bytes, 21, 8), IsOk());
  EXPECT_THAT(Verdict(page.bytes, 0, 8), IsOk());
  EXPECT_THAT(Verdict({}, 0, 8), IsOk());
  EXPECT_THAT(Verdict(page.bytes, 21, 7), corrupt("outside of the dictionary with 7 values"));
  EXPECT_THAT(Verdict(page.bytes, 10, 5), corrupt("outside of the dictionary with 5 values"));
  EXPECT_THAT(Verdict(page.bytes, 27, 8), corrupt("26 dictionary indices where 27 are promised"));
  EXPECT_THAT(Verdict({}, 1, 8), corrupt("0 dictionary indices where 1 are promised"));
  EXPECT_THAT(Verdict({33, 2, 0}, 1, 8), corrupt("indices of 33 bits"));
  EXPECT_THAT(Verdict({3, 2}, 1, 8), corrupt("0 dictionary indices"));
  EXPECT_THAT(Verdict({3, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 1, 8), corrupt("0 dictionary indices"));
  EXPECT_THAT(Verdict({3, 0, 0, 0, 0}, 1, 8), corrupt("0 dictionary indices")) << "empty runs";
  Bytes unpadded = page.bytes;
  unpadded.pop_back();
  EXPECT_THAT(Verdict(unpadded, 21, 8), IsOk()) << "what is missing is padding";
  unpadded.pop_back();
  EXPECT_THAT(Verdict(unpadded, 21, 8), corrupt("10 dictionary indices where 21 are promised"));
}

}  // namespace
}  // namespace skyhook::format
