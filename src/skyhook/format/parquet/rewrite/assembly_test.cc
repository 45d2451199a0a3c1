#include "skyhook/format/parquet/rewrite/assembly.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "skyhook/format/parquet/rewrite/assembled_file_test.h"
#include "skyhook/format/parquet/rewrite/fields.h"
#include "skyhook/format/parquet/rewrite/moved_row_group.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using testing::FailsWith;
using testing::Require;

constexpr int kKey = 0;
constexpr int kText = 1;

/// Rows begin, begin + 1, ...: their number, and text of a few kinds.
std::shared_ptr<arrow::Table> Rows(int64_t begin, int64_t count) {
  std::string lines;
  for (int64_t i = begin; i < begin + count; ++i) {
    lines += std::to_string(i) + (i % 7 == 0 ? ",NULL\n" : ",kind " + std::to_string(i % 5) + "\n");
  }
  return testing::TableOf(
      arrow::schema({arrow::field("key", arrow::int64()), arrow::field("text", arrow::utf8())}),
      lines);
}

/// Row groups of 1000 rows, pages of 100, and bloom filters.
BufferPtr FileOf(int64_t begin, int64_t count) {
  testing::ParquetLayout layout;
  layout.row_group_rows = 1000;
  layout.page_rows = 100;
  layout.bloom_filters = {"key", "text"};
  return testing::ParquetBytes(*Rows(begin, count), layout);
}

std::string KeyAt(const BufferPtr& file, int64_t row) {
  return Require(ReadByArrow(file)->column(kKey)->GetScalar(row))->ToString();
}

TEST(ParquetAssembly, CutsOutRowGroups) {
  const PartsPtr parts = PartsOf(FileOf(0, 3000));
  ASSERT_EQ(parts->num_row_groups(), 3);
  EXPECT_EQ(parts->row_group_rows(2), 1000);
  const BufferPtr middle = Cut(parts, 1, 2);
  ExpectSameRows(*ReadByArrow(middle), *Rows(1000, 1000));
  const BufferPtr rest = Cut(parts, 1, 3);
  ASSERT_EQ(ReadByArrow(rest)->num_rows(), 2000);
  EXPECT_EQ(KeyAt(rest, 0), "1000");
  EXPECT_EQ(KeyAt(rest, 1999), "2999");
}

TEST(ParquetAssembly, JoinsFiles) {
  const BufferPtr joined = Joined({FileOf(0, 1500), FileOf(1500, 10), FileOf(1510, 490)});
  ExpectSameRows(*ReadByArrow(joined), *Rows(0, 2000));
  EXPECT_EQ(OpenByArrow(joined)->metadata()->num_rows(), 2000);
  const auto fragment = OpenBytes(joined);
  ASSERT_EQ(fragment->num_row_groups(), 4);
  EXPECT_EQ(fragment->row_group_rows(2), (plan::RowRange{1500, 1510}));
}

TEST(ParquetAssembly, TakesRowGroupsInAnyOrderAndTwice) {
  const PartsPtr parts = PartsOf(FileOf(0, 3000));
  const BufferPtr file = Require(TryAssemble({{parts, 2, 3}, {parts, 0, 1}, {parts, 2, 3}}));
  ASSERT_EQ(ReadByArrow(file)->num_rows(), 3000);
  EXPECT_EQ(KeyAt(file, 0), "2000");
  EXPECT_EQ(KeyAt(file, 1000), "0");
  EXPECT_EQ(KeyAt(file, 2999), "2999");
}

TEST(ParquetAssembly, KeepsPageIndexesAtWork) {
  const auto fragment = OpenBytes(Cut(PartsOf(FileOf(0, 3000)), 1, 2));
  const auto pages = Require(fragment->Pages(0, kKey, nullptr));
  ASSERT_EQ(pages.size(), 10u);
  EXPECT_EQ(pages[7].rows, (plan::RowRange{700, 800}));
  EXPECT_EQ(pages[7].statistics.min->ToString(), "1700");
  EXPECT_EQ(pages[7].statistics.max->ToString(), "1799");
  plan::Cost cost;
  auto reader = Require(fragment->Open(0, &cost));
  Require(reader->Prefetch({kKey}, plan::RowRanges{{750, 751}}, false));
  const auto row = Require(reader->Read(kKey, 750, 1, std::nullopt));
  ASSERT_EQ(row->length(), 1);
  EXPECT_EQ(Flat(row)->ToString(),
            Flat(Require(arrow::MakeArrayFromScalar(arrow::Int64Scalar(1750), 1)))->ToString());
  reader.reset();
  EXPECT_EQ(cost.pages_read, 1);
  EXPECT_EQ(cost.pages_skipped, 9);
}

