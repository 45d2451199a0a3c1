#include "skyhook/format/parquet/rewrite/parts.h"

#include <arrow/util/key_value_metadata.h>
#include <arrow/util/secure_string.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/encryption/encryption.h>
#include <parquet/properties.h>

#include <random>

#include "skyhook/format/parquet/rewrite/assembled_file_test.h"
#include "skyhook/format/parquet/rewrite/fields.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using testing::FailsWith;
using testing::Require;
namespace field = parquet_field;

constexpr int32_t kTotalCompressedSize = 7;

std::shared_ptr<arrow::Table> Rows() {
  return testing::TableOf(
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())}),
      "1,one\n2,two\n3,three\n4,four\n5,five\n");
}

/// Row groups of two rows.
BufferPtr FileOf(const arrow::Table& table) {
  testing::ParquetLayout layout;
  layout.row_group_rows = 2;
  layout.bloom_filters = {"a"};
  return testing::ParquetBytes(table, layout);
}

std::vector<std::string> Copies(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

/// The file with its row groups' chunks changed: `edit` gets those of all row groups.
using Chunks = std::vector<std::vector<std::string>>;
BufferPtr WithChunks(const BufferPtr& file, const std::function<void(Chunks*)>& edit) {
  ThriftStruct footer = Require(ThriftStruct::Parse(FooterOf(file)));
  std::vector<ThriftStruct> groups;
  Chunks chunks;
  for (const std::string_view entry : footer.Structs(field::kRowGroups)) {
    groups.push_back(Require(ThriftStruct::Parse(entry)));
    chunks.push_back(Copies(groups.back().Structs(field::kColumns)));
  }
  edit(&chunks);
  std::vector<std::string> entries;
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i].SetStructs(field::kColumns, chunks[i]);
    entries.push_back(groups[i].Serialise());
  }
  footer.SetStructs(field::kRowGroups, entries);
  return WithFooter(file, footer.Serialise());
}

/// A chunk with one number of its metadata changed.
std::string WithNumber(const std::string& chunk, int32_t id, int64_t value) {
  ThriftStruct fields = Require(ThriftStruct::Parse(chunk));
  ThriftStruct metadata = Require(ThriftStruct::Parse(*fields.Struct(field::kMetadata)));
  metadata.SetInt64(id, value);
  fields.SetStruct(field::kMetadata, metadata.Serialise());
  return fields.Serialise();
}

std::string ObstacleWith(int32_t id, int64_t value) {
  return PartsOf(WithChunks(FileOf(*Rows()),
                            [&](Chunks* chunks) {
                              (*chunks)[1][0] = WithNumber((*chunks)[1][0], id, value);
                            }))
      ->obstacle();
}

TEST(ParquetParts, FindsTheBytesOfRowGroups) {
  const BufferPtr file = FileOf(*Rows());
  const PartsPtr parts = PartsOf(file);
  ASSERT_EQ(parts->num_row_groups(), 3);
  EXPECT_EQ(parts->obstacle(), "");
  EXPECT_EQ(parts->row_group_bytes(0).offset, 4);
  const auto metadata = OpenByArrow(file)->metadata();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(parts->row_group_rows(i), metadata->RowGroup(i)->num_rows());
    EXPECT_EQ(parts->row_group_bytes(i).length, metadata->RowGroup(i)->total_compressed_size());
  }
  EXPECT_EQ(parts->row_group_bytes(1).offset, parts->row_group_bytes(0).end());
}

TEST(ParquetParts, AreJoinedWhenNothingButRowsDiffers) {
  const PartsPtr parts = PartsOf(FileOf(*Rows()));
  EXPECT_TRUE(parts->CanJoin(*parts));
  EXPECT_TRUE(parts->CanJoin(*PartsOf(FileOf(*Rows()->Slice(1, 1)))));
  const auto renamed = Require(Rows()->RenameColumns({"a", "c"}));
  EXPECT_FALSE(parts->CanJoin(*PartsOf(FileOf(*renamed))));
  const auto described =
      Rows()->ReplaceSchemaMetadata(arrow::key_value_metadata({"author"}, {"somebody"}));
  EXPECT_FALSE(parts->CanJoin(*PartsOf(FileOf(*described))));
}

