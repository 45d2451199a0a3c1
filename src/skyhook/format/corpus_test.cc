#include <arrow/io/file.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "skyhook/format/fragment_rows_test.h"

namespace skyhook::format {
namespace {

std::filesystem::path CorpusFolder() {
  const char* set = std::getenv("SKYHOOK_CORPUS");
  const std::filesystem::path corpus =
      set != nullptr ? std::filesystem::path(set)
                     : std::filesystem::path(SKYHOOK_SOURCE_DIR) / ".." / "shared" / "corpus";
  return corpus / "parquet" / "good";
}

std::vector<std::string> CorpusFiles() {
  std::vector<std::string> files;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(CorpusFolder(), missing)) {
    if (entry.path().extension() == ".parquet") files.push_back(entry.path().filename());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::shared_ptr<arrow::Buffer> BytesOf(const std::string& file) {
  auto input = testing::Require(arrow::io::ReadableFile::Open(CorpusFolder() / file));
  return testing::Require(input->Read(testing::Require(input->GetSize())));
}

/// Files of the corpus that Arrow 26 does not read (a map of strings beyond 2 GiB, and a map
/// schema that is none), so that there is nothing to compare with.
const std::set<std::string>& RefusedByArrow() {
  static const std::set<std::string> files{"incorrect_map_schema.parquet",
                                           "large_string_map.brotli.parquet"};
  return files;
}

class Corpus : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Corpus);

TEST_P(Corpus, ReadsAsArrowDoes) {
  if (RefusedByArrow().contains(GetParam())) GTEST_SKIP();
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

INSTANTIATE_TEST_SUITE_P(Parquet, Corpus, ::testing::ValuesIn(CorpusFiles()), [](const auto& file) {
  std::string name = file.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
  return name;
});

/// One file's footer says how long the bloom filter is, the other's does not.
TEST(CorpusBloomFilters, AreReadWithAndWithoutLength) {
  for (const char* file : {"data_index_bloom_encoding_stats.parquet",
                           "data_index_bloom_encoding_with_length.parquet"}) {
    if (!std::filesystem::exists(CorpusFolder() / file)) GTEST_SKIP();
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
  if (!std::filesystem::exists(CorpusFolder())) GTEST_SKIP();
  EXPECT_EQ(min_of("int96_from_spark.parquet"), "none");
  EXPECT_EQ(min_of("single_nan.parquet"), "none");
  EXPECT_EQ(min_of("nan_in_stats.parquet"), "1");
}

}  // namespace
}  // namespace skyhook::format