TEST(ParquetAssembly, KeepsBloomFiltersAtWork) {
  const auto fragment = OpenBytes(Joined({FileOf(0, 2000), FileOf(2000, 1000)}));
  const auto find = [&](int row_group, int64_t key) {
    return Require(fragment->MayContain(row_group, kKey, arrow::Int64Scalar(key), nullptr));
  };
  for (int group = 0; group < 3; ++group) {
    ASSERT_TRUE(fragment->HasBloomFilter(group, kKey));
    EXPECT_TRUE(find(group, group * 1000 + 500));
    EXPECT_FALSE(find(group, (group + 1) * 1000 + 500));
    EXPECT_TRUE(
        Require(fragment->MayContain(group, kText, arrow::StringViewScalar("kind 3"), nullptr)));
    EXPECT_FALSE(
        Require(fragment->MayContain(group, kText, arrow::StringViewScalar("kind 9"), nullptr)));
  }
}

/// The file with ordinals, which Arrow's writer leaves out.
BufferPtr WithOrdinals(const BufferPtr& file) {
  ThriftStruct footer = Require(ThriftStruct::Parse(FooterOf(file)));
  std::vector<std::string> entries;
  for (const std::string_view entry : footer.Structs(parquet_field::kRowGroups)) {
    ThriftStruct group = Require(ThriftStruct::Parse(entry));
    group.SetInt16(parquet_field::kOrdinal, static_cast<int16_t>(entries.size()));
    entries.push_back(group.Serialise());
  }
  footer.SetStructs(parquet_field::kRowGroups, entries);
  return WithFooter(file, footer.Serialise());
}

TEST(ParquetAssembly, NumbersRowGroupsAnew) {
  const PartsPtr parts = PartsOf(WithOrdinals(FileOf(0, 3000)));
  const PartsPtr turned = PartsOf(Require(TryAssemble({{parts, 2, 3}, {parts, 1, 2}})));
  for (int group = 0; group < 2; ++group) {
    const ThriftStruct entry = Require(ThriftStruct::Parse(turned->row_group_entry(group)));
    ThriftStruct numbered = entry;
    numbered.SetInt16(parquet_field::kOrdinal, static_cast<int16_t>(group));
    EXPECT_TRUE(entry == numbered) << group;
    EXPECT_EQ(entry.Int64(parquet_field::kGroupOffset), turned->row_group_bytes(group).offset);
  }
}

TEST(ParquetAssembly, CopiesNeighboursAsOnePiece) {
  const BufferPtr file = FileOf(0, 3000);
  const PartsPtr parts = PartsOf(file);
  const ParquetAssembly assembly = Require(Assemble({{parts, 0, 2}}, {}, nullptr));
  ASSERT_GE(assembly.pieces.size(), 3u);
  EXPECT_EQ(assembly.pieces[1].source, 0);
  EXPECT_EQ(assembly.pieces[1].from.offset, 4);
  EXPECT_EQ(assembly.pieces[1].from.end(), parts->row_group_bytes(1).end());
  EXPECT_EQ(assembly.rows, 2000);
}

TEST(ParquetAssembly, IsReadInAnyRanges) {
  const PartsPtr parts = PartsOf(FileOf(0, 1500));
  const ParquetAssembly assembly = Require(Assemble({{parts, 1, 2}, {parts, 0, 1}}, {}, nullptr));
  const BufferPtr whole = Require(ReadAssembly(assembly, {0, assembly.bytes}, {}, nullptr));
  ASSERT_EQ(ReadByArrow(whole)->num_rows(), 1500);
  for (const int64_t step : {1000, 4096}) {
    std::string bytes;
    for (int64_t begin = 0; begin < assembly.bytes; begin += step) {
      const int64_t length = std::min(step, assembly.bytes - begin);
      bytes += Require(ReadAssembly(assembly, {begin, length}, {}, nullptr))->ToString();
    }
    EXPECT_EQ(bytes, whole->ToString());
  }
  EXPECT_THAT(ReadAssembly(assembly, {assembly.bytes, 1}, {}, nullptr),
              FailsWith(arrow::StatusCode::Invalid, "of a new file of"));
}

TEST(ParquetAssembly, OfNoRowGroupsIsAFileOfNoRows) {
  const BufferPtr none = Cut(PartsOf(FileOf(0, 1000)), 0, 0);
  const auto table = ReadByArrow(none);
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_TRUE(table->schema()->Equals(*Rows(0, 1)->schema()));
  EXPECT_EQ(PartsOf(none)->num_row_groups(), 0);
  ExpectSameRows(*ReadByArrow(Joined({none, FileOf(0, 1000), none})), *Rows(0, 1000));
}

