#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/format/random_table_test.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;
using testing::FailsWith;
using testing::Require;

/// Opens and reads all of a file that may be damaged; the first error, if any.
arrow::Status ReadAll(const BufferPtr& bytes) {
  ReadOptions options;
  options.max_page_bytes = 1 << 20;
  plan::Cost cost;
  ARROW_ASSIGN_OR_RAISE(auto fragment,
                        OpenFragment(base::MakeBufferSource(bytes, "damaged"), options, &cost));
  arrow::Status first;
  const auto note = [&](const arrow::Status& status) {
    if (first.ok()) first = status;
  };
  for (int group = 0; group < std::min(fragment->num_row_groups(), 10); ++group) {
    const plan::RowRange rows = fragment->row_group_rows(group);
    for (int column = 0; column < fragment->schema()->num_fields(); ++column) {
      note(fragment->Statistics(group, column).status());
      note(fragment->Pages(group, column, &cost).status());
      note(fragment->MayContain(group, column, arrow::Int64Scalar(1), &cost).status());
      auto reader = fragment->Open(group, &cost);
      if (!reader.ok()) return reader.status();
      note((*reader)->Dictionary(column).status());
      note((*reader)->Prefetch({column}, plan::RowRanges{rows}, false));
      const int64_t length = std::min<int64_t>(rows.size(), 100000);
      auto array = (*reader)->Read(column, rows.begin, length, std::nullopt);
      note(array.ok() ? (*array)->Validate() : array.status());
    }
  }
  return first;
}

std::shared_ptr<arrow::Table> Sample() {
  const auto all = RandomTable(300, 0.2);
  std::vector<int> columns;
  for (const char* name : {"bool", "i16", "i64", "few", "dec15", "text", "dictionary", "list"}) {
    columns.push_back(all->schema()->GetFieldIndex(name));
  }
  return Require(all->SelectColumns(columns));
}

BufferPtr ParquetFile(parquet::ParquetDataPageVersion version, bool page_index, bool dictionary) {
  parquet::WriterProperties::Builder builder;
  builder.data_page_version(version)->compression(arrow::Compression::SNAPPY);
  builder.max_rows_per_page(100)->write_batch_size(50);
  if (!dictionary) builder.disable_dictionary();
  page_index ? builder.enable_write_page_index() : builder.disable_write_page_index();
  parquet::BloomFilterOptions bloom;
  bloom.ndv = 10;
  builder.enable_bloom_filter(std::string("few"), bloom);
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(*Sample(), arrow::default_memory_pool(), sink, 300,
                                     builder.build()));
  return Require(sink->Finish());
}

BufferPtr IpcFile() {
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  auto writer = Require(arrow::ipc::MakeFileWriter(sink, Sample()->schema()));
  Require(writer->WriteTable(*Sample(), 300));
  Require(writer->Close());
  return Require(sink->Finish());
}

struct Case {
  const char* name;
  BufferPtr (*make)();
};

void PrintTo(const Case& file, std::ostream* out) { *out << file.name; }

using Version = parquet::ParquetDataPageVersion;

class DamagedFiles : public ::testing::TestWithParam<Case> {};

TEST_P(DamagedFiles, ReadWhenWhole) { EXPECT_THAT(ReadAll(GetParam().make()), testing::IsOk()); }

TEST_P(DamagedFiles, FailWhenCutShort) {
  const BufferPtr whole = GetParam().make();
  for (int64_t size = 0; size < whole->size(); size += 1 + whole->size() / 200) {
    EXPECT_THAT(ReadAll(arrow::SliceBuffer(whole, 0, size)),
                FailsWith(base::Code::kCorruptData, "damaged: "))
        << size << " of " << whole->size();
  }
}

TEST_P(DamagedFiles, NeverCrashWhenBytesAreFlipped) {
  const BufferPtr whole = GetParam().make();
  std::mt19937 random(3);
  int failures = 0;
  for (int round = 0; round < 1500; ++round) {
    BufferPtr bytes = Require(whole->CopySlice(0, whole->size()));
    // The last bytes are the footer: half of the damage goes there.
    const auto size = static_cast<uint32_t>(whole->size());
    const uint32_t place = round % 2 == 0 ? random() % size : size - 1 - random() % (size / 4);
    bytes->mutable_data()[place] ^= static_cast<uint8_t>(1 + random() % 255);
    failures += ReadAll(bytes).ok() ? 0 : 1;
  }
  EXPECT_GT(failures, 100);
}

INSTANTIATE_TEST_SUITE_P(
    Files, DamagedFiles,
    ::testing::Values(Case{"V1Dictionary", [] { return ParquetFile(Version::V1, true, true); }},
                      Case{"V1Plain", [] { return ParquetFile(Version::V1, true, false); }},
                      Case{"V2Dictionary", [] { return ParquetFile(Version::V2, false, true); }},
                      Case{"V2Plain", [] { return ParquetFile(Version::V2, false, false); }},
                      Case{"Ipc", [] { return IpcFile(); }}),
    [](const auto& file) { return std::string(file.param.name); });

TEST(DamagedFile, IsNamedWithRowGroupAndColumn) {
  testing::ParquetLayout layout;
  layout.dictionary = false;
  layout.page_index = false;
  const auto table =
      testing::TableOf(arrow::schema({arrow::field("only", arrow::int64())}), "1\n2\n3\n");
  BufferPtr bytes = testing::ParquetBytes(*table, layout);
  bytes = Require(bytes->CopySlice(0, bytes->size()));
  std::memset(bytes->mutable_data() + 4, 0xff, 20);
  EXPECT_THAT(ReadAll(bytes), FailsWith(base::Code::kCorruptData,
                                        "damaged: row group 0: column 'only': malformed page"));
}

TEST(DamagedFile, IsRefusedWhenEncrypted) {
  BufferPtr bytes = arrow::Buffer::FromString("PARE and a footer nobody can read PARE");
  EXPECT_THAT(OpenFragment(base::MakeBufferSource(bytes, "secret"), {}, nullptr),
              FailsWith(arrow::StatusCode::NotImplemented, "secret: encrypted Parquet file"));
}

}  // namespace
}  // namespace skyhook::format
