#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <functional>

#include "fuzz/file_target.h"
#include "fuzz/target.h"
#include "skyhook/base/byte_source.h"
#include "skyhook/format/parquet/rewrite/assembly.h"
#include "skyhook/format/random_table_test.h"
#include "skyhook/testing/corpus.h"

namespace skyhook::fuzz {
namespace {

using arrow::Compression;
using parquet::Encoding;
using Builder = parquet::WriterProperties::Builder;
using testing::Require;

constexpr int64_t kRows = 24;
constexpr int kColumnsOfAFile = 5;
constexpr int64_t kMostCorpusBytes = 16 * 1024;
constexpr int64_t kMostAssembledBytes = 1 << 20;
/// A few bytes that unfold to two gigabytes.
constexpr char kLargeMap[] = "large_string_map.brotli.parquet";

std::function<void(Builder*)> Encoded(Encoding::type encoding) {
  return [=](Builder* builder) { builder->disable_dictionary()->encoding(encoding); };
}

/// Each makes a file of another layout; those that a column's type does not take are left out.
std::vector<std::function<void(Builder*)>> Layouts() {
  const auto codec = [](Compression::type compression) {
    return [=](Builder* builder) { builder->compression(compression); };
  };
  return {
      [](Builder*) {},
      [](Builder* b) { b->disable_dictionary()->enable_write_page_index(); },
      [](Builder* b) { b->data_page_version(parquet::ParquetDataPageVersion::V2); },
      [](Builder* b) {
        b->data_page_version(parquet::ParquetDataPageVersion::V2)->disable_dictionary();
        b->compression(Compression::SNAPPY);
      },
      [](Builder* b) { b->data_pagesize(1)->write_batch_size(5)->enable_write_page_index(); },
      [](Builder* b) { b->dictionary_pagesize_limit(40)->write_batch_size(4); },
      [](Builder* b) { b->enable_store_decimal_as_integer()->disable_statistics(); },
      codec(Compression::SNAPPY),
      codec(Compression::GZIP),
      codec(Compression::BROTLI),
      codec(Compression::ZSTD),
      codec(Compression::LZ4),
      codec(Compression::LZ4_HADOOP),
      Encoded(Encoding::DELTA_BINARY_PACKED),
      Encoded(Encoding::DELTA_LENGTH_BYTE_ARRAY),
      Encoded(Encoding::DELTA_BYTE_ARRAY),
      Encoded(Encoding::BYTE_STREAM_SPLIT),
      Encoded(Encoding::RLE),
  };
}

arrow::Result<std::string> FileOf(const arrow::Table& table,
                                  const std::function<void(Builder*)>& layout) {
  Builder builder;
  builder.max_row_group_length(kRows / 2);
  layout(&builder);
  parquet::BloomFilterOptions bloom;
  bloom.ndv = 10;
  for (const auto& field : table.fields()) {
    if (arrow::is_integer(field->type()->id())) builder.enable_bloom_filter(field->name(), bloom);
  }
  try {
    ARROW_ASSIGN_OR_RAISE(auto sink, arrow::io::BufferOutputStream::Create());
    ARROW_RETURN_NOT_OK(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink,
                                                   kRows / 2, builder.build()));
    ARROW_ASSIGN_OR_RAISE(auto bytes, sink->Finish());
    return bytes->ToString();
  } catch (const parquet::ParquetException& exception) {
    return arrow::Status::Invalid(exception.what());
  }
}

std::vector<std::string> Seeds() {
  std::vector<std::string> out;
  const auto all = format::RandomTable(kRows, 0.2);
  for (const auto& layout : Layouts()) {
    for (int first = 0; first < all->num_columns(); first += kColumnsOfAFile) {
      std::vector<int> columns;
      for (int i = first; i < std::min(first + kColumnsOfAFile, all->num_columns()); ++i) {
        columns.push_back(i);
      }
      auto file = FileOf(*Require(all->SelectColumns(columns)), layout);
      if (file.ok()) out.push_back(*std::move(file));
    }
  }
  for (const char* kind : {"good", "bad"}) {
    for (const std::string& name : testing::CorpusFiles(kind)) {
      if (name == kLargeMap) continue;
      const auto bytes = testing::CorpusBytes(kind, name);
      if (bytes->size() <= kMostCorpusBytes) out.push_back(bytes->ToString());
    }
  }
  return out;
}

arrow::Result<std::shared_ptr<const format::ParquetParts>> PartsOf(
    const std::shared_ptr<arrow::Buffer>& bytes, const format::ReadOptions& options) {
  return format::ParquetParts::Read(base::MakeBufferSource(bytes, "input"), options, nullptr);
}

/// Takes a file apart, puts it together again, and takes that apart.
void RunAssembly(Bytes input) {
  auto bytes = std::make_shared<arrow::Buffer>(input.data(), static_cast<int64_t>(input.size()));
  format::ReadOptions options;
  options.max_page_bytes = kMostAssembledBytes;
  const auto parts = PartsOf(bytes, options);
  if (!parts.ok() || !(*parts)->obstacle().empty()) return;
  const int row_groups = (*parts)->num_row_groups();
  const auto assembly = format::Assemble({{*parts, 0, row_groups}}, options, nullptr);
  if (!assembly.ok() || assembly->bytes > kMostAssembledBytes) return;
  const auto again =
      Require(format::ReadAssembly(*assembly, {0, assembly->bytes}, options, nullptr));
  const auto parts_again = Require(PartsOf(again, options));
  Check((*parts)->CanJoin(*parts_again),
        "a file differs from its own row groups: " + parts_again->obstacle());
  Check(parts_again->num_row_groups() == row_groups, "row groups were lost");
}

void Run(Bytes input) {
  RunFile(input);
  RunAssembly(input);
}

size_t Mutate(uint8_t* data, size_t size, size_t capacity, uint32_t seed, MutatePart mutate) {
  return MutateFile({"PAR1"}, data, size, capacity, seed, mutate);
}

}  // namespace

const Target kParquetTarget{"parquet", Run, Seeds, Mutate};

}  // namespace skyhook::fuzz
