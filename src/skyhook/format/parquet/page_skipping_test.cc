#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/util/cancel.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <functional>
#include <set>

#include "skyhook/base/byte_source.h"
#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using parquet::WriterProperties;
using plan::RowRanges;
using testing::FailsWith;
using testing::Require;

constexpr int kKey = 0;
constexpr int kText = 1;
constexpr int kMode = 2;

/// 10,000 rows: their numbers, "text of row N", and one of "rail", "road", "ship".
std::shared_ptr<arrow::Table> Rows() {
  arrow::Int64Builder key;
  arrow::StringBuilder text;
  arrow::StringBuilder mode;
  const std::vector<std::string> modes{"rail", "road", "ship"};
  for (int64_t i = 0; i < 10000; ++i) {
    Require(key.Append(i));
    Require(text.Append("text of row " + std::to_string(i)));
    Require(mode.Append(modes[static_cast<size_t>(i) % 3]));
  }
  return arrow::Table::Make(
      arrow::schema({arrow::field("key", arrow::int64()), arrow::field("text", arrow::utf8()),
                     arrow::field("mode", arrow::utf8())}),
      {Require(key.Finish()), Require(text.Finish()), Require(mode.Finish())});
}

/// Ten pages of 1000 rows for each column; the dictionary is used for "mode" only.
std::shared_ptr<arrow::Buffer> WritePages(
    const std::function<void(WriterProperties::Builder*)>& set) {
  WriterProperties::Builder builder;
  builder.max_rows_per_page(1000)->write_batch_size(1000)->compression(arrow::Compression::ZSTD);
  builder.disable_dictionary()->enable_dictionary("mode");
  set(&builder);
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(*Rows(), arrow::default_memory_pool(), sink, 10000,
                                     builder.build()));
  return Require(sink->Finish());
}

std::shared_ptr<arrow::Buffer> WithIndex() {
  return WritePages([](WriterProperties::Builder* b) { b->enable_write_page_index(); });
}
std::shared_ptr<arrow::Buffer> WithoutIndex() {
  return WritePages([](WriterProperties::Builder* b) { b->disable_write_page_index(); });
}

std::unique_ptr<RowGroupReader> OpenGroup(Fragment& fragment, plan::Cost* cost) {
  return Require(fragment.Open(0, cost));
}

std::string TextAt(const arrow::Array& array, int64_t i) {
  return Require(array.GetScalar(i))->ToString();
}

arrow::Result<std::shared_ptr<arrow::Scalar>> ZeroOf(const std::shared_ptr<arrow::DataType>& type) {
  if (arrow::is_base_binary_like(type->id())) {
    return arrow::MakeScalar(type, arrow::Buffer::FromString("0"));
  }
  if (type->id() == arrow::Type::FIXED_SIZE_BINARY) {
    return arrow::MakeScalar(type, arrow::Buffer::FromString("000"));
  }
  if (type->id() == arrow::Type::DECIMAL256) return arrow::MakeScalar(type, arrow::Decimal256(0));
  if (arrow::is_decimal(type->id())) return arrow::MakeScalar(type, arrow::Decimal128(0));
  return arrow::MakeScalar(type, 0);
}

TEST(PageSkipping, DecompressesOnlyPagesWithWantedRows) {
  for (const auto& bytes : {WithIndex(), WithoutIndex()}) {
    const auto fragment = OpenBytes(bytes);
    plan::Cost cost;
    auto reader = OpenGroup(*fragment, &cost);
    Require(reader->Prefetch({kText}, RowRanges{{2500, 2600}, {7999, 8001}}, false));
    const auto first = Require(reader->Read(kText, 2500, 100, std::nullopt));
    ASSERT_EQ(first->length(), 100);
    EXPECT_EQ(TextAt(*first, 0), "text of row 2500");
    const auto second = Require(reader->Read(kText, 7999, 2, std::nullopt));
    ASSERT_EQ(second->length(), 2);
    EXPECT_EQ(TextAt(*second, 1), "text of row 8000");
    reader.reset();
    EXPECT_EQ(cost.pages_read, 3);
    EXPECT_EQ(cost.pages_skipped, 7);
    EXPECT_EQ(cost.pages_skipped_late, 0);
  }
}

