// Work that is done in steps: each is short, and reading afterwards finds it done.
#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <numeric>

#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using testing::Require;

constexpr int64_t kRows = 10'000;
constexpr int kColumns = 5;
constexpr int kDictionaries = 3;

/// Rows hold their number times the column's, modulo 700; the first columns have dictionaries.
std::shared_ptr<Fragment> Open(int64_t page_rows) {
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  parquet::WriterProperties::Builder builder;
  builder.max_rows_per_page(page_rows)->write_batch_size(1000)->compression(
      arrow::Compression::SNAPPY);
  builder.enable_write_page_index()->disable_dictionary();
  for (int column = 0; column < kColumns; ++column) {
    arrow::Int64Builder values;
    for (int64_t row = 0; row < kRows; ++row) Require(values.Append(row * (column + 1) % 700));
    fields.push_back(arrow::field(fmt::format("c{}", column), arrow::int64()));
    if (column < kDictionaries) builder.enable_dictionary(fields.back()->name());
    columns.push_back(Require(values.Finish()));
  }
  const auto table = arrow::Table::Make(arrow::schema(fields), columns);
  const auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, kRows,
                                     builder.build()));
  return OpenBytes(Require(sink->Finish()));
}

TEST(StepsTest, EachOpensTwoPagesOrDictionariesAtMostAndReadingOpensNone) {
  const auto fragment = Open(1000);
  plan::Cost cost;
  ReadContext context(&cost);
  context.in_steps = true;
  const auto reader = Require(fragment->Open(0, context));
  std::vector<int> all(kColumns);
  std::iota(all.begin(), all.end(), 0);
  Require(reader->Prefetch(all, plan::RowRanges::All(kRows), false));
  EXPECT_EQ(cost.pages_read, 0);
  int dictionary_steps = 0;
  for (int64_t begin = 0; begin < kRows; begin += 2500) {
    for (int64_t read = cost.pages_read; Require(reader->Prepare(all, begin, 2500, std::nullopt));
         read = cost.pages_read) {
      ASSERT_LE(cost.pages_read - read, 2) << "from row " << begin;
      if (cost.pages_read == read) ++dictionary_steps;
    }
    const int64_t prepared = cost.pages_read;
    const int64_t fetched = cost.bytes_read;
    for (const int column : all) {
      const auto values = Require(reader->Read(column, begin, 2500, std::nullopt));
      EXPECT_EQ(values->length(), 2500);
    }
    EXPECT_EQ(cost.pages_read, prepared);
    EXPECT_EQ(cost.bytes_read, fetched);
  }
  EXPECT_EQ(cost.pages_read, kColumns * 10);
  EXPECT_EQ(dictionary_steps, (kDictionaries + 1) / 2);
}

// Without steps: where few rows are read, and no column has two pages to be opened together.
TEST(StepsTest, LonePagesOfTwoColumnsAreOpenedTogether) {
  const auto fragment = Open(kRows);
  plan::Cost cost;
  const auto reader = Require(fragment->Open(0, ReadContext(&cost)));
  std::vector<int> all(kColumns);
  std::iota(all.begin(), all.end(), 0);
  Require(reader->Prefetch(all, plan::RowRanges::All(kRows), true));
  EXPECT_FALSE(Require(reader->Prepare(all, 0, kRows, std::nullopt)));
  EXPECT_EQ(cost.pages_read, 0);
  const std::vector<int32_t> some = {5, 9000};
  EXPECT_FALSE(Require(reader->Prepare(all, 0, kRows, some)));
  EXPECT_EQ(cost.pages_read, kColumns / 2 * 2);
  for (const int column : all) {
    const auto values = Require(reader->Read(column, 0, kRows, some));
    ASSERT_EQ(values->length(), 2);
    auto value = Require(values->GetScalar(1));
    if (column < kDictionaries) {
      value = Require(static_cast<const arrow::DictionaryScalar&>(*value).GetEncodedValue());
    }
    EXPECT_EQ(value->ToString(), std::to_string(9000 * (column + 1) % 700));
  }
  EXPECT_EQ(cost.pages_read, kColumns);
}

}  // namespace
}  // namespace skyhook::format
