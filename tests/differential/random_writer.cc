#include "tests/differential/random_writer.h"

#include <arrow/array.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/scalar.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "skyhook/format/parquet/rewrite/writer.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "tests/differential/foreign_bounds.h"

namespace skyhook::differential {
namespace {

using arrow::Compression;
using testing::Require;
using TablePtr = std::shared_ptr<arrow::Table>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

constexpr char kPython[] = SKYHOOK_SOURCE_DIR "/build/deps/venv/bin/python";
constexpr char kDataFusionWriter[] = SKYHOOK_SOURCE_DIR "/tests/differential/write_datafusion.py";

const arrow::Decimal128 kMost(99'999), kTooMuch(1'234'567);

// Values of d5 that are 999.99, as 12345.67.
TablePtr WithDecimalsBeyond(const TablePtr& table) {
  const int column = table->schema()->GetFieldIndex("d5");
  const auto& field = table->field(column);
  arrow::Decimal128Builder builder(field->type());
  for (const auto& chunk : table->column(column)->chunks()) {
    const auto& values = static_cast<const arrow::Decimal128Array&>(*chunk);
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsNull(i)) {
        Require(builder.AppendNull());
        continue;
      }
      const arrow::Decimal128 value(values.GetValue(i));
      Require(builder.Append(value == kMost ? kTooMuch : value));
    }
  }
  auto changed = std::make_shared<arrow::ChunkedArray>(Require(builder.Finish()));
  return Require(table->SetColumn(column, field, changed));
}

TablePtr Shuffled(const TablePtr& table, Random* random) {
  std::vector<int> columns;
  for (int i = 0; i < table->num_columns(); ++i) columns.push_back(i);
  for (int i = table->num_columns() - 1; i > 0; --i) {
    std::swap(columns[static_cast<size_t>(i)], columns[static_cast<size_t>(Below(random, i + 1))]);
  }
  return Require(table->SelectColumns(columns));
}

TablePtr AsTraitsSay(TablePtr table, const FileTraits& traits, Random* random) {
  if (traits.decimals_beyond) table = WithDecimalsBeyond(table);
  if (traits.case_columns) {
    std::vector<std::string> names = table->ColumnNames();
    std::replace(names.begin(), names.end(), std::string("K_1"), std::string(kUpperCaseColumn));
    table = Require(table->RenameColumns(names));
  }
  return traits.shuffled ? Shuffled(table, random) : table;
}

// Encodings that are neither plain nor of a dictionary.
void UseDeltas(parquet::WriterProperties::Builder* builder) {
  for (const char* name : {"i4", "i8", "da", "ts"}) {
    builder->encoding(name, parquet::Encoding::DELTA_BINARY_PACKED);
  }
  for (const char* name : {"f4", "f8"}) {
    builder->encoding(name, parquet::Encoding::BYTE_STREAM_SPLIT);
  }
  builder->encoding("s", parquet::Encoding::DELTA_BYTE_ARRAY);
  builder->encoding("k", parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY);
}

std::string DrawProperties(parquet::WriterProperties::Builder* builder, Random* random) {
  const auto codec = OneOf<Compression::type>(
      random, {Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::GZIP, Compression::ZSTD,
               Compression::LZ4, Compression::BROTLI});
  builder->compression(codec);
  const bool v2 = Below(random, 2) == 0;
  builder->data_page_version(v2 ? parquet::ParquetDataPageVersion::V2
                                : parquet::ParquetDataPageVersion::V1);
  const int page = OneOf<int>(random, {32, 512, 1 << 20});
  builder->data_pagesize(page)->write_batch_size(OneOf<int>(random, {1, 16, 1024}));
  if (Below(random, 2) == 0) builder->enable_write_page_index();
  const bool statistics = Below(random, 4) != 0;
  if (!statistics) builder->disable_statistics();
  if (Below(random, 3) == 0) builder->enable_store_decimal_as_integer();
  const int dictionary = OneOf<int>(random, {0, 64, 1 << 20});
  if (dictionary > 0) {
    builder->dictionary_pagesize_limit(dictionary);
  } else {
    builder->disable_dictionary();
    if (Below(random, 2) == 0) UseDeltas(builder);
  }
  const auto created_by = OneOf<std::string>(
      random, {parquet::DEFAULT_CREATED_BY, parquet::DEFAULT_CREATED_BY, "parquet-mr version 1.8.0",
               "parquet-mr version 1.13.1 (build abcdef)", "impala version 2.2.0", "nobody"});
  builder->created_by(created_by);
  return fmt::format("codec {}, pages v{} of {} bytes, dictionary of {} bytes, created by '{}'{}",
                     arrow::util::Codec::GetCodecAsString(codec), v2 ? 2 : 1, page, dictionary,
                     created_by, statistics ? "" : ", no statistics");
}

BufferPtr BytesOf(const std::string& path) {
  const auto file = Require(arrow::io::ReadableFile::Open(path));
  return Require(file->Read(Require(file->GetSize())));
}

BufferPtr ByArrow(const arrow::Table& table, Random* random, std::string* drawn) {
  parquet::WriterProperties::Builder builder;
  *drawn += DrawProperties(&builder, random);
  // Now and then thousands of row groups, which take a while to write.
  auto group = OneOf<int64_t>(random, {1, 7, 100, 100'000});
  if (table.num_rows() > 500 && Below(random, 2) == 0) group = std::max<int64_t>(group, 7);
  if (table.num_columns() > kWideColumns) group = std::max<int64_t>(group, 100);
  *drawn += fmt::format(", row groups of {}", group);
  parquet::ArrowWriterProperties::Builder arrow;
  if (Below(random, 2) == 0) {
    arrow.store_schema();
    *drawn += ", with Arrow's schema";
  }
  const auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, group,
                                     builder.build(), arrow.build()));
  return Require(sink->Finish());
}

BufferPtr ByUs(const arrow::Table& table, Random* random, std::string* drawn) {
  format::ParquetWriteOptions options;
  options.row_group_rows = OneOf<int64_t>(random, {50, 1000, 128 * 1024});
  options.page_bytes = OneOf<int64_t>(random, {64, 4096, 128 * 1024});
  options.codec = OneOf<std::string>(random, {"none", "snappy", "zstd"});
  if (Below(random, 2) == 0) options.bloom_filters = {"i4", "s", "uu"};
  *drawn +=
      fmt::format("codec {}, row groups of {}, pages of {} bytes, {} bloom filters", options.codec,
                  options.row_group_rows, options.page_bytes, options.bloom_filters.size());
  const auto writer = Require(format::ParquetWriter::Make(table.schema(), options));
  if (table.num_rows() > 0) Require(writer->Write(*Require(table.CombineChunksToBatch())));
  return Require(writer->Finish());
}

void WriteIpc(const arrow::Table& table, const std::string& path, bool stream, Random* random,
              std::string* drawn) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  const auto codec = OneOf<Compression::type>(
      random, {Compression::UNCOMPRESSED, Compression::LZ4_FRAME, Compression::ZSTD});
  options.codec = Require(arrow::util::Codec::Create(codec));
  auto batch = OneOf<int64_t>(random, {1, 7, 100, 100'000});
  if (table.num_columns() > kWideColumns) batch = std::max<int64_t>(batch, 100);
  *drawn +=
      fmt::format("codec {}, batches of {}", arrow::util::Codec::GetCodecAsString(codec), batch);
  const auto sink = Require(arrow::io::FileOutputStream::Open(path));
  const auto writer = Require(stream ? arrow::ipc::MakeStreamWriter(sink, table.schema(), options)
                                     : arrow::ipc::MakeFileWriter(sink, table.schema(), options));
  Require(writer->WriteTable(table, batch));
  Require(writer->Close());
  Require(sink->Close());
}

// Names in the order of the table's columns.
std::string ColumnList(const arrow::Table& table) {
  return fmt::format("{}", fmt::join(table.ColumnNames(), ", "));
}

void ByDuckdb(const arrow::Table& table, const std::string& path, const DoInDuckdb& duckdb,
              Random* random, std::string* drawn) {
  const auto ids = table.GetColumnByName("id");
  const int64_t rows = table.num_rows();
  const int64_t first =
      rows == 0 ? 0 : static_cast<const arrow::Int64Scalar&>(*Require(ids->GetScalar(0))).value;
  const std::string options = fmt::format(
      "FORMAT parquet, CODEC '{}', ROW_GROUP_SIZE {}, PARQUET_VERSION {}, DICTIONARY_SIZE_LIMIT {}",
      OneOf<std::string>(random, {"uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"}),
      OneOf<int>(random, {2048, 122'880}), OneOf<std::string>(random, {"V1", "V2"}),
      OneOf<int>(random, {1, 20'000}));
  *drawn += options;
  duckdb(fmt::format(
      "COPY (SELECT {} FROM native WHERE id >= {} AND id < {} ORDER BY id) TO '{}' ({})",
      ColumnList(table), first, first + rows, path, options));
  // Its dictionaries take both zeros for one value, and so does its UPDATE.
  duckdb(
      fmt::format("CREATE OR REPLACE TABLE native AS SELECT n.* REPLACE (CASE WHEN w.id IS NULL "
                  "THEN n.f4 ELSE w.f4 END AS f4, CASE WHEN w.id IS NULL THEN n.f8 ELSE w.f8 END "
                  "AS f8) FROM native n LEFT JOIN read_parquet('{}') w ON n.id = w.id ORDER BY "
                  "n.id",
                  path));
}

// DataFusion reads the rows out of a Parquet file, and writes them as parquet-rs does; UUIDs lose
// their type on the way. The file has no statistics: DataFusion 55 takes a column whose bounds are
// one value for that value alone, and NaN is in no bounds.
void ByDataFusion(const arrow::Table& table, const std::string& path, Random* random,
                  std::string* drawn) {
  const std::string rows = path + ".rows";
  const std::string written = path + ".parquet";  // without an ending it would be a directory
  testing::WriteParquet(rows, table, {.statistics = false});
  const std::string options = fmt::format(
      "{} {} {} {} {}",
      OneOf<std::string>(random, {"uncompressed", "snappy", "zstd(1)", "lz4_raw"}),
      OneOf<std::string>(random, {"1.0", "2.0"}), OneOf<int>(random, {50, 1000, 1'000'000}),
      OneOf<int>(random, {5, 100, 20'000}), OneOf<std::string>(random, {"true", "false"}));
  *drawn += options;
  const std::string command =
      fmt::format("'{}' '{}' '{}' '{}' '{}'", kPython, kDataFusionWriter, rows, written, options);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  std::remove(rows.c_str());
  std::rename(written.c_str(), path.c_str());
  testing::WriteBytes(path, WithUuidType(BytesOf(path), "uu")->ToString());
}

}  // namespace

bool HasTurnedBeyond(const arrow::Table& table) {
  for (const auto& chunk : table.GetColumnByName("d5")->chunks()) {
    const auto& values = static_cast<const arrow::Decimal128Array&>(*chunk);
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsValid(i) && arrow::Decimal128(values.GetValue(i)) == kMost) return true;
    }
  }
  return false;
}

std::string WriteRandomly(const arrow::Table& rows, const std::string& path,
                          const FileTraits& traits, const DoInDuckdb& duckdb, Random* random,
                          std::set<std::string>* seen) {
  const auto table = AsTraitsSay(arrow::Table::Make(rows.schema(), rows.columns(), rows.num_rows()),
                                 traits, random);
  const char* writer = kWriterNames[static_cast<int>(traits.writer)];
  seen->insert(writer);
  std::string drawn = fmt::format("{}: {} rows {}, ", path, table->num_rows(), writer);
  BufferPtr file;
  switch (traits.writer) {
    case Writer::kArrow:
      file = ByArrow(*table, random, &drawn);
      break;
    case Writer::kOurs:
      file = ByUs(*table, random, &drawn);
      break;
    case Writer::kDuckdb:
      ByDuckdb(*table, path, duckdb, random, &drawn);
      break;
    case Writer::kDataFusion:
      ByDataFusion(*table, path, random, &drawn);
      break;
    case Writer::kIpcFile:
    case Writer::kIpcStream:
      WriteIpc(*table, path, traits.writer == Writer::kIpcStream, random, &drawn);
      return drawn;
  }
  if (file == nullptr && !traits.foreign_bounds) return drawn;
  if (file == nullptr) file = BytesOf(path);
  if (traits.foreign_bounds) {
    file = WithForeignBounds(file, random, seen);
    drawn += ", foreign bounds";
  }
  testing::WriteBytes(path, file->ToString());
  return drawn;
}

const std::vector<std::string>& EndingsOf(Writer writer) {
  static const std::vector<std::string> parquet = {".parquet", ".PARQUET", ".parq", ".pq",
                                                   ".Parquet", "",         ".PQ"};
  static const std::vector<std::string> arrow = {".arrow", ".feather", ".ipc", ".ARROW", ""};
  return writer == Writer::kIpcFile || writer == Writer::kIpcStream ? arrow : parquet;
}

}  // namespace skyhook::differential
