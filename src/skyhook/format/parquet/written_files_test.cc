#include <arrow/io/memory.h>
#include <arrow/util/bit_util.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <functional>
#include <numeric>
#include <random>

#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/format/parquet/rewrite/writer.h"
#include "skyhook/format/random_table_test.h"
#include "skyhook/testing/faulty_source.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using Builder = parquet::WriterProperties::Builder;
using Encoding = parquet::Encoding;

struct Layout {
  std::string name;
  std::function<void(Builder*)> set;
  bool decimals_as_integers = false;
  bool store_schema = true;
};

void PrintTo(const Layout& layout, std::ostream* out) { *out << layout.name; }

std::shared_ptr<arrow::Buffer> Write(const arrow::Table& table, const Layout& layout) {
  Builder builder;
  builder.data_pagesize(4096)->write_batch_size(100)->max_row_group_length(1000);
  layout.set(&builder);
  if (layout.decimals_as_integers) builder.enable_store_decimal_as_integer();
  parquet::ArrowWriterProperties::Builder arrow_builder;
  if (layout.store_schema) arrow_builder.store_schema();
  auto sink = testing::Require(arrow::io::BufferOutputStream::Create());
  testing::Require(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, 1000,
                                              builder.build(), arrow_builder.build()));
  return testing::Require(sink->Finish());
}

void Encode(Builder* builder, const std::vector<std::string>& columns, Encoding::type encoding) {
  for (const std::string& column : columns) {
    builder->disable_dictionary(column)->encoding(column, encoding);
  }
}

std::vector<Layout> Layouts() {
  using Compression = arrow::Compression;
  const auto codec = [](Compression::type compression) {
    return [=](Builder* b) { b->compression(compression)->enable_write_page_index(); };
  };
  return {
      {"Defaults", [](Builder*) {}},
      {"PageIndex", [](Builder* b) { b->enable_write_page_index(); }},
      {"NoPageIndex", [](Builder* b) { b->disable_write_page_index(); }},
      {"NoArrowSchema", [](Builder*) {}, false, false},
      {"DecimalsAsIntegers", [](Builder*) {}, true},
      {"Version1", [](Builder* b) { b->version(parquet::ParquetVersion::PARQUET_1_0); }},
      {"Plain", [](Builder* b) { b->disable_dictionary()->enable_write_page_index(); }},
      {"PlainWithoutPageIndex",
       [](Builder* b) { b->disable_dictionary()->disable_write_page_index(); }},
      {"PagesV2",
       [](Builder* b) {
         b->data_page_version(parquet::ParquetDataPageVersion::V2)->compression(Compression::ZSTD);
       }},
      {"PagesV2PlainWithoutPageIndex",
       [](Builder* b) {
         b->data_page_version(parquet::ParquetDataPageVersion::V2)
             ->disable_dictionary()
             ->disable_write_page_index();
       }},
      {"TinyPages",
       [](Builder* b) { b->data_pagesize(1)->write_batch_size(7)->enable_write_page_index(); }},
      {"TinyPagesWithoutPageIndex",
       [](Builder* b) { b->data_pagesize(1)->write_batch_size(7)->disable_write_page_index(); }},
      {"OnePage", [](Builder* b) { b->data_pagesize(1 << 30)->max_rows_per_page(1 << 30); }},
      {"DictionaryOverflow", [](Builder* b) { b->dictionary_pagesize_limit(600); }},
      {"Checksums",
       [](Builder* b) { b->enable_page_checksum()->compression(Compression::SNAPPY); }},
      {"Snappy", codec(Compression::SNAPPY)},
      {"Gzip", codec(Compression::GZIP)},
      {"Brotli", codec(Compression::BROTLI)},
      {"Zstd", codec(Compression::ZSTD)},
      {"OneCodecForEachColumn",
       [](Builder* b) {
         const std::vector<Compression::type> codecs{Compression::UNCOMPRESSED, Compression::SNAPPY,
                                                     Compression::ZSTD, Compression::LZ4};
         size_t next = 0;
         const auto names = RandomTable(1, 0)->ColumnNames();
         for (const std::string& name : names) {
           b->compression(name, codecs[next++ % codecs.size()]);
         }
       }},
      {"Lz4", codec(Compression::LZ4)},
      {"Lz4Hadoop", codec(Compression::LZ4_HADOOP)},
      {"DeltaAndSplit",
       [](Builder* b) {
         Encode(b, {"i8", "u16", "i32", "i64", "u64", "ts_us", "date32"},
                Encoding::DELTA_BINARY_PACKED);
         Encode(b, {"text", "large_text"}, Encoding::DELTA_LENGTH_BYTE_ARRAY);
         Encode(b, {"short_text", "bytes", "view_text"}, Encoding::DELTA_BYTE_ARRAY);
         Encode(b, {"f32", "f64", "f16", "time32", "time64ns", "dec38", "fixed5", "dec15"},
                Encoding::BYTE_STREAM_SPLIT);
         Encode(b, {"bool"}, Encoding::RLE);
       }},
  };
}

