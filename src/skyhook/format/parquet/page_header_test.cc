#include "skyhook/format/parquet/page_header.h"

#include <gtest/gtest.h>

#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using Bytes = std::vector<uint8_t>;
using testing::FailsWith;
using testing::IsOk;

// DATA_PAGE, 100 bytes uncompressed, 50 compressed, checksum 7, 10 values, PLAIN, levels RLE.
const Bytes kData{0x15, 0x00, 0x15, 0xc8, 0x01, 0x15, 0x64, 0x15, 0x0e, 0x1c,
                  0x15, 0x14, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06, 0x00, 0x00};
// DATA_PAGE_V2, 9 bytes both ways, 4 values, 1 null, 4 rows, RLE_DICTIONARY, 2 and 0 bytes of
// levels, not compressed; statistics with a null count and a distinct count.
const Bytes kDataV2{0x15, 0x06, 0x15, 0x12, 0x15, 0x12, 0x5c, 0x15, 0x08, 0x15,
                    0x02, 0x15, 0x08, 0x15, 0x10, 0x15, 0x04, 0x15, 0x00, 0x12,
                    0x1c, 0x36, 0x02, 0x16, 0x06, 0x00, 0x00, 0x00};

PageHeader Parsed(const Bytes& bytes) {
  const auto header = testing::Require(ParsePageHeader(bytes));
  EXPECT_TRUE(header.has_value());
  return header.value_or(PageHeader{});
}

TEST(PageHeader, ReadsADataPage) {
  const PageHeader header = Parsed(kData);
  EXPECT_EQ(header.kind, PageHeader::Kind::kData);
  EXPECT_EQ(header.header_size, 20);
  EXPECT_EQ(header.uncompressed_size, 100);
  EXPECT_EQ(header.compressed_size, 50);
  EXPECT_EQ(header.crc, 7u);
  EXPECT_EQ(header.num_values, 10);
  EXPECT_EQ(header.encoding, parquet::Encoding::PLAIN);
  EXPECT_EQ(header.level_encoding, parquet::Encoding::RLE);
  EXPECT_EQ(header.total_size(), 70);
}

TEST(PageHeader, ReadsADataPageV2AndSkipsStatistics) {
  const PageHeader header = Parsed(kDataV2);
  EXPECT_EQ(header.kind, PageHeader::Kind::kDataV2);
  EXPECT_EQ(header.header_size, 28);
  EXPECT_EQ(header.num_values, 4);
  EXPECT_EQ(header.encoding, parquet::Encoding::RLE_DICTIONARY);
  EXPECT_EQ(header.definition_bytes, 2);
  EXPECT_EQ(header.repetition_bytes, 0);
  EXPECT_FALSE(header.is_compressed);
  EXPECT_FALSE(header.crc.has_value());
}

TEST(PageHeader, AsksForMoreWhenCutShort) {
  for (const Bytes& whole : {kData, kDataV2}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      const auto header = ParsePageHeader(std::span(whole).first(size));
      ASSERT_THAT(header, IsOk()) << size;
      EXPECT_FALSE(header->has_value()) << size;
    }
  }
}

TEST(PageHeader, RefusesNegativeSizes) {
  Bytes bytes = kData;
  bytes[6] = 0x01;  // zigzag of -1
  EXPECT_THAT(ParsePageHeader(bytes), FailsWith(base::Code::kCorruptData, "negative size: -1"));
}

TEST(PageHeader, RefusesADataPageWithoutItsStruct) {
  const Bytes bytes{0x15, 0x00, 0x15, 0x02, 0x15, 0x02, 0x00};
  EXPECT_THAT(ParsePageHeader(bytes), FailsWith(base::Code::kCorruptData, "encoding"));
}

TEST(PageHeader, RefusesNumbersThatDoNotEnd) {
  Bytes bytes(20, 0xff);
  bytes[0] = 0x15;
  EXPECT_THAT(ParsePageHeader(bytes), FailsWith(base::Code::kCorruptData, "malformed"));
}

TEST(PageHeader, RefusesDeepNesting) {
  const Bytes bytes(1000, 0x1c);
  EXPECT_THAT(ParsePageHeader(bytes), FailsWith(base::Code::kCorruptData, "malformed"));
}

TEST(PageHeader, LeavesOtherPagesToBeSkipped) {
  // INDEX_PAGE with 5 bytes and its empty struct.
  const Bytes bytes{0x15, 0x02, 0x15, 0x0a, 0x15, 0x0a, 0x3c, 0x00, 0x00};
  const PageHeader header = Parsed(bytes);
  EXPECT_EQ(header.kind, PageHeader::Kind::kOther);
  EXPECT_EQ(header.total_size(), 14);
}

}  // namespace
}  // namespace skyhook::format
