// Columns of many values are written without dictionaries, judged by their first rows.
#include "skyhook/format/parquet/rewrite/dictionary_choice.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>

#include <functional>
#include <random>
#include <set>

#include "skyhook/format/parquet/rewrite/writer.h"
#include "skyhook/format/random_access_file.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Require;

constexpr int64_t kGroupRows = 128 * 1024;

std::shared_ptr<arrow::RecordBatch> Numbers(int64_t rows,
                                            const std::vector<std::function<int64_t()>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& next : columns) {
    arrow::Int64Builder builder;
    for (int64_t i = 0; i < rows; ++i) Require(builder.Append(next()));
    arrays.push_back(Require(builder.Finish()));
    fields.push_back(arrow::field(fmt::format("c{}", fields.size()), arrow::int64()));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, arrays);
}

std::vector<std::function<int64_t()>> Below(const std::vector<int64_t>& ranges,
                                            std::mt19937_64* random) {
  std::vector<std::function<int64_t()>> out;
  for (const int64_t range : ranges) {
    out.emplace_back([=] { return static_cast<int64_t>((*random)() % range); });
  }
  return out;
}

// What a row group of 131,072 rows draws of 10,000, 60,000, 200,000 and 10^12 values: 10,000,
// 53,000, 96,000 and as many as rows.
TEST(DictionaryChoiceTest, ValuesThatTheFirstRowsLackAreCountedToo) {
  std::mt19937_64 random(1);
  const auto sample =
      Numbers(kDictionarySampleRows, Below({10'000, 60'000, 200'000, 1'000'000'000'000}, &random));
  EXPECT_THAT(ColumnsWithoutDictionary(*sample, kGroupRows), ElementsAre("c2", "c3"));
}

TEST(DictionaryChoiceTest, FewRowsAreCountedAsTheyAre) {
  std::mt19937_64 random(1);
  int64_t serial = 0;
  auto columns = Below({3, 900}, &random);
  columns.emplace_back([&] { return serial++; });
  EXPECT_THAT(ColumnsWithoutDictionary(*Numbers(1000, columns), kGroupRows),
              ElementsAre("c1", "c2"));
  EXPECT_THAT(ColumnsWithoutDictionary(*Numbers(0, columns), kGroupRows), IsEmpty());
}

TEST(DictionaryChoiceTest, WhatCannotBeToldApartAndNullsKeepTheirDictionaries) {
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::Int64Builder>());
  arrow::StringBuilder texts;
  for (int i = 0; i < 100; ++i) {
    Require(lists.Append());
    Require(texts.AppendNull());
  }
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema({arrow::field("l", lists.type()), arrow::field("t", arrow::utf8())}), 100,
      {Require(lists.Finish()), Require(texts.Finish())});
  EXPECT_THAT(ColumnsWithoutDictionary(*batch, kGroupRows), IsEmpty());
}

// The columns of a written file whose pages have no dictionary, and its rows in all.
std::pair<std::set<int>, int64_t> Written(const arrow::RecordBatchVector& batches) {
  const auto writer = Require(ParquetWriter::Make(batches[0]->schema(), {}));
  for (const auto& batch : batches) Require(writer->Write(*batch));
  const auto source = base::MakeBufferSource(Require(writer->Finish()), "written");
  const auto metadata =
      parquet::ParquetFileReader::Open(MakeRandomAccessFile(ByteReader(source, {}, {}), nullptr))
          ->metadata();
  std::set<int> plain;
  for (int column = 0; metadata->num_row_groups() > 0 && column < metadata->num_columns();
       ++column) {
    if (!metadata->RowGroup(0)->ColumnChunk(column)->has_dictionary_page()) plain.insert(column);
  }
  return {plain, metadata->num_rows()};
}

TEST(DictionaryChoiceTest, AWriterGoesByItsFirstRowsWhateverItsBatches) {
  std::mt19937_64 random(1);
  const auto columns = Below({100, 1'000'000'000'000}, &random);
  for (const int64_t rows : {int64_t{1}, int64_t{1000}, int64_t{40'000}}) {
    const arrow::RecordBatchVector batches = {Numbers(rows, columns), Numbers(rows, columns)};
    const auto [plain, written] = Written(batches);
    EXPECT_TRUE(plain.contains(1)) << rows;
    EXPECT_EQ(plain.contains(0), rows == 1) << rows;
    EXPECT_EQ(written, 2 * rows);
  }
  EXPECT_EQ(Written({Numbers(0, columns)}).second, 0);
}

TEST(DictionaryChoiceTest, AWriterHoldsNoMoreRowsThanItsSampleHasBytes) {
  constexpr int64_t kTextBytes = 1024 * 1024;
  const auto writer =
      Require(ParquetWriter::Make(arrow::schema({arrow::field("t", arrow::utf8())}), {}));
  std::weak_ptr<arrow::Buffer> first;
  for (int64_t bytes = 0; bytes < kDictionarySampleBytes; bytes += kTextBytes) {
    EXPECT_EQ(first.expired(), bytes == 0) << bytes;
    arrow::StringBuilder text;
    Require(text.Append(std::string(kTextBytes, static_cast<char>('a' + bytes / kTextBytes))));
    const auto array = Require(text.Finish());
    if (bytes == 0) first = array->data()->buffers[2];
    Require(writer->Write(
        *arrow::RecordBatch::Make(arrow::schema({arrow::field("t", arrow::utf8())}), 1, {array})));
  }
  EXPECT_TRUE(first.expired());
}

TEST(DictionaryChoiceTest, AWriterCompressesWithLz4WhereNothingElseIsAskedFor) {
  std::mt19937_64 random(1);
  const auto batch = Numbers(1000, Below({3}, &random));
  const auto writer = Require(ParquetWriter::Make(batch->schema(), {}));
  Require(writer->Write(*batch));
  EXPECT_EQ(Require(CodecOf(base::MakeBufferSource(Require(writer->Finish()), "written"))), "lz4");
}

}  // namespace
}  // namespace skyhook::format