class WrittenParquet : public ::testing::TestWithParam<Layout> {};

TEST_P(WrittenParquet, ReadsAsArrowDoes) {
  for (const double nulls : {0.0, 0.3, 1.0}) {
    SCOPED_TRACE(nulls);
    const auto bytes = Write(*RandomTable(2500, nulls), GetParam());
    const auto expected = ReadByArrow(bytes);
    const auto fragment = OpenBytes(bytes);
    ASSERT_EQ(fragment->num_row_groups(), 3);
    EXPECT_TRUE(fragment->declared_schema()->Equals(*expected->schema()));
    for (const Reading& reading : {Reading{.window = 1024}, Reading{.window = 1000, .share = 0.2},
                                   Reading{.window = 256, .share = 0.01, .prefetch = false}}) {
      ExpectReadsAs(*fragment, *expected, reading);
    }
  }
}

TEST_P(WrittenParquet, ReadsColumnsThatWereAnnouncedTogetherAsArrowDoes) {
  const auto bytes = Write(*RandomTable(1500, 0.1), GetParam());
  const auto expected = ReadByArrow(bytes);
  const auto fragment = OpenBytes(bytes);
  const auto columns = plan::AllColumns(*fragment->schema(), fragment->nested_fields());
  std::vector<int> all(static_cast<size_t>(columns->num_fields()));
  std::iota(all.begin(), all.end(), 0);
  plan::Cost cost;
  const plan::RowRange rows = fragment->row_group_rows(0);
  auto reader = testing::Require(fragment->Open(0, &cost));
  testing::Require(reader->Prefetch(all, plan::RowRanges{rows}, false));
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
  for (const int column : all) {
    const ArrayPtr read =
        Flat(testing::Require(reader->Read(column, rows.begin, rows.size(), std::nullopt)));
    const ArrayPtr whole =
        InEngineType(*ColumnOf(*expected, *fragment, column), columns->field(column)->type());
    EXPECT_TRUE(read->Equals(*whole->Slice(0, rows.size()), options))
        << columns->field(column)->ToString();
  }
}

/// What tells a value from others: its bytes, or how it is printed.
std::string KeyOf(const arrow::Array& flat, int64_t row) {
  const arrow::DataType& type = *flat.type();
  if (flat.IsNull(row)) return "null";
  if (arrow::is_binary_like(type.id())) {
    return std::string(static_cast<const arrow::BinaryArray&>(flat).GetView(row));
  }
  if (type.id() == arrow::Type::BOOL || !arrow::is_fixed_width(type)) {
    return testing::Require(flat.GetScalar(row))->ToString();
  }
  const auto width = static_cast<size_t>(type.byte_width());
  const uint8_t* values = flat.data()->buffers[1]->data();
  const auto at = static_cast<size_t>(flat.offset() + row);
  return std::string(reinterpret_cast<const char*>(values + at * width), width);
}

/// About half of all values pass; null does or does not.
class HashFilter : public ValueFilter {
 public:
  explicit HashFilter(size_t salt) : salt_(salt) {}

  arrow::Result<std::shared_ptr<arrow::Buffer>> Test(const ArrayPtr& values) override {
    const ArrayPtr flat = Flat(values);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bits,
                          arrow::AllocateEmptyBitmap(flat->length()));
    for (int64_t i = 0; i < flat->length(); ++i) {
      if (Passes(*flat, i)) arrow::bit_util::SetBit(bits->mutable_data(), i);
    }
    return bits;
  }
  bool Passes(const arrow::Array& flat, int64_t row) const {
    return ((std::hash<std::string>()(KeyOf(flat, row)) >> 3) + salt_) % 2 == 0;
  }

 private:
  size_t salt_;
};