TEST(PageSkipping, TheBytesOfARowGroupAreThoseOfItsColumnChunks) {
  const auto file = WithIndex();
  const auto metadata =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file))->metadata();
  const auto bytes_of = [&](int column) {
    return metadata->RowGroup(0)->ColumnChunk(column)->total_compressed_size();
  };
  const auto fragment = OpenBytes(file);
  EXPECT_EQ(fragment->row_group_bytes(0, {kText}), bytes_of(kText));
  EXPECT_EQ(fragment->row_group_bytes(0, {kKey, kMode}), bytes_of(kKey) + bytes_of(kMode));
}

// Types whose columns only Arrow's reader could decode would be read whole.
TEST(PageSkipping, SkipsPagesOfEveryFlatType) {
  for (const auto& type : {arrow::boolean(),
                           arrow::int8(),
                           arrow::int16(),
                           arrow::int32(),
                           arrow::int64(),
                           arrow::uint8(),
                           arrow::uint16(),
                           arrow::uint32(),
                           arrow::uint64(),
                           arrow::float16(),
                           arrow::float32(),
                           arrow::float64(),
                           arrow::date32(),
                           arrow::time64(arrow::TimeUnit::MICRO),
                           arrow::timestamp(arrow::TimeUnit::MICRO),
                           arrow::decimal128(9, 2),
                           arrow::decimal128(18, 2),
                           arrow::decimal128(38, 2),
                           arrow::decimal256(50, 2),
                           arrow::utf8(),
                           arrow::binary(),
                           arrow::fixed_size_binary(3)}) {
    SCOPED_TRACE(type->ToString());
    const auto nulls = Require(arrow::MakeArrayOfNull(type, 5000));
    const auto zeros = Require(arrow::MakeArrayFromScalar(*Require(ZeroOf(type)), 5000));
    const auto values = Require(arrow::Concatenate({nulls, zeros}));
    const auto table = arrow::Table::Make(arrow::schema({arrow::field("x", type)}), {values});
    testing::ParquetLayout layout;
    layout.page_rows = 1000;
    const auto fragment = OpenBytes(testing::ParquetBytes(*table, layout));
    plan::Cost cost;
    auto reader = OpenGroup(*fragment, &cost);
    Require(reader->Prefetch({0}, RowRanges{{7500, 7501}}, false));
    const auto row = Require(reader->Read(0, 7500, 1, std::nullopt));
    ASSERT_EQ(row->length(), 1);
    EXPECT_TRUE(row->IsValid(0));
    reader.reset();
    EXPECT_EQ(cost.pages_read, 1);
    EXPECT_EQ(cost.pages_skipped, 9);
  }
}

TEST(PageSkipping, FetchesOnlyPagesWithWantedRows) {
  const auto fragment = OpenBytes(WithIndex());
  const int64_t all = fragment->row_group_bytes(0, {kKey, kText});
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  Require(reader->Prefetch({kKey}, RowRanges{{9500, 9501}}, false));
  const int64_t index_and_page = cost.bytes_read;
  EXPECT_LT(index_and_page, all / 4);
  const auto row = Require(reader->Read(kKey, 9500, 1, std::nullopt));
  ASSERT_EQ(row->length(), 1);
  EXPECT_EQ(TextAt(*row, 0), "9500");
  EXPECT_EQ(cost.bytes_read, index_and_page) << "what was announced is not fetched again";
}

TEST(PageSkipping, ReadsWhatWasNotAnnounced) {
  for (const auto& bytes : {WithIndex(), WithoutIndex()}) {
    const auto fragment = OpenBytes(bytes);
    plan::Cost cost;
    auto reader = OpenGroup(*fragment, &cost);
    Require(reader->Prefetch({kText}, RowRanges{{9000, 9001}}, false));
    const auto early = Require(reader->Read(kText, 10, 1, std::nullopt));
    ASSERT_EQ(early->length(), 1);
    EXPECT_EQ(TextAt(*early, 0), "text of row 10");
    const auto announced = Require(reader->Read(kText, 9000, 1, std::nullopt));
    ASSERT_EQ(announced->length(), 1);
    EXPECT_EQ(TextAt(*announced, 0), "text of row 9000");
    EXPECT_EQ(cost.pages_read, 2);
  }
}

