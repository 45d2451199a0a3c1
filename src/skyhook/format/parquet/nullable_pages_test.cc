// Values of nullable columns, read whole, by few rows and in part: as they were written.
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <functional>
#include <random>

#include "skyhook/base/byte_source.h"
#include "skyhook/format/fragment.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using parquet::WriterProperties;
using testing::Require;

constexpr int64_t kRows = 20'000;

/// Numbers, texts and flags; by rows, none, some, nearly all and all of the values are null. And
/// texts of which none is, in some pages not ASCII.
std::shared_ptr<arrow::Table> Written(uint32_t seed) {
  std::mt19937 random(seed);
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  arrow::BooleanBuilder flags;
  arrow::StringBuilder names;
  for (int64_t row = 0; row < kRows; ++row) {
    const uint32_t in_twenty = row * 4 / kRows == 0 ? 0 : row * 4 / kRows == 1 ? 2 : 19;
    const auto null = [&] { return row >= kRows * 7 / 8 || random() % 20 < in_twenty; };
    Require(null() ? numbers.AppendNull() : numbers.Append(row % 500));
    Require(null() ? texts.AppendNull() : texts.Append(fmt::format("text of row {}", row % 3000)));
    Require(null() ? flags.AppendNull() : flags.Append(random() % 3 == 0));
    Require(names.Append(fmt::format("{} {}", row % 5000 < 500 ? "naïve" : "plain", row)));
  }
  return arrow::Table::Make(
      arrow::schema({arrow::field("number", arrow::int64()), arrow::field("text", arrow::utf8()),
                     arrow::field("flag", arrow::boolean()),
                     arrow::field("name", arrow::utf8(), /*nullable=*/false)}),
      {Require(numbers.Finish()), Require(texts.Finish()), Require(flags.Finish()),
       Require(names.Finish())});
}

std::shared_ptr<Fragment> Open(const arrow::Table& table, bool v2, bool dictionary, bool index,
                               const ReadOptions& options = {}) {
  WriterProperties::Builder builder;
  builder.compression(arrow::Compression::SNAPPY);
  builder.data_pagesize(3000)->max_row_group_length(kRows)->write_batch_size(700);
  builder.data_page_version(v2 ? parquet::ParquetDataPageVersion::V2
                               : parquet::ParquetDataPageVersion::V1);
  if (!dictionary) builder.disable_dictionary();
  if (index) builder.enable_write_page_index();
  const auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, kRows,
                                     builder.build()));
  return Require(
      OpenFragment(base::MakeBufferSource(Require(sink->Finish()), "written"), options, nullptr));
}

/// As text, NULL or not: types differ in views and dictionaries.
std::vector<std::string> TextsOf(const arrow::Array& array) {
  std::vector<std::string> out;
  for (int64_t i = 0; i < array.length(); ++i) {
    auto scalar = Require(array.GetScalar(i));
    if (scalar->is_valid && array.type_id() == arrow::Type::DICTIONARY) {
      scalar = Require(static_cast<const arrow::DictionaryScalar&>(*scalar).GetEncodedValue());
    }
    out.push_back(scalar->is_valid ? scalar->ToString() : "NULL");
  }
  return out;
}

class NullablePagesTest : public ::testing::TestWithParam<std::tuple<bool, bool, bool>> {};

INSTANTIATE_TEST_SUITE_P(Layouts, NullablePagesTest,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool(),
                                            ::testing::Bool()));

TEST_P(NullablePagesTest, AnyRowsAreThoseThatWereWritten) {
  const auto [v2, dictionary, index] = GetParam();
  const auto table = Written(1);
  const auto fragment = Open(*table, v2, dictionary, index);
  std::mt19937 random(2);
  for (int column = 0; column < table->num_columns(); ++column) {
    const auto expected = TextsOf(*Require(table->CombineChunksToBatch())->column(column));
    for (const uint32_t one_in : {1u, 3u, 60u, 1000u, 6000u}) {
      SCOPED_TRACE(fmt::format("column {}, one row in {}", column, one_in));
      plan::Cost cost;
      const auto reader = Require(fragment->Open(0, &cost));
      Require(reader->Prefetch({column}, plan::RowRanges{{0, kRows}}, random() % 2 == 0));
      for (int64_t begin = 0; begin < kRows;) {
        const int64_t length = std::min<int64_t>(1 + random() % 6000, kRows - begin);
        std::vector<int32_t> selection;
        std::vector<std::string> wanted;
        for (int32_t i = 0; i < length; ++i) {
          if (random() % one_in != 0) continue;
          selection.push_back(i);
          wanted.push_back(expected[static_cast<size_t>(begin + i)]);
        }
        const auto read = Require(reader->Read(column, begin, length, selection));
        ASSERT_EQ(TextsOf(*read), wanted) << "rows " << begin << "+" << length;
        Require(read->ValidateFull());
        begin += length;
      }
    }
  }
}

// Pages are opened for the rows that were announced alone; others of them are read nevertheless.
TEST_P(NullablePagesTest, RowsThatWereAnnouncedAndOthersAreThoseThatWereWritten) {
  const auto [v2, dictionary, index] = GetParam();
  const auto table = Written(3);
  std::mt19937 random(4);
  for (const Shortcuts shortcuts : {Shortcuts::kMeasured, Shortcuts::kAlways, Shortcuts::kNever}) {
    ReadOptions options;
    options.shortcuts = shortcuts;
    const auto fragment = Open(*table, v2, dictionary, index, options);
    for (int column = 0; column < table->num_columns(); ++column) {
      const auto expected = TextsOf(*Require(table->CombineChunksToBatch())->column(column));
      for (const uint32_t one_in : {3u, 60u, 1000u, 6000u}) {
        SCOPED_TRACE(fmt::format("column {}, one row in {}", column, one_in));
        std::vector<int64_t> rows;
        std::vector<plan::RowRange> announced;
        for (int64_t row = 0; row < kRows; ++row) {
          if (random() % one_in != 0) continue;
          rows.push_back(row);
          if (random() % 8 != 0) announced.push_back({row, row + 1});
        }
        plan::Cost cost;
        const auto reader = Require(fragment->Open(0, &cost));
        Require(reader->Prefetch({column}, plan::RowRanges(std::move(announced)), true));
        auto next = rows.begin();
        for (int64_t begin = 0; begin < kRows;) {
          const int64_t length = std::min<int64_t>(1 + random() % 6000, kRows - begin);
          std::vector<int32_t> selection;
          std::vector<std::string> wanted;
          for (; next != rows.end() && *next < begin + length; ++next) {
            selection.push_back(static_cast<int32_t>(*next - begin));
            wanted.push_back(expected[static_cast<size_t>(*next)]);
          }
          const auto read = Require(reader->Read(column, begin, length, selection));
          ASSERT_EQ(TextsOf(*read), wanted) << "rows " << begin << "+" << length;
          Require(read->ValidateFull());
          begin += length;
        }
        EXPECT_GE(reader->bytes_held(), 0);
      }
    }
  }
}

}  // namespace
}  // namespace skyhook::format
