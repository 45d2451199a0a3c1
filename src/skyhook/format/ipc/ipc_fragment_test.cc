#include "skyhook/format/ipc/ipc_fragment.h"

#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/format/ipc/batches.h"
#include "skyhook/format/random_table_test.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using testing::FailsWith;
using testing::Require;

std::shared_ptr<arrow::Buffer> WriteIpc(const arrow::Table& table, int64_t batch_rows,
                                        arrow::Compression::type compression) {
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.unify_dictionaries = true;
  if (compression != arrow::Compression::UNCOMPRESSED) {
    options.codec = Require(arrow::util::Codec::Create(compression));
  }
  auto writer = Require(arrow::ipc::MakeFileWriter(sink, table.schema(), options));
  Require(writer->WriteTable(table, batch_rows));
  Require(writer->Close());
  return Require(sink->Finish());
}

std::shared_ptr<arrow::Buffer> WriteStream(const arrow::Table& table, int64_t batch_rows) {
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  auto writer = Require(arrow::ipc::MakeStreamWriter(sink, table.schema()));
  Require(writer->WriteTable(table, batch_rows));
  Require(writer->Close());
  return Require(sink->Finish());
}

TEST(IpcFragment, ReadsStreamsAsFiles) {
  for (const double nulls : {0.0, 0.3}) {
    const auto table = RandomTable(3000, nulls);
    const auto stream = WriteStream(*table, 1000);
    // Without the mark at its end, eight bytes, a stream is whole as well.
    for (const int64_t missing : {0, 8}) {
      const auto fragment = OpenBytes(arrow::SliceBuffer(stream, 0, stream->size() - missing));
      ASSERT_EQ(fragment->num_row_groups(), 3);
      EXPECT_EQ(fragment->row_group_rows(1), (plan::RowRange{1000, 2000}));
      EXPECT_TRUE(fragment->declared_schema()->Equals(*table->schema()));
      ExpectReadsAs(*fragment, *table, Reading{.window = 300, .share = 0.1});
    }
  }
}

TEST(IpcFragment, AStreamThatIsCutShortIsCorrupt) {
  const auto table = RandomTable(300, 0.1);
  const auto stream = WriteStream(*table, 100);
  int64_t refused = 0;
  for (int64_t size = 12; size < stream->size() - 8; size += 97) {
    const auto opened =
        OpenFragment(base::MakeBufferSource(arrow::SliceBuffer(stream, 0, size), "test"), {}, {});
    if (opened.ok()) {
      // The cut falls between two messages: what is there is whole.
      EXPECT_LT((*opened)->num_row_groups(), 3);
      continue;
    }
    EXPECT_THAT(opened, FailsWith(base::Code::kCorruptData, "cut short"));
    ++refused;
  }
  EXPECT_GT(refused, 100);
}

TEST(IpcFragment, AStreamThatReplacesADictionaryIsRefused) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto schema = arrow::schema({arrow::field("d", type)});
  const auto batch = [&](const std::string& values) {
    const auto column = Require(arrow::DictionaryArray::FromArrays(
        type, Require(arrow::json::ArrayFromJSONString(arrow::int8(), "[0, 1]")),
        Require(arrow::json::ArrayFromJSONString(arrow::utf8(), values))));
    return arrow::RecordBatch::Make(schema, 2, {column});
  };
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.emit_dictionary_deltas = true;
  const auto open = [&](const std::string& second) {
    auto sink = Require(arrow::io::BufferOutputStream::Create());
    auto writer = Require(arrow::ipc::MakeStreamWriter(sink, schema, options));
    Require(writer->WriteRecordBatch(*batch(R"(["a", "b"])")));
    Require(writer->WriteRecordBatch(*batch(second)));
    Require(writer->Close());
    return OpenFragment(base::MakeBufferSource(Require(sink->Finish()), "test"), {}, {});
  };
  EXPECT_THAT(open(R"(["a", "b", "c"])"), testing::IsOk());  // only adds to it
  EXPECT_THAT(open(R"(["c", "d"])"),
              FailsWith(arrow::StatusCode::NotImplemented, "test: an Arrow stream that replaces"));
}