/// Filters a column once or twice, window by window, and reads what is left.
void ExpectFilters(Fragment& fragment, int column, const ArrayPtr& expected, double share) {
  constexpr int64_t kWindow = 300;
  std::mt19937 random(5);
  std::bernoulli_distribution chosen(share);
  HashFilter first(0);
  HashFilter second(1);
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
  for (int group = 0; group < fragment.num_row_groups(); ++group) {
    plan::Cost cost;
    const plan::RowRange range = fragment.row_group_rows(group);
    auto reader = testing::Require(fragment.Open(group, &cost));
    testing::Require(reader->Prefetch({column}, plan::RowRanges{range}, false));
    for (int64_t begin = range.begin; begin < range.end; begin += kWindow) {
      const int64_t length = std::min(kWindow, range.end - begin);
      std::vector<uint8_t> bits(kWindow / 8 + 1, 0);
      std::vector<int32_t> rows;
      const bool use_second = random() % 2 == 0;
      for (int32_t i = 0; i < length; ++i) {
        if (!chosen(random)) continue;
        arrow::bit_util::SetBit(bits.data(), i);
        const bool passes = first.Passes(*expected, begin + i) &&
                            (!use_second || second.Passes(*expected, begin + i));
        if (passes) rows.push_back(i);
      }
      testing::Require(reader->Filter(column, begin, length, &first, bits.data()));
      if (use_second) testing::Require(reader->Filter(column, begin, length, &second, bits.data()));
      ASSERT_EQ(SetBits(bits.data(), 0, length), rows) << "from row " << begin;
      if (random() % 4 == 0) continue;
      const ArrayPtr read = Flat(testing::Require(reader->Read(column, begin, length, rows)));
      std::vector<int64_t> wanted;
      for (const int32_t row : rows) wanted.push_back(begin + row);
      EXPECT_TRUE(read->Equals(*RowsAt(expected, wanted), options)) << "from row " << begin;
    }
  }
}

TEST_P(WrittenParquet, FiltersWhatArrowReads) {
  for (const double nulls : {0.0, 0.3}) {
    SCOPED_TRACE(nulls);
    const auto bytes = Write(*RandomTable(1100, nulls), GetParam());
    const auto table = ReadByArrow(bytes);
    const auto fragment = OpenBytes(bytes);
    const auto columns = plan::AllColumns(*fragment->schema(), fragment->nested_fields());
    for (int column = 0; column < columns->num_fields(); ++column) {
      SCOPED_TRACE(columns->field(column)->ToString());
      const ArrayPtr expected =
          InEngineType(*ColumnOf(*table, *fragment, column), columns->field(column)->type());
      ExpectFilters(*fragment, column, expected, nulls == 0 ? 1 : 0.2);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, WrittenParquet, ::testing::ValuesIn(Layouts()),
                         [](const auto& layout) { return layout.param.name; });

// Dictionaries of two columns are decompressed together where they can be.
TEST(Dictionaries, OfOneRowGroupMayHaveOtherCodecs) {
  using Compression = arrow::Compression;
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64())});
  // The dictionary of "b" is as long when it is compressed, and shorter than that of "a".
  const auto table = testing::TableOf(schema, "11,1234567890123456789\n22,1234567890123456789\n");
  for (const auto a : {Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD}) {
    for (const auto b : {Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD}) {
      const auto bytes =
          Write(*table,
                {"", [&](Builder* builder) { builder->compression("a", a)->compression("b", b); }});
      const auto fragment = OpenBytes(bytes);
      plan::Cost cost;
      auto reader = testing::Require(fragment->Open(0, &cost));
      testing::Require(reader->Prefetch({0, 1}, plan::RowRanges{{0, 2}}, false));
      for (const int column : {0, 1}) {
        const ArrayPtr read = Flat(testing::Require(reader->Read(column, 0, 2, std::nullopt)));
        EXPECT_TRUE(read->Equals(*table->column(column)->chunk(0)))
            << a << ", " << b << ": " << read->ToString();
      }
    }
  }
}

TEST(ReadRowGroup, AReadThatFailsIsAnErrorWhereverItFalls) {
  const auto bytes = testing::ParquetBytes(*RandomTable(500, 0.1));
  for (int64_t at = 0;; ++at) {
    const auto source =
        std::make_shared<testing::FaultySource>(bytes, "rows.parquet", testing::Fault::kFails, at);
    auto rows = ReadRowGroup(source, 0);
    const arrow::Status status = rows.ok() ? (*rows)->ToTable().status() : rows.status();
    if (source->reads() <= at) {
      EXPECT_THAT(status, testing::IsOk());
      EXPECT_GT(at, 1);
      return;
    }
    EXPECT_THAT(status, testing::FailsWith(arrow::StatusCode::IOError, "the disk is gone")) << at;
  }
}

}  // namespace
}  // namespace skyhook::format
