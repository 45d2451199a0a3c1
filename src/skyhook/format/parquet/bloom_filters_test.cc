#include "skyhook/format/parquet/bloom_filters.h"

#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using testing::Require;

enum Column : int { kInteger, kText, kFloat, kDecimal, kSmall, kWithout };

std::shared_ptr<arrow::Buffer> WithFilters() {
  const auto table = testing::TableOf(
      arrow::schema({arrow::field("i", arrow::int64()), arrow::field("s", arrow::utf8()),
                     arrow::field("f", arrow::float64()),
                     arrow::field("dec", arrow::decimal128(9, 2)),
                     arrow::field("small", arrow::int8()), arrow::field("w", arrow::int64())}),
      "10,ten,0.0,-10.25,-10,1\n20,twenty,2.5,20.50,20,2\nNULL,NULL,NULL,NULL,NULL,3\n");
  parquet::WriterProperties::Builder builder;
  for (const char* column : {"i", "s", "f", "dec", "small"}) {
    parquet::BloomFilterOptions options;
    options.ndv = 100;
    options.fpp = 0.0001;
    builder.enable_bloom_filter(std::string(column), options);
  }
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 1000,
                                     builder.build()));
  return Require(sink->Finish());
}

bool MayContain(Fragment& fragment, int column, const std::string& value) {
  plan::Cost cost;
  const auto scalar =
      Require(arrow::Scalar::Parse(fragment.schema()->field(column)->type(), value));
  return Require(fragment.MayContain(0, column, *scalar, &cost));
}

TEST(BloomFilters, FindValuesAndMissOthers) {
  const auto fragment = OpenBytes(WithFilters());
  for (int column : {kInteger, kText, kFloat, kDecimal, kSmall}) {
    EXPECT_TRUE(fragment->HasBloomFilter(0, column)) << column;
  }
  EXPECT_TRUE(MayContain(*fragment, kInteger, "10"));
  EXPECT_FALSE(MayContain(*fragment, kInteger, "11"));
  EXPECT_TRUE(MayContain(*fragment, kFloat, "2.5"));
  EXPECT_FALSE(MayContain(*fragment, kFloat, "2.25"));
  EXPECT_TRUE(MayContain(*fragment, kSmall, "-10"));
  EXPECT_FALSE(MayContain(*fragment, kSmall, "-11"));
}

TEST(BloomFilters, FindTextAndDecimals) {
  const auto fragment = OpenBytes(WithFilters());
  plan::Cost cost;
  const auto find = [&](int column, const arrow::Scalar& value) {
    return Require(fragment->MayContain(0, column, value, &cost));
  };
  EXPECT_TRUE(find(kText, arrow::StringViewScalar("twenty")));
  EXPECT_FALSE(find(kText, arrow::StringViewScalar("thirty")));
  const auto decimal = [](int64_t digits) {
    return arrow::Decimal64Scalar(arrow::Decimal64(digits), arrow::decimal64(9, 2));
  };
  EXPECT_TRUE(find(kDecimal, decimal(-1025)));
  EXPECT_TRUE(find(kDecimal, decimal(2050)));
  EXPECT_FALSE(find(kDecimal, decimal(1025)));
}

TEST(BloomFilters, TreatZerosAndNanAsSqlDoes) {
  const auto fragment = OpenBytes(WithFilters());
  EXPECT_TRUE(MayContain(*fragment, kFloat, "-0.0"));
  EXPECT_TRUE(MayContain(*fragment, kFloat, "0.0"));
  EXPECT_TRUE(MayContain(*fragment, kFloat, "nan"));
}

TEST(BloomFilters, SayNothingWithoutFilterOrType) {
  const auto fragment = OpenBytes(WithFilters());
  plan::Cost cost;
  EXPECT_FALSE(fragment->HasBloomFilter(0, kWithout));
  EXPECT_TRUE(MayContain(*fragment, kWithout, "999"));
  EXPECT_TRUE(Require(fragment->MayContain(0, kInteger, arrow::Int32Scalar(11), &cost)));
  EXPECT_TRUE(Require(fragment->MayContain(0, kInteger, arrow::Int64Scalar(), &cost)));
  EXPECT_EQ(cost.read_calls, 0);
}

TEST(BloomFilters, AreReadOnce) {
  const auto fragment = OpenBytes(WithFilters());
  plan::Cost cost;
  EXPECT_FALSE(Require(fragment->MayContain(0, kInteger, arrow::Int64Scalar(11), &cost)));
  EXPECT_EQ(cost.read_calls, 1);
  EXPECT_FALSE(Require(fragment->MayContain(0, kInteger, arrow::Int64Scalar(12), &cost)));
  EXPECT_EQ(cost.read_calls, 1);
}

}  // namespace
}  // namespace skyhook::format