/// A file of the same row groups with each one's bloom filters right behind its pages.
BufferPtr WithFiltersBetween(const BufferPtr& file) {
  const PartsPtr parts = PartsOf(file);
  const ByteReader reader(parts->source(), {}, nullptr);
  std::string bytes = "PAR1";
  std::vector<std::string> entries;
  const auto append = [&](const base::ByteRange& range) {
    bytes += file->ToString().substr(static_cast<size_t>(range.offset),
                                     static_cast<size_t>(range.length));
    return static_cast<int64_t>(bytes.size()) - range.length;
  };
  for (int group = 0; group < parts->num_row_groups(); ++group) {
    MovedRowGroup moved;
    moved.offset = append(parts->row_group_bytes(group));
    const int64_t shift = moved.offset - parts->row_group_bytes(group).offset;
    for (const ChunkParts& chunk : Require(parts->LocateChunks(group, 1 << 20, reader))) {
      moved.chunks.push_back({chunk.pages, shift, append(*chunk.bloom_filter), {}, {}});
    }
    entries.push_back(Require(MoveRowGroup(parts->row_group_entry(group), moved)));
  }
  ThriftStruct footer = parts->footer();
  footer.SetInt64(parquet_field::kFileRows, ReadByArrow(file)->num_rows());
  footer.SetStructs(parquet_field::kRowGroups, entries);
  const std::string no_footer("\0\0\0\0PAR1", 8);
  return WithFooter(arrow::Buffer::FromString(bytes + no_footer), footer.Serialise());
}

int CopiedPieces(const ParquetAssembly& assembly) {
  return static_cast<int>(
      std::count_if(assembly.pieces.begin(), assembly.pieces.end(),
                    [](const AssembledPiece& piece) { return piece.source >= 0; }));
}

TEST(ParquetAssembly, CopiesFiltersBetweenRowGroupsAlong) {
  testing::ParquetLayout layout;
  layout.row_group_rows = 1000;
  layout.page_index = false;
  layout.bloom_filters = {"key", "text"};
  const BufferPtr file = WithFiltersBetween(testing::ParquetBytes(*Rows(0, 4000), layout));
  const PartsPtr parts = PartsOf(file);
  ReadOptions options;
  for (const int64_t gap_bytes : {int64_t{0}, int64_t{100} << 20}) {
    options.coalesce.gap_bytes = gap_bytes;
    const auto assembly = Require(Assemble({{parts, 1, 4}}, options, nullptr));
    EXPECT_EQ(CopiedPieces(assembly), gap_bytes == 0 ? 6 : 1);
    const BufferPtr cut = Require(ReadAssembly(assembly, {0, assembly.bytes}, options, nullptr));
    ExpectSameRows(*ReadByArrow(cut), *Rows(1000, 3000));
    for (int group = 0; group < 3; ++group) {
      for (int leaf : {kKey, kText}) {
        const std::string expected = DescribeChunk(file, group + 1, leaf);
        EXPECT_NE(expected.find("filter "), std::string::npos);
        EXPECT_EQ(DescribeChunk(cut, group, leaf), expected);
      }
    }
  }
}

TEST(ParquetAssembly, LeavesOutAPageIndexThatIsNone) {
  const BufferPtr whole = FileOf(0, 1000);
  const auto location = OpenByArrow(whole)->metadata()->RowGroup(0)->ColumnChunk(kKey);
  BufferPtr damaged = Require(whole->CopySlice(0, whole->size()));
  std::memset(damaged->mutable_data() + location->GetOffsetIndexLocation()->offset, 0xff, 8);
  const BufferPtr again = Cut(PartsOf(damaged), 0, 1);
  const auto chunk = OpenByArrow(again)->metadata()->RowGroup(0)->ColumnChunk(kKey);
  EXPECT_FALSE(chunk->GetOffsetIndexLocation().has_value());
  EXPECT_FALSE(chunk->GetColumnIndexLocation().has_value());
  ExpectSameRows(*ReadByArrow(again), *Rows(0, 1000));
}

TEST(ParquetAssembly, SaysWhatCannotBeAssembled) {
  const PartsPtr parts = PartsOf(FileOf(0, 1000), "one");
  EXPECT_THAT(TryAssemble({}), FailsWith(arrow::StatusCode::Invalid, "has no schema"));
  EXPECT_THAT(TryAssemble({{parts, 0, 2}}),
              FailsWith(arrow::StatusCode::Invalid, "one: row groups 0 to 2 of 1"));
  EXPECT_THAT(TryAssemble({{parts, 1, 0}}),
              FailsWith(arrow::StatusCode::Invalid, "one: row groups 1 to 0 of 1"));
  const auto renamed = Require(Rows(0, 1)->RenameColumns({"key", "other"}));
  const PartsPtr other = PartsOf(testing::ParquetBytes(*renamed), "two");
  EXPECT_THAT(TryAssemble({{parts, 0, 1}, {other, 0, 1}}),
              FailsWith(arrow::StatusCode::Invalid, "one and two differ in schema"));
  ReadOptions options;
  options.max_page_bytes = 300;
  EXPECT_THAT(Assemble({{parts, 0, 1}}, options, nullptr),
              FailsWith(base::Code::kLimitExceeded, "more than 300"));
}

}  // namespace
}  // namespace skyhook::format