TEST(IpcFragment, ReadsEveryType) {
  for (const double nulls : {0.0, 0.3}) {
    for (const auto compression : {arrow::Compression::UNCOMPRESSED, arrow::Compression::ZSTD}) {
      const auto table = RandomTable(3000, nulls);
      const auto fragment = OpenBytes(WriteIpc(*table, 1000, compression));
      ASSERT_EQ(fragment->num_row_groups(), 3);
      EXPECT_EQ(fragment->row_group_rows(1), (plan::RowRange{1000, 2000}));
      EXPECT_TRUE(fragment->declared_schema()->Equals(*table->schema()));
      for (const Reading& reading :
           {Reading{.window = 300}, Reading{.window = 300, .share = 0.1}}) {
        ExpectReadsAs(*fragment, *table, reading);
      }
    }
  }
}

std::shared_ptr<arrow::Table> Fruit() {
  return testing::TableOf(
      arrow::schema({arrow::field("i", arrow::int64()), arrow::field("s", arrow::utf8()),
                     arrow::field("pad", arrow::utf8())}),
      "1,apple," + std::string(50000, 'x') + "\n2,NULL,y\n3,pear,z\n");
}

TEST(IpcFragment, LoadsOnlyTheColumnsAskedFor) {
  const auto fragment = OpenBytes(WriteIpc(*Fruit(), 100, arrow::Compression::UNCOMPRESSED));
  plan::Cost cost;
  auto reader = Require(fragment->Open(0, &cost));
  Require(reader->Prefetch({1}, plan::RowRanges{{0, 3}}, false));
  const auto text = Require(reader->Read(1, 0, 3, std::nullopt));
  ASSERT_EQ(text->length(), 3);
  EXPECT_EQ(text->type_id(), arrow::Type::STRING_VIEW);
  EXPECT_EQ(Require(text->GetScalar(0))->ToString(), "apple");
  EXPECT_TRUE(text->IsNull(1));
  EXPECT_LT(cost.bytes_read, 5000);
}

TEST(IpcFragment, KeepsDictionaries) {
  RandomColumns make(100, 0.2);
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("d", type)}), {make.Strings(type, 10, 5)});
  const auto fragment = OpenBytes(WriteIpc(*table, 100, arrow::Compression::UNCOMPRESSED));
  plan::Cost cost;
  auto reader = Require(fragment->Open(0, &cost));
  const auto array = Require(reader->Read(0, 0, 100, std::nullopt));
  ASSERT_EQ(array->length(), 100);
  EXPECT_TRUE(array->type()->Equals(arrow::dictionary(arrow::int32(), arrow::utf8_view())));
  const auto again = Require(reader->Read(0, 50, 50, std::nullopt));
  EXPECT_EQ(array->data()->dictionary, again->data()->dictionary);
}

// A file of `rows` rows in batches of 10, with a dictionary of `rows` texts of 100 bytes.
std::shared_ptr<arrow::Buffer> WithDictionary(int rows) {
  arrow::StringBuilder texts;
  arrow::Int32Builder indices;
  for (int i = 0; i < rows; ++i) {
    Require(texts.Append(fmt::format("{:0>100}", i)));
    Require(indices.Append(rows - 1 - i));
  }
  const auto type = arrow::dictionary(arrow::int32(), arrow::utf8());
  const auto column = Require(
      arrow::DictionaryArray::FromArrays(type, Require(indices.Finish()), Require(texts.Finish())));
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("d", type)}), {column});
  return WriteIpc(*table, 10, arrow::Compression::UNCOMPRESSED);
}

