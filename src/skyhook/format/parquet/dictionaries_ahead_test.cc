// Dictionaries: what they keep alive, and those that are decoded ahead of need.
#include <arrow/array.h>
#include <gtest/gtest.h>

#include <random>

#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using testing::Require;

constexpr int64_t kGroupRows = 20'000;
constexpr int kNumber = 0;
constexpr int kMode = 1;

/// Two row groups: numbers whose dictionaries are large, and one of two words.
std::shared_ptr<arrow::Table> Rows() {
  std::mt19937_64 random(1);
  arrow::Int64Builder number;
  arrow::StringBuilder mode;
  for (int64_t i = 0; i < 2 * kGroupRows; ++i) {
    Require(number.Append(static_cast<int64_t>(random() % 8000) << 40));
    Require(mode.Append(i % 3 == 0 ? "AIR" : "DELIVER IN PERSON"));
  }
  return arrow::Table::Make(
      arrow::schema({arrow::field("number", arrow::int64()), arrow::field("mode", arrow::utf8())}),
      {Require(number.Finish()), Require(mode.Finish())});
}

std::shared_ptr<arrow::Buffer> Bytes(bool page_index, arrow::Compression::type compression) {
  return testing::ParquetBytes(
      *Rows(),
      {.row_group_rows = kGroupRows, .page_index = page_index, .compression = compression});
}

/// Reads all of a column of a row group, by pieces.
ArrayPtr ReadGroup(RowGroupReader* reader, const Fragment& fragment, int row_group, int column) {
  const plan::RowRange rows = fragment.row_group_rows(row_group);
  Require(reader->Prefetch({column}, plan::RowRanges{rows}, false));
  arrow::ArrayVector parts;
  for (int64_t begin = rows.begin; begin < rows.end; begin += 5000) {
    parts.push_back(Flat(Require(reader->Read(column, begin, 5000, std::nullopt))));
  }
  return Require(arrow::Concatenate(parts));
}

struct Reading {
  std::vector<ArrayPtr> groups;
  std::vector<int64_t> bytes;  ///< read for each
};

Reading ReadNumbers(const std::shared_ptr<arrow::Buffer>& bytes,
                    const std::shared_ptr<DictionariesAhead>& ahead) {
  const auto fragment = OpenBytes(bytes);  // one that keeps no page index yet
  Reading out;
  for (int row_group = 0; row_group < 2; ++row_group) {
    plan::Cost cost;
    ReadContext context(&cost);
    context.ahead = ahead;
    if (ahead != nullptr) ahead->Begin(row_group, row_group == 0 ? std::optional(1) : std::nullopt);
    const auto reader = Require(fragment->Open(row_group, context));
    out.groups.push_back(ReadGroup(reader.get(), *fragment, row_group, kNumber));
    out.bytes.push_back(cost.bytes_read);
  }
  return out;
}

TEST(DictionariesAhead, ThoseOfTheNextRowGroupAreReadOnceAndGiveTheSame) {
  const auto bytes = Bytes(true, arrow::Compression::SNAPPY);
  const Reading expected = ReadNumbers(bytes, nullptr);
  const Reading ahead = ReadNumbers(bytes, std::make_shared<DictionariesAhead>());
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(ahead.groups[i]->Equals(*expected.groups[i])) << i;
  EXPECT_GT(ahead.bytes[0], expected.bytes[0] + 16 * 1024) << "with the next dictionary";
  EXPECT_LT(ahead.bytes[1], expected.bytes[1] - 16 * 1024) << "without it";
  EXPECT_EQ(ahead.bytes[0] + ahead.bytes[1], expected.bytes[0] + expected.bytes[1]);
}

