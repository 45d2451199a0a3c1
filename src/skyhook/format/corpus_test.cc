#include "skyhook/testing/corpus.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "skyhook/format/fragment_rows_test.h"

namespace skyhook::format {
namespace {

std::vector<std::string> CorpusFiles() { return testing::CorpusFiles("good"); }

std::shared_ptr<arrow::Buffer> BytesOf(const std::string& file) {
  return testing::CorpusBytes("good", file);
}

bool IsThere(const std::string& file) {
  const auto files = CorpusFiles();
  return std::find(files.begin(), files.end(), file) != files.end();
}

class Corpus : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Corpus);

TEST_P(Corpus, ReadsAsArrowDoes) {
  if (!testing::IsReadByArrow(GetParam())) GTEST_SKIP();
  const auto bytes = BytesOf(GetParam());
  const auto expected = ReadByArrow(bytes);
  const auto fragment = OpenBytes(bytes, GetParam());
  EXPECT_TRUE(fragment->declared_schema()->Equals(*expected->schema()));
  for (const Reading& reading :
       {Reading{}, Reading{.window = 100}, Reading{.window = 1000, .share = 0.1},
        Reading{.window = 64, .share = 0.02, .prefetch = false}}) {
    ExpectReadsAs(*fragment, *expected, reading);
  }
}

INSTANTIATE_TEST_SUITE_P(Parquet, Corpus, ::testing::ValuesIn(CorpusFiles()),
                         [](const auto& file) { return testing::TestNameOf(file.param); });

/// One file's footer says how long the bloom filter is, the other's does not.
TEST(CorpusBloomFilters, AreReadWithAndWithoutLength) {
  for (const char* file : {"data_index_bloom_encoding_stats.parquet",
                           "data_index_bloom_encoding_with_length.parquet"}) {
    if (!IsThere(file)) GTEST_SKIP();
    const auto fragment = OpenBytes(BytesOf(file), file);
    plan::Cost cost;
    ASSERT_TRUE(fragment->HasBloomFilter(0, 0));
    const auto may_contain = [&](const char* text) {
      return testing::Require(fragment->MayContain(0, 0, arrow::StringViewScalar(text), &cost));
    };
    EXPECT_TRUE(may_contain("Hello"));
    EXPECT_FALSE(may_contain("NOT_EXISTS"));
    EXPECT_LT(cost.bytes_read, 3000);
  }
}

TEST(CorpusStatistics, AreIgnoredWhereTheyCannotBeTrusted) {
  const auto min_of = [](const std::string& file) {
    const auto fragment = OpenBytes(BytesOf(file), file);
    const auto statistics = testing::Require(fragment->Statistics(0, 0));
    const bool none = !statistics.has_value() || statistics->min == nullptr;
    return none ? std::string("none") : statistics->min->ToString();
  };
  if (CorpusFiles().empty()) GTEST_SKIP();
  EXPECT_EQ(min_of("int96_from_spark.parquet"), "none");
  EXPECT_EQ(min_of("single_nan.parquet"), "none");
  EXPECT_EQ(min_of("nan_in_stats.parquet"), "1");
}

}  // namespace
}  // namespace skyhook::format