/// One page of texts, damaged behind the middle.
std::shared_ptr<arrow::Buffer> DamagedBehindTheMiddle() {
  const auto file = WritePages([](WriterProperties::Builder* b) {
    b->compression(arrow::Compression::SNAPPY)->max_rows_per_page(10000);
    b->write_batch_size(10000)->enable_write_page_index();
  });
  const auto metadata =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file))->metadata();
  const auto chunk = metadata->RowGroup(0)->ColumnChunk(kText);
  std::string bytes = file->ToString();
  const int64_t from = chunk->data_page_offset() + chunk->total_compressed_size() * 3 / 4;
  const int64_t to = chunk->data_page_offset() + chunk->total_compressed_size();
  std::fill(bytes.begin() + from, bytes.begin() + to, '\xff');
  return arrow::Buffer::FromString(bytes);
}

TEST(PageSkipping, DecompressesPagesUpToTheLastWantedRow) {
  const auto fragment = OpenBytes(DamagedBehindTheMiddle());
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  Require(reader->Prefetch({kText}, RowRanges{{17, 18}, {4999, 5000}}, true));
  const auto rows = Require(reader->Read(kText, 0, 8192, std::vector<int32_t>{17, 4999}));
  ASSERT_EQ(rows->length(), 2);
  EXPECT_EQ(TextAt(*rows, 0), "text of row 17");
  EXPECT_EQ(TextAt(*rows, 1), "text of row 4999");
  EXPECT_EQ(cost.pages_read, 1);
  EXPECT_THAT(reader->Read(kText, 0, 10000, std::vector<int32_t>{9999}).status(),
              FailsWith(base::Code::kCorruptData, "column 'text'"))
      << "the rest is looked at once a row of it is wanted";
  EXPECT_EQ(cost.pages_read, 1);
}

// Else a step might decompress the same pages once more.
TEST(PageSkipping, DecompressesPagesWholeInSteps) {
  const auto fragment = OpenBytes(DamagedBehindTheMiddle());
  plan::Cost cost;
  ReadContext context(&cost);
  context.in_steps = true;
  auto reader = Require(fragment->Open(0, context));
  Require(reader->Prefetch({kText}, RowRanges{{17, 18}}, true));
  EXPECT_THAT(reader->Prepare({kText}, 0, 8192, std::vector<int32_t>{17}).status(),
              FailsWith(base::Code::kCorruptData, "column 'text'"));
}

// A page that is opened in part is held compressed, too.
TEST(PageSkipping, DecompressesPagesWholeWhereMemoryIsShort) {
  const auto fragment = OpenBytes(DamagedBehindTheMiddle());
  const int64_t bytes = fragment->row_group_bytes(0, {kText});
  for (const int64_t memory : {8 * bytes, 20 * bytes}) {
    plan::Cost cost;
    ReadContext context(&cost);
    context.memory_bytes = memory;
    auto reader = Require(fragment->Open(0, context));
    Require(reader->Prefetch({kText}, RowRanges{{17, 18}}, true));
    const auto read = reader->Read(kText, 0, 8192, std::vector<int32_t>{17});
    EXPECT_EQ(read.ok(), memory > 8 * bytes) << read.status();
  }
}

TEST(PageSkipping, APageThatIsOpenedInPartAndThenWholeIsPickedOnce) {
  const auto file = WritePages([](WriterProperties::Builder* b) {
    b->compression(arrow::Compression::SNAPPY)->max_rows_per_page(10000)->write_batch_size(10000);
  });
  const auto fragment = OpenBytes(file);
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  Require(reader->Prefetch({kText}, RowRanges{{17, 18}}, true));
  for (const int32_t row : {17, 9999}) {
    const auto read = Require(reader->Read(kText, 0, 10000, std::vector<int32_t>{row}));
    EXPECT_EQ(TextAt(*read, 0), "text of row " + std::to_string(row));
  }
  EXPECT_EQ(cost.pages_picked, 1);
  EXPECT_EQ(cost.pages_read, 1);
}

