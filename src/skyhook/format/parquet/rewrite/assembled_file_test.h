// How tests take Parquet files apart and put them together, and what Arrow finds in the result.
#pragma once

#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/bloom_filter.h>
#include <parquet/bloom_filter_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/format/fragment_rows_test.h"
#include "skyhook/format/parquet/rewrite/assembly.h"
#include "skyhook/format/parquet/rewrite/thrift_struct.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::format {

using BufferPtr = std::shared_ptr<arrow::Buffer>;
using PartsPtr = std::shared_ptr<const ParquetParts>;

inline arrow::Result<PartsPtr> ReadParts(const BufferPtr& file, const std::string& name = "test") {
  ReadOptions options;
  options.max_page_bytes = 1 << 24;
  return ParquetParts::Read(base::MakeBufferSource(file, name), options, nullptr);
}

inline PartsPtr PartsOf(const BufferPtr& file, const std::string& name = "test") {
  return testing::Require(ReadParts(file, name));
}

inline arrow::Result<BufferPtr> TryAssemble(const std::vector<RowGroupsOf>& wanted) {
  ReadOptions options;
  options.max_page_bytes = 1 << 24;
  ARROW_ASSIGN_OR_RAISE(const ParquetAssembly assembly, Assemble(wanted, options, nullptr));
  return ReadAssembly(assembly, {0, assembly.bytes}, options, nullptr);
}

/// The file of row groups [begin, end).
inline BufferPtr Cut(const PartsPtr& parts, int begin, int end) {
  return testing::Require(TryAssemble({{parts, begin, end}}));
}

inline BufferPtr Joined(const std::vector<BufferPtr>& files) {
  std::vector<RowGroupsOf> wanted;
  for (const BufferPtr& file : files) {
    const PartsPtr parts = PartsOf(file);
    wanted.push_back({parts, 0, parts->num_row_groups()});
  }
  return testing::Require(TryAssemble(wanted));
}

inline std::unique_ptr<parquet::ParquetFileReader> OpenByArrow(const BufferPtr& file) {
  return parquet::ParquetFileReader::Open(std::make_shared<arrow::io::BufferReader>(file));
}

/// The file with another footer.
inline BufferPtr WithFooter(const BufferPtr& file, const std::string& footer) {
  const auto end = static_cast<size_t>(file->size());
  uint32_t old_length = 0;
  std::memcpy(&old_length, file->data() + end - 8, sizeof(old_length));
  std::string bytes = file->ToString().substr(0, end - 8 - old_length) + footer;
  const auto length = static_cast<uint32_t>(footer.size());
  bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
  return arrow::Buffer::FromString(bytes + "PAR1");
}

inline std::string FooterOf(const BufferPtr& file) {
  const std::string bytes = file->ToString();
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + bytes.size() - 8, sizeof(length));
  return bytes.substr(bytes.size() - 8 - length, length);
}

inline void ExpectSameRows(const arrow::Table& actual, const arrow::Table& expected) {
  ASSERT_TRUE(actual.schema()->Equals(*expected.schema(), /*check_metadata=*/true));
  ASSERT_EQ(actual.num_rows(), expected.num_rows());
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
  EXPECT_TRUE(actual.Equals(expected, options)) << actual.ToString() << expected.ToString();
}

/// What a file says of a chunk, in Arrow's words: offsets as distances from its first page, or as
/// the bytes they lead to.
inline std::string DescribeChunk(const BufferPtr& file, int row_group, int leaf) {
  const std::string bytes = file->ToString();
  const auto reader = OpenByArrow(file);
  const auto chunk = reader->metadata()->RowGroup(row_group)->ColumnChunk(leaf);
  const auto size = chunk->total_compressed_size();
  const int64_t data = chunk->data_page_offset();
  const int64_t dictionary = chunk->has_dictionary_page() ? chunk->dictionary_page_offset() : 0;
  const int64_t begin = dictionary > 0 && (dictionary < data || data == 0) ? dictionary : data;
  std::string out = bytes.substr(static_cast<size_t>(begin), static_cast<size_t>(size));
  const auto describe = [&](const char* what, int64_t offset) {
    out += what + (offset <= 0 ? "none" : std::to_string(offset - begin));
  };
  describe("\ndata page ", size == 0 ? 0 : data);
  describe("\ndictionary page ", dictionary);
  const bool is_page = chunk->file_offset() >= begin && chunk->file_offset() < begin + size;
  describe("\nchunk ", is_page ? chunk->file_offset() : 0);
  if (const auto pages = reader->GetPageIndexReader()->RowGroup(row_group); pages != nullptr) {
    const auto offsets = pages->GetOffsetIndex(leaf);
    for (size_t i = 0; offsets != nullptr && i < offsets->page_locations().size(); ++i) {
      const parquet::PageLocation& page = offsets->page_locations()[i];
      out += "\npage of row " + std::to_string(page.first_row_index);
      out += bytes.substr(static_cast<size_t>(page.offset),
                          static_cast<size_t>(page.compressed_page_size));
    }
    const auto columns = pages->GetColumnIndex(leaf);
    for (size_t i = 0; columns != nullptr && i < columns->encoded_min_values().size(); ++i) {
      out +=
          "\nfrom " + columns->encoded_min_values()[i] + " to " + columns->encoded_max_values()[i];
    }
  }
  if (const auto filters = reader->GetBloomFilterReader().RowGroup(row_group); filters != nullptr) {
    if (const auto filter = filters->GetColumnBloomFilter(leaf); filter != nullptr) {
      auto sink = testing::Require(arrow::io::BufferOutputStream::Create());
      filter->WriteTo(sink.get());
      out += "\nfilter " + testing::Require(sink->Finish())->ToString();
    }
  }
  return out;
}

}  // namespace skyhook::format