TEST(ParquetParts, CannotBeTakenApartWhereRowGroupsInterleave) {
  const auto parts = PartsOf(WithChunks(
      FileOf(*Rows()), [](Chunks* chunks) { std::swap((*chunks)[0][1], (*chunks)[1][1]); }));
  EXPECT_NE(parts->obstacle().find("row groups 0 and 1 interleave, at 4+"), std::string::npos)
      << parts->obstacle();
  EXPECT_FALSE(parts->CanJoin(*parts));
  EXPECT_THAT(TryAssemble({{parts, 0, 1}}),
              FailsWith(arrow::StatusCode::Invalid, "test: row groups 0 and 1 interleave"));
}

TEST(ParquetParts, CannotBeTakenApartWhereChunksAreNotInTheFile) {
  const std::string where = "row group 1: column 'a': ";
  EXPECT_EQ(ObstacleWith(field::kBloomFilterOffset, 1), "") << "the control";
  EXPECT_EQ(ObstacleWith(field::kDictionaryPageOffset, 2).find(where + "column chunk at 2+"), 0u);
  EXPECT_EQ(ObstacleWith(field::kDataPageOffset, int64_t{1} << 40).find(where + "page at 1099511"),
            0u);
  EXPECT_EQ(ObstacleWith(field::kDataPageOffset, -5).find(where + "column chunk at -5+"), 0u);
  EXPECT_EQ(ObstacleWith(field::kIndexPageOffset, 9).find(where + "page at 9, outside of"), 0u);
  const int64_t size = FileOf(*Rows())->size();
  EXPECT_EQ(ObstacleWith(kTotalCompressedSize, size - 100).find(where + "column chunk at "), 0u);
}

TEST(ParquetParts, CannotBeTakenApartWhereChunksAreInAnotherFile) {
  const BufferPtr file = FileOf(*Rows());
  const auto metadata = OpenByArrow(file)->metadata();
  metadata->set_file_path("elsewhere.parquet");
  auto footer = Require(arrow::io::BufferOutputStream::Create());
  metadata->WriteTo(footer.get());
  EXPECT_EQ(PartsOf(WithFooter(file, Require(footer->Finish())->ToString()))->obstacle(),
            "row group 0: column 'a': column chunk in another file, elsewhere.parquet");
}

BufferPtr Written(parquet::WriterProperties::Builder* builder) {
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(
      parquet::arrow::WriteTable(*Rows(), arrow::default_memory_pool(), sink, 2, builder->build()));
  return Require(sink->Finish());
}

BufferPtr Encrypted(bool plain_footer) {
  parquet::FileEncryptionProperties::Builder encryption(
      arrow::util::SecureString("0123456789abcdef"));
  if (plain_footer) encryption.set_plaintext_footer();
  parquet::WriterProperties::Builder builder;
  builder.encryption(encryption.build());
  return Written(&builder);
}

TEST(ParquetParts, CannotBeTakenApartWhenEncrypted) {
  EXPECT_EQ(PartsOf(Encrypted(false))->obstacle(), "encrypted Parquet file");
  EXPECT_EQ(PartsOf(Encrypted(true))->obstacle(),
            "row group 0: column 'a': encrypted Parquet column");
}

TEST(ParquetParts, CannotBeTakenApartWhenAChunkSaysItIsEncrypted) {
  constexpr int32_t kCryptoMetadata = 8;
  const auto parts = PartsOf(WithChunks(FileOf(*Rows()), [](Chunks* chunks) {
    ThriftStruct chunk = Require(ThriftStruct::Parse((*chunks)[2][1]));
    ThriftStruct with_footer_key;
    with_footer_key.SetStruct(1, ThriftStruct().Serialise());
    chunk.SetStruct(kCryptoMetadata, with_footer_key.Serialise());
    (*chunks)[2][1] = chunk.Serialise();
  }));
  EXPECT_EQ(parts->obstacle(), "row group 2: column 'b': encrypted Parquet column");
}

/// As early parquet-mr wrote them: the header of dictionary pages is not counted (PARQUET-816).
BufferPtr WithUncountedHeaders() {
  parquet::WriterProperties::Builder builder;
  builder.created_by("parquet-mr version 1.2.8")->disable_write_page_index();
  const BufferPtr file = Written(&builder);
  const auto metadata = OpenByArrow(file)->metadata();
  constexpr int64_t kHeaderBytes = 12;
  return WithChunks(file, [&](Chunks* chunks) {
    for (int group = 0; group < metadata->num_row_groups(); ++group) {
      for (int leaf = 0; leaf < metadata->num_columns(); ++leaf) {
        const auto chunk = metadata->RowGroup(group)->ColumnChunk(leaf);
        std::string& bytes = (*chunks)[static_cast<size_t>(group)][static_cast<size_t>(leaf)];
        bytes =
            WithNumber(bytes, kTotalCompressedSize, chunk->total_compressed_size() - kHeaderBytes);
      }
    }
  });
}