// One text of each long page: what is handed out holds no page.
TEST(PageSkipping, TextsOfPagesThatAreOpenedInPartHoldNoMoreThanTheParts) {
  constexpr int64_t kPages = 20;
  constexpr int64_t kPageRows = 200;
  constexpr size_t kTextBytes = 4096;  // a length whose bytes are ASCII
  arrow::StringBuilder texts;
  for (int64_t row = 0; row < kPages * kPageRows; ++row) {
    Require(texts.Append(std::string(kTextBytes, static_cast<char>('a' + row % 26))));
  }
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("text", arrow::utf8())}),
                                        {Require(texts.Finish())});
  testing::ParquetLayout layout;
  layout.page_rows = kPageRows;
  layout.dictionary = false;
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  ReadOptions options;
  options.pool = &pool;
  const auto source = base::MakeBufferSource(testing::ParquetBytes(*table, layout), "texts");
  const auto fragment = Require(OpenFragment(source, options, nullptr));
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  std::vector<plan::RowRange> wanted;
  std::vector<int32_t> selection;
  for (int64_t page = 0; page < kPages; ++page) {
    wanted.push_back({page * kPageRows, page * kPageRows + 1});
    selection.push_back(static_cast<int32_t>(page * kPageRows));
  }
  Require(reader->Prefetch({0}, RowRanges(std::move(wanted)), true));
  const int64_t before = pool.bytes_allocated();
  const auto read = Require(reader->Read(0, 0, kPages * kPageRows, selection));
  reader.reset();
  EXPECT_EQ(read->length(), kPages);
  EXPECT_EQ(cost.pages_picked, kPages);
  const auto held = static_cast<size_t>(pool.bytes_allocated() - before);
  EXPECT_GT(held, kPages * kTextBytes);
  EXPECT_LT(held, kPages * kTextBytes * 3) << "a page has 200 of these";
}

TEST(PageSkipping, DecompressesPagesWholeWhereMostRowsAreWanted) {
  const auto fragment = OpenBytes(DamagedBehindTheMiddle());
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  Require(reader->Prefetch({kText}, RowRanges{{0, 6000}}, true));
  EXPECT_THAT(reader->Read(kText, 0, 8192, std::vector<int32_t>{17}).status(),
              FailsWith(base::Code::kCorruptData, "column 'text'"));
}

TEST(PageSkipping, LeavesPagesWithoutSelectedRowsAlone) {
  const auto fragment = OpenBytes(WithIndex());
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  Require(reader->Prefetch({kText}, RowRanges{{505, 506}, {1499, 1500}, {4500, 4501}}, true));
  const std::vector<int32_t> selection{5, 999, 4000};
  const auto rows = Require(reader->Read(kText, 500, 8192, selection));
  ASSERT_EQ(rows->length(), 3);
  EXPECT_EQ(TextAt(*rows, 0), "text of row 505");
  EXPECT_EQ(TextAt(*rows, 1), "text of row 1499");
  EXPECT_EQ(TextAt(*rows, 2), "text of row 4500");
  reader.reset();
  EXPECT_EQ(cost.pages_read, 3);
  EXPECT_EQ(cost.pages_skipped, 7);
  EXPECT_EQ(cost.pages_skipped_late, 7);
}

/// The first of ten pages of kText that fails, read one after the other or each by itself; -1:
/// none.
int FirstThatFails(const std::shared_ptr<arrow::Buffer>& bytes, bool alone) {
  const auto fragment = OpenBytes(bytes);
  plan::Cost cost;
  std::unique_ptr<RowGroupReader> reader;
  for (int page = 0; page < 10; ++page) {
    const plan::RowRange rows{page * 1000, page * 1000 + 1000};
    if (alone || reader == nullptr) {
      reader = OpenGroup(*fragment, &cost);
      Require(reader->Prefetch({kText}, alone ? RowRanges{rows} : RowRanges{{0, 10000}}, false));
    }
    if (!reader->Read(kText, rows.begin, rows.size(), std::nullopt).ok()) return page;
  }
  return -1;
}