TEST(DictionariesAhead, NothingIsReadWhereItsPlaceIsNotKnownOrNothingIsGained) {
  for (const auto& bytes :
       {Bytes(false, arrow::Compression::SNAPPY), Bytes(true, arrow::Compression::ZSTD)}) {
    const Reading expected = ReadNumbers(bytes, nullptr);
    const Reading ahead = ReadNumbers(bytes, std::make_shared<DictionariesAhead>());
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_TRUE(ahead.groups[i]->Equals(*expected.groups[i])) << i;
      EXPECT_EQ(ahead.bytes[i], expected.bytes[i]) << i;
    }
  }
}

TEST(DictionariesAhead, AreDroppedWithTheirRowGroup) {
  const auto of = [](int64_t length) {
    return arrow::ArrayData::Make(arrow::int64(), length, {nullptr, nullptr}, 0);
  };
  DictionariesAhead ahead;
  ahead.Begin(0, 2);
  ahead.Put(7, of(1));
  ahead.Put(8, of(2));
  EXPECT_EQ(ahead.Take(0, 7), nullptr);
  EXPECT_EQ(ahead.Take(2, 9), nullptr);
  EXPECT_EQ(ahead.Take(2, 7)->length, 1);
  EXPECT_EQ(ahead.Take(2, 7), nullptr) << "taken once";
  ahead.Begin(2, 3);
  EXPECT_EQ(ahead.Take(2, 8)->length, 2);
  ahead.Put(8, of(3));
  ahead.Begin(4, std::nullopt);
  EXPECT_EQ(ahead.Take(3, 8), nullptr);
}

TEST(DictionariesAhead, ADamagedOneIsSaidWhenItsRowGroupIsRead) {
  const auto bytes = Bytes(true, arrow::Compression::SNAPPY);
  const Reading expected = ReadNumbers(bytes, nullptr);
  const auto metadata = parquet::ReadMetaData(std::make_shared<arrow::io::BufferReader>(bytes));
  const int64_t offset = metadata->RowGroup(1)->ColumnChunk(kNumber)->dictionary_page_offset();
  const auto damaged = Require(bytes->CopySlice(0, bytes->size()));
  std::memset(const_cast<uint8_t*>(damaged->data()) + offset + 100, 0xff, 1000);
  const auto fragment = OpenBytes(damaged);
  const auto ahead = std::make_shared<DictionariesAhead>();
  plan::Cost cost;
  ReadContext context(&cost);
  context.ahead = ahead;
  ahead->Begin(0, 1);
  const auto first = Require(fragment->Open(0, context));
  EXPECT_TRUE(ReadGroup(first.get(), *fragment, 0, kNumber)->Equals(*expected.groups[0]));
  ahead->Begin(1, std::nullopt);
  const auto second = Require(fragment->Open(1, context));
  const plan::RowRange rows = fragment->row_group_rows(1);
  Require(second->Prefetch({kNumber}, plan::RowRanges{rows}, false));
  EXPECT_THAT(second->Read(kNumber, rows.begin, 10, std::nullopt),
              testing::FailsWith(base::Code::kCorruptData, "row group 1: column 'number'"));
}

// In a file without compression, pages are parts of what was read at once.
TEST(Dictionaries, OfFewValuesDoNotKeepAliveWhatWasReadWithThem) {
  const auto fragment = OpenBytes(Bytes(true, arrow::Compression::UNCOMPRESSED));
  plan::Cost cost;
  const auto reader = Require(fragment->Open(0, &cost));
  const plan::RowRange rows = fragment->row_group_rows(0);
  Require(reader->Prefetch({kNumber, kMode}, plan::RowRanges{rows}, false));
  const std::vector<int32_t> few{3, 17, 400};
  const auto values = Require(reader->Read(kMode, 0, 1000, few));
  ASSERT_EQ(values->type_id(), arrow::Type::DICTIONARY);
  for (const auto& buffer : values->data()->dictionary->buffers) {
    const arrow::Buffer* whole = buffer.get();
    while (whole != nullptr && whole->parent() != nullptr) whole = whole->parent().get();
    EXPECT_LT(whole == nullptr ? 0 : whole->size(), 1000);
  }
}

}  // namespace
}  // namespace skyhook::format
