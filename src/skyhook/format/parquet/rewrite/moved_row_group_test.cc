#include "skyhook/format/parquet/rewrite/moved_row_group.h"

#include <gtest/gtest.h>

#include "skyhook/format/parquet/rewrite/fields.h"
#include "skyhook/format/parquet/rewrite/thrift_struct.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::format {
namespace {

using testing::FailsWith;
using testing::Require;
namespace field = parquet_field;

/// Pages were at 1000+100 and are 500 bytes further on.
MovedChunk Moved() {
  MovedChunk moved;
  moved.old_pages = {1000, 100};
  moved.shift = 500;
  return moved;
}

struct Written {
  ThriftStruct group;
  ThriftStruct chunk;
  ThriftStruct metadata;
};

/// A row group of one chunk, to be changed by a test.
Written Before() {
  Written out;
  out.group.SetInt64(field::kGroupOffset, 1000);
  out.group.SetInt16(field::kOrdinal, 3);
  out.chunk.SetInt64(field::kChunkOffset, 1000);
  out.chunk.SetInt64(field::kOffsetIndexOffset, 3000);
  out.chunk.SetInt32(field::kOffsetIndexLength, 30);
  out.chunk.SetInt64(field::kColumnIndexOffset, 3100);
  out.chunk.SetInt32(field::kColumnIndexLength, 31);
  out.metadata.SetInt64(field::kDataPageOffset, 1040);
  out.metadata.SetInt64(field::kIndexPageOffset, 1020);
  out.metadata.SetInt64(field::kDictionaryPageOffset, 1000);
  out.metadata.SetInt64(field::kBloomFilterOffset, 2000);
  out.metadata.SetInt32(field::kBloomFilterLength, 20);
  out.metadata.SetInt64(100, 1000);  // of no meaning to us
  return out;
}

std::string EntryOf(Written written) {
  written.chunk.SetStruct(field::kMetadata, written.metadata.Serialise());
  written.group.SetStructs(field::kColumns, {written.chunk.Serialise()});
  return written.group.Serialise();
}

Written Move(const Written& before, const MovedChunk& moved, int64_t ordinal = 0) {
  const std::string entry =
      Require(MoveRowGroup(EntryOf(before), {moved.old_pages.offset + 500, ordinal, {moved}}));
  Written out;
  out.group = Require(ThriftStruct::Parse(entry));
  out.chunk = Require(ThriftStruct::Parse(out.group.Structs(field::kColumns).at(0)));
  out.metadata = Require(ThriftStruct::Parse(*out.chunk.Struct(field::kMetadata)));
  return out;
}

TEST(MovedRowGroup, HasItsPagesWhereTheyWereMoved) {
  const Written moved = Move(Before(), Moved());
  EXPECT_EQ(moved.group.Int64(field::kGroupOffset), 1500);
  EXPECT_EQ(moved.chunk.Int64(field::kChunkOffset), 1500);
  EXPECT_EQ(moved.metadata.Int64(field::kDataPageOffset), 1540);
  EXPECT_EQ(moved.metadata.Int64(field::kIndexPageOffset), 1520);
  EXPECT_EQ(moved.metadata.Int64(field::kDictionaryPageOffset), 1500);
  EXPECT_EQ(moved.metadata.Int64(100), 1000);
}

TEST(MovedRowGroup, LosesIndexesThatHaveNoPlace) {
  MovedChunk chunk = Moved();
  chunk.column_index = 7000;
  const Written moved = Move(Before(), chunk);
  for (const int32_t id : {field::kOffsetIndexOffset, field::kColumnIndexOffset}) {
    EXPECT_FALSE(moved.chunk.Has(id, ThriftType::kInt64)) << id;
    EXPECT_FALSE(moved.chunk.Has(id + 1, ThriftType::kInt32)) << id;
  }
  EXPECT_FALSE(moved.metadata.Has(field::kBloomFilterOffset, ThriftType::kInt64));
  EXPECT_FALSE(moved.metadata.Has(field::kBloomFilterLength, ThriftType::kInt32));
}

TEST(MovedRowGroup, FindsIndexesWhereTheyWerePut) {
  MovedChunk chunk = Moved();
  chunk.offset_index = {6000, 33};
  chunk.column_index = 7000;
  chunk.bloom_filter = 8000;
  Written expected = Before();
  expected.chunk.SetInt64(field::kOffsetIndexOffset, 6000);
  expected.chunk.SetInt32(field::kOffsetIndexLength, 33);
  expected.chunk.SetInt64(field::kColumnIndexOffset, 7000);
  expected.metadata.SetInt64(field::kBloomFilterOffset, 8000);
  const Written moved = Move(Before(), chunk);
  EXPECT_EQ(moved.chunk.Int64(field::kOffsetIndexOffset), 6000);
  EXPECT_EQ(moved.chunk.Int64(field::kColumnIndexOffset), 7000);
  EXPECT_EQ(moved.metadata.Int64(field::kBloomFilterOffset), 8000);
  expected.chunk.SetInt64(field::kChunkOffset, 1500);
  expected.chunk.SetStruct(field::kMetadata, std::string(*moved.chunk.Struct(field::kMetadata)));
  EXPECT_TRUE(moved.chunk == expected.chunk) << "lengths, too";
}

TEST(MovedRowGroup, LeavesOffsetsThatMeanNothingAlone) {
  Written before = Before();
  before.group.SetInt64(field::kGroupOffset, 0);
  before.metadata.SetInt64(field::kDictionaryPageOffset, 0);
  before.metadata.SetInt64(field::kIndexPageOffset, -1);
  before.metadata.Remove(field::kDataPageOffset);
  const Written moved = Move(before, Moved());
  EXPECT_EQ(moved.group.Int64(field::kGroupOffset), 0);
  EXPECT_EQ(moved.metadata.Int64(field::kDictionaryPageOffset), 0);
  EXPECT_EQ(moved.metadata.Int64(field::kIndexPageOffset), -1);
  EXPECT_EQ(moved.metadata.Int64(field::kDataPageOffset), std::nullopt);
}

TEST(MovedRowGroup, ForgetsAboutPagesThatAreNotThere) {
  MovedChunk empty = Moved();
  empty.old_pages.length = 0;
  const Written moved = Move(Before(), empty);
  EXPECT_EQ(moved.metadata.Int64(field::kDataPageOffset), 0);
  EXPECT_EQ(moved.metadata.Int64(field::kDictionaryPageOffset), 0);
  EXPECT_EQ(moved.chunk.Int64(field::kChunkOffset), 0);
}

TEST(MovedRowGroup, HidesACopyOfTheMetadataBehindThePages) {
  Written before = Before();
  before.chunk.SetInt64(field::kChunkOffset, 1100);
  EXPECT_EQ(Move(before, Moved()).chunk.Int64(field::kChunkOffset), 0);
  before.chunk.SetInt64(field::kChunkOffset, 1099);
  EXPECT_EQ(Move(before, Moved()).chunk.Int64(field::kChunkOffset), 1599);
  before.chunk.SetInt64(field::kChunkOffset, 0);
  EXPECT_EQ(Move(before, Moved()).chunk.Int64(field::kChunkOffset), 0);
}

TEST(MovedRowGroup, HasTheOrdinalOfItsPlaceWhereThatFits) {
  Written expected;
  expected.group.SetInt16(field::kOrdinal, 32767);
  const auto ordinal = [](const Written& written) {
    Written alone = written;
    alone.group.Remove(field::kColumns);
    alone.group.Remove(field::kGroupOffset);
    return alone.group;
  };
  EXPECT_TRUE(ordinal(Move(Before(), Moved(), 32767)) == expected.group);
  EXPECT_TRUE(ordinal(Move(Before(), Moved(), 32768)) == ThriftStruct());
  Written before = Before();
  before.group.Remove(field::kOrdinal);
  EXPECT_TRUE(ordinal(Move(before, Moved(), 1)) == ThriftStruct());
}

TEST(MovedRowGroup, IsRefusedWhenItIsNone) {
  EXPECT_THAT(MoveRowGroup("", {}), FailsWith(base::Code::kCorruptData, "malformed"));
  EXPECT_THAT(MoveRowGroup(EntryOf(Before()), {}),
              FailsWith(base::Code::kCorruptData, "1 column chunks where the schema has 0"));
  ThriftStruct group;
  group.SetStructs(field::kColumns, {ThriftStruct().Serialise()});
  EXPECT_THAT(MoveRowGroup(group.Serialise(), {0, 0, {Moved()}}),
              FailsWith(base::Code::kCorruptData, "column chunk without metadata"));
}

std::string OffsetIndexOf(const std::vector<int64_t>& offsets) {
  std::vector<std::string> pages;
  for (const int64_t offset : offsets) {
    ThriftStruct page;
    page.SetInt64(field::kPageOffset, offset);
    page.SetInt32(2, 10);
    pages.push_back(page.Serialise());
  }
  ThriftStruct index;
  index.SetStructs(field::kPageLocations, pages);
  index.SetInt64(100, 1000);
  return index.Serialise();
}

TEST(MovedOffsetIndex, FindsPagesWhereTheyWereMoved) {
  EXPECT_EQ(Require(MoveOffsetIndex(OffsetIndexOf({1000, 1040}), {1000, 100}, 500)),
            OffsetIndexOf({1500, 1540}));
  EXPECT_EQ(Require(MoveOffsetIndex(OffsetIndexOf({}), {1000, 100}, 500)), OffsetIndexOf({}));
}

TEST(MovedOffsetIndex, IsRefusedWithPagesOutsideOfTheChunk) {
  for (const int64_t offset : {int64_t{999}, int64_t{1101}, INT64_MAX, INT64_MIN}) {
    EXPECT_THAT(MoveOffsetIndex(OffsetIndexOf({1000, offset}), {1000, 100}, 500),
                FailsWith(base::Code::kCorruptData, "outside of the chunk at 1000+100"));
  }
  EXPECT_THAT(MoveOffsetIndex("\x19\xff", {1000, 100}, 500),
              FailsWith(base::Code::kCorruptData, "malformed"));
}

}  // namespace
}  // namespace skyhook::format