// Pages are decompressed two at a time.
TEST(PageSkipping, APageIsReadThoughTheNextOneIsDamaged) {
  const auto bytes = WritePages([](WriterProperties::Builder* b) {
    b->enable_write_page_index()->enable_page_checksum()->compression(arrow::Compression::SNAPPY);
  });
  const auto metadata =
      parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(bytes))
          ->metadata();
  const auto chunk = metadata->RowGroup(0)->ColumnChunk(kText);
  std::set<int> failed;
  for (int64_t at = 100; at < chunk->total_compressed_size(); at += 997) {
    auto damaged = bytes->ToString();
    damaged[static_cast<size_t>(chunk->data_page_offset() + at)] ^= 0x10;
    const auto buffer = arrow::Buffer::FromString(damaged);
    const int page = FirstThatFails(buffer, true);
    EXPECT_EQ(FirstThatFails(buffer, false), page) << "byte " << at;
    failed.insert(page);
  }
  EXPECT_GT(failed.size(), 8u);
}

TEST(PageSkipping, CountsALateColumnThatIsNeverRead) {
  for (const auto& bytes : {WithIndex(), WithoutIndex()}) {
    const auto fragment = OpenBytes(bytes);
    plan::Cost cost;
    auto reader = OpenGroup(*fragment, &cost);
    Require(reader->Prefetch({kKey, kText}, RowRanges(), true));
    reader.reset();
    EXPECT_EQ(cost.pages_read, 0);
    EXPECT_EQ(cost.pages_skipped, 20);
    EXPECT_EQ(cost.pages_skipped_late, 20);
  }
}

TEST(PageSkipping, ReturnsOneDictionaryForAChunk) {
  for (const auto& bytes : {WithIndex(), WithoutIndex()}) {
    const auto fragment = OpenBytes(bytes);
    plan::Cost cost;
    auto reader = OpenGroup(*fragment, &cost);
    Require(reader->Prefetch({kMode}, RowRanges{{0, 10000}}, false));
    const auto inside = Require(reader->Read(kMode, 10, 20, std::nullopt));
    const auto across = Require(reader->Read(kMode, 900, 2200, std::nullopt));
    const std::vector<int32_t> selection{0, 1500};
    const auto selected = Require(reader->Read(kMode, 4000, 2000, selection));
    for (const auto& array : {inside, across, selected}) {
      ASSERT_EQ(array->type_id(), arrow::Type::DICTIONARY);
      EXPECT_TRUE(array->type()->Equals(arrow::dictionary(arrow::int32(), arrow::utf8_view())));
      EXPECT_EQ(array->data()->dictionary, inside->data()->dictionary);
    }
    ASSERT_EQ(across->length(), 2200);
    EXPECT_EQ(Flat(across)->Slice(0, 2)->ToString(), Flat(across)->Slice(3, 2)->ToString());
    ASSERT_EQ(selected->length(), 2);
    EXPECT_EQ(TextAt(*Flat(selected), 0), "road");
    EXPECT_EQ(TextAt(*Flat(selected), 1), "road");
  }
}

TEST(PageSkipping, GivesPlainValuesWhereDictionaryPagesEnd) {
  const auto bytes = WritePages([](WriterProperties::Builder* b) {
    b->enable_dictionary("text")->dictionary_pagesize_limit(30000)->enable_write_page_index();
  });
  const auto fragment = OpenBytes(bytes);
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  Require(reader->Prefetch({kText}, RowRanges{{0, 10000}}, false));
  const auto first = Require(reader->Read(kText, 0, 10, std::nullopt));
  EXPECT_EQ(first->type_id(), arrow::Type::DICTIONARY);
  const auto mixed = Require(reader->Read(kText, 10, 9900, std::nullopt));
  ASSERT_EQ(mixed->length(), 9900);
  ASSERT_EQ(mixed->type_id(), arrow::Type::STRING_VIEW);
  EXPECT_EQ(TextAt(*mixed, 0), "text of row 10");
  EXPECT_EQ(TextAt(*mixed, 9899), "text of row 9909");
  EXPECT_EQ(Require(reader->Dictionary(kText)), nullptr);
}