TEST(ParquetParts, TakeWhatEarlyWritersDidNotCount) {
  const BufferPtr file = WithUncountedHeaders();
  const PartsPtr parts = PartsOf(file);
  ASSERT_EQ(parts->obstacle(), "");
  EXPECT_EQ(parts->row_group_bytes(0).end(), parts->row_group_bytes(1).offset);
  EXPECT_EQ(parts->row_group_bytes(1).end(), parts->row_group_bytes(2).offset);
  const auto footer_bytes = static_cast<int64_t>(FooterOf(file).size());
  EXPECT_EQ(parts->row_group_bytes(2).end(), file->size() - 8 - footer_bytes);
  for (int i = 0; i < 3; ++i) {
    ExpectSameRows(*ReadByArrow(Cut(parts, i, i + 1)), *Rows()->Slice(i * 2, 2));
  }
}

TEST(DamagedParts, AreWithoutBloomFiltersThatLeaveTheFile) {
  const auto has_filter = [](int32_t id, int32_t value) {
    const auto parts = PartsOf(WithChunks(FileOf(*Rows()), [&](Chunks* chunks) {
      ThriftStruct chunk = Require(ThriftStruct::Parse((*chunks)[0][0]));
      ThriftStruct metadata = Require(ThriftStruct::Parse(*chunk.Struct(field::kMetadata)));
      id == field::kBloomFilterLength ? metadata.SetInt32(id, value) : metadata.SetInt64(id, value);
      chunk.SetStruct(field::kMetadata, metadata.Serialise());
      (*chunks)[0][0] = chunk.Serialise();
    }));
    const ByteReader reader(parts->source(), {}, nullptr);
    return Require(parts->LocateChunks(0, 1 << 20, reader))[0].bloom_filter.has_value();
  };
  EXPECT_TRUE(has_filter(field::kBloomFilterLength, 40));
  EXPECT_FALSE(has_filter(field::kBloomFilterLength, 1 << 19));
  EXPECT_FALSE(has_filter(field::kBloomFilterOffset, -1));
  EXPECT_FALSE(has_filter(field::kBloomFilterOffset, 1 << 30));
}

/// Takes a file apart, and, where that works, puts it together again and reads it.
arrow::Status TryAll(const BufferPtr& file) {
  ARROW_ASSIGN_OR_RAISE(const PartsPtr parts, ReadParts(file, "damaged"));
  if (!parts->obstacle().empty()) return base::Invalid("damaged: {}", parts->obstacle());
  ARROW_ASSIGN_OR_RAISE(const BufferPtr again, TryAssemble({{parts, 0, parts->num_row_groups()}}));
  ARROW_ASSIGN_OR_RAISE(const PartsPtr parts_again, ReadParts(again, "damaged"));
  EXPECT_TRUE(parts->CanJoin(*parts_again)) << parts_again->obstacle();
  EXPECT_EQ(parts->num_row_groups(), parts_again->num_row_groups());
  return arrow::Status::OK();
}

TEST(DamagedParts, FailWhenCutShort) {
  const BufferPtr whole = FileOf(*Rows());
  ASSERT_THAT(TryAll(whole), testing::IsOk());
  for (int64_t size = 0; size < whole->size(); size += 1 + whole->size() / 200) {
    EXPECT_THAT(TryAll(arrow::SliceBuffer(whole, 0, size)),
                FailsWith(base::Code::kCorruptData, "damaged: "))
        << size << " of " << whole->size();
  }
}

TEST(DamagedParts, NeverCrash) {
  const BufferPtr whole = FileOf(*Rows());
  const std::string footer = FooterOf(whole);
  std::mt19937 random(5);
  int failures = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string damaged = footer;
    const size_t place = random() % damaged.size();
    if (round % 4 == 0) {
      damaged.erase(place, 1 + random() % 4);
    } else {
      damaged[place] = static_cast<char>(random());
    }
    const arrow::Status status = TryAll(WithFooter(whole, damaged));
    if (status.ok()) continue;
    ++failures;
    EXPECT_EQ(status.message().find("damaged: "), 0u) << status.ToString();
  }
  EXPECT_GT(failures, 1000);
}

}  // namespace
}  // namespace skyhook::format