// Reads every batch of a file on two threads; what all of it cost.
int64_t BytesReadOfAllBatches(Fragment* fragment) {
  std::atomic<int64_t> bytes = 0;
  const auto read = [&](int first) {
    for (int batch = first; batch < fragment->num_row_groups(); batch += 2) {
      plan::Cost cost;
      auto reader = Require(fragment->Open(batch, &cost));
      const auto rows = fragment->row_group_rows(batch);
      const auto array = Require(reader->Read(0, rows.begin, rows.size(), std::nullopt));
      const auto expected = fmt::format("{:0>100}", fragment->num_rows() - 1 - rows.begin);
      const auto scalar = Require(array->GetScalar(0));
      const auto& value = static_cast<const arrow::DictionaryScalar&>(*scalar);
      EXPECT_EQ(Require(value.GetEncodedValue())->ToString(), expected);
      bytes += cost.bytes_read;
    }
  };
  std::thread other(read, 1);
  read(0);
  other.join();
  return bytes;
}

TEST(IpcFragment, ReadsDictionariesOnceAThread) {
  const auto file = WithDictionary(1000);
  const auto fragment = OpenBytes(file);
  ASSERT_EQ(fragment->num_row_groups(), 100);
  EXPECT_LT(BytesReadOfAllBatches(fragment.get()), 3 * file->size());
}

TEST(IpcFragment, LetsGoOfDictionariesThatAreTooLargeToKeep) {
  const auto file = WithDictionary(200'000);
  auto fragment = Require(OpenFragment(base::MakeBufferSource(file, "test"), {}, nullptr));
  const int64_t before = arrow::default_memory_pool()->bytes_allocated();
  plan::Cost cost;
  for (const int batch : {0, 1}) {
    auto reader = Require(fragment->Open(batch, &cost));
    Require(reader->Read(0, 10 * batch, 10, std::nullopt));
  }
  EXPECT_GT(cost.bytes_read, 2 * 200'000 * 100);
  EXPECT_LT(arrow::default_memory_pool()->bytes_allocated() - before, kDefaultBudget);
}

TEST(IpcFragment, NamesTheFileThatIsCutShort) {
  const auto whole = WriteIpc(*Fruit(), 100, arrow::Compression::UNCOMPRESSED);
  EXPECT_THAT(OpenFragment(base::MakeBufferSource(arrow::SliceBuffer(whole, 0, whole->size() - 7),
                                                  "fruit.arrow"),
                           {}, nullptr),
              FailsWith(base::Code::kCorruptData, "fruit.arrow: neither a Parquet nor"));
}

TEST(IpcFragment, RefusesABufferThatSaysItIsHuge) {
  const auto whole = WriteIpc(*Fruit(), 100, arrow::Compression::ZSTD);
  // A compressed buffer begins with its length once decompressed: here that of "pad", 50002 bytes.
  const std::string said("\x52\xc3\0\0\0\0\0\0\x28\xb5\x2f\xfd", 12);
  std::string bytes = whole->ToString();
  const size_t at = bytes.find(said);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 5] = 1;
  const auto fragment = OpenBytes(arrow::Buffer::FromString(bytes));
  plan::Cost cost;
  auto reader = Require(fragment->Open(0, &cost));
  EXPECT_THAT(
      reader->Prefetch({2}, plan::RowRanges{{0, 3}}, false),
      FailsWith(base::Code::kCorruptData, "test: row group 0: a buffer of 1099511677824 bytes"));
}

TEST(BatchesFragment, ReadsBatchesAsRowGroups) {
  const auto table = RandomTable(3000, 0.3);
  arrow::TableBatchReader batches(*table);
  batches.set_chunksize(1000);
  const auto fragment =
      Require(FragmentFromBatches(table->schema(), Require(batches.ToRecordBatches()), "memory"));
  ASSERT_EQ(fragment->num_row_groups(), 3);
  for (const Reading& reading : {Reading{.window = 300}, Reading{.window = 300, .share = 0.1}}) {
    ExpectReadsAs(*fragment, *table, reading);
  }
}

TEST(BatchesFragment, RefusesABatchOfAnotherSchema) {
  const auto batch = Require(arrow::RecordBatch::MakeEmpty(Fruit()->schema()));
  const auto other = arrow::schema({arrow::field("i", arrow::int32())});
  EXPECT_THAT(FragmentFromBatches(other, {batch}, "mine"),
              FailsWith(arrow::StatusCode::Invalid, "mine: a batch with schema"));
}

}  // namespace
}  // namespace skyhook::format