TEST(PageSkipping, ReadsTheDictionaryAlone) {
  for (const auto& bytes : {WithIndex(), WithoutIndex()}) {
    const auto fragment = OpenBytes(bytes);
    plan::Cost cost;
    auto reader = OpenGroup(*fragment, &cost);
    const auto values = Require(reader->Dictionary(kMode));
    ASSERT_NE(values, nullptr);
    ASSERT_EQ(values->length(), 3);
    EXPECT_EQ(TextAt(*values, 0), "rail");
    EXPECT_EQ(TextAt(*values, 1), "road");
    EXPECT_EQ(TextAt(*values, 2), "ship");
    EXPECT_EQ(cost.pages_read, 0);
    EXPECT_LT(cost.bytes_read, 500) << "and where the pages lie";
    EXPECT_EQ(Require(reader->Dictionary(kKey)), nullptr);
    const auto rows = Require(reader->Read(kMode, 0, 10, std::nullopt));
    EXPECT_EQ(rows->data()->dictionary, values->data()) << "read once";
    EXPECT_EQ(Require(reader->Dictionary(kMode))->data(), values->data());
    reader.reset();
    EXPECT_GT(cost.pages_read, 0);
  }
}

TEST(PageSkipping, TakesAColumnNamedTwice) {
  for (const auto& bytes : {WithIndex(), WithoutIndex()}) {
    const auto fragment = OpenBytes(bytes);
    plan::Cost cost;
    auto reader = OpenGroup(*fragment, &cost);
    Require(reader->Prefetch({kKey, kKey}, RowRanges{{0, 10000}}, false));
    const auto rows = Require(reader->Read(kKey, 9998, 2, std::nullopt));
    ASSERT_EQ(rows->length(), 2);
    EXPECT_EQ(TextAt(*rows, 1), "9999");
  }
}

TEST(PageSkipping, ReleasesPagesBehindTheReader) {
  const auto fragment = OpenBytes(WithIndex());
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  Require(reader->Prefetch({kKey}, RowRanges{{0, 10000}}, false));
  Require(reader->Read(kKey, 0, 1, std::nullopt));
  EXPECT_GE(reader->bytes_held(), 8000);
  Require(reader->Read(kKey, 9000, 1, std::nullopt));
  EXPECT_LT(reader->bytes_held(), 16000);
  EXPECT_THAT(reader->Read(kKey, 0, 1, std::nullopt),
              FailsWith(arrow::StatusCode::Invalid, "row 0 is read after"));
}

TEST(PageSkipping, RefusesRowsOutsideOfTheRowGroup) {
  const auto fragment = OpenBytes(WithIndex());
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  EXPECT_THAT(reader->Read(kKey, 9999, 2, std::nullopt),
              FailsWith(arrow::StatusCode::Invalid, "row group 0: rows 9999+2"));
  EXPECT_THAT(fragment->Open(1, &cost), FailsWith(arrow::StatusCode::Invalid, "row group 1 of 1"));
}

TEST(PageSkipping, StopsWhenAsked) {
  const auto fragment = OpenBytes(WithIndex());
  arrow::StopSource stop;
  plan::Cost cost;
  auto reader = Require(fragment->Open(0, {&cost, stop.token()}));
  Require(reader->Prefetch({kKey}, RowRanges{{0, 10000}}, false));
  Require(reader->Read(kKey, 0, 1, std::nullopt));
  stop.RequestStop();
  EXPECT_THAT(reader->Read(kKey, 5000, 1, std::nullopt),
              FailsWith(arrow::StatusCode::Cancelled, ""));
  EXPECT_THAT(reader->Prefetch({kText}, RowRanges{{0, 10000}}, false),
              FailsWith(arrow::StatusCode::Cancelled, ""));
}

TEST(PageSkipping, KeepsLittleAliveForFewSelectedStrings) {
  const auto fragment = OpenBytes(WithIndex());
  plan::Cost cost;
  auto reader = OpenGroup(*fragment, &cost);
  const std::vector<int32_t> selection{7};
  const auto row = Require(reader->Read(kText, 0, 1000, selection));
  ASSERT_EQ(row->length(), 1);
  EXPECT_EQ(TextAt(*row, 0), "text of row 7");
  int64_t bytes = 0;
  for (const auto& buffer : row->data()->buffers) bytes += buffer == nullptr ? 0 : buffer->size();
  EXPECT_LT(bytes, 100);
}

}  // namespace
}  // namespace skyhook::format
