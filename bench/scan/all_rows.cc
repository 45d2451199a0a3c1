#include "bench/scan/all_rows.h"

#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <parquet/file_reader.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "skyhook/base/recycling_pool.h"
#include "skyhook/client/scan.h"
#include "skyhook/client/session.h"
#include "skyhook/client/table.h"
#include "skyhook/format/fragment.h"
#include "skyhook/format/parquet/column_chunk.h"
#include "skyhook/format/parquet/page.h"
#include "skyhook/format/parquet/page_table.h"
#include "skyhook/plan/read_all.h"

namespace skyhook::bench {
namespace {

using arrow::Result;
using arrow::Status;
using Clock = std::chrono::steady_clock;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

double Since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

/// Where the pages of all columns are copied to, one after the other.
class Copies {
 public:
  void Add(const arrow::Buffer& body) {
    const auto size = static_cast<size_t>(body.size());
    if (bytes_.size() < size) bytes_.resize(size);
    std::memcpy(bytes_.data(), body.data(), size);
  }

 private:
  std::vector<uint8_t> bytes_;
};

/// The pages of a chunk, its dictionary page first.
Result<std::vector<BufferPtr>> PagesOf(const format::ColumnChunk& chunk,
                                       arrow::io::RandomAccessFile* file) {
  ARROW_ASSIGN_OR_RAISE(const BufferPtr bytes,
                        file->ReadAt(chunk.bytes.offset, chunk.bytes.length));
  format::PageTable table = format::PageTable::ForWalk(chunk);
  ARROW_ASSIGN_OR_RAISE(const auto walked, table.Walk(chunk.bytes, bytes));
  std::vector<BufferPtr> pages;
  if (const base::ByteRange& dictionary = table.dictionary(); dictionary.length > 0) {
    pages.push_back(
        arrow::SliceBuffer(bytes, dictionary.offset - chunk.bytes.offset, dictionary.length));
  }
  for (const auto& page : walked) pages.push_back(page.bytes);
  return pages;
}

Status OpenAll(const std::vector<BufferPtr>& pages, format::PageOpener* opener, Copies* copies) {
  size_t next = 0;
  for (; next + 1 < pages.size(); next += 2) {
    ARROW_ASSIGN_OR_RAISE(const auto both, opener->OpenBoth({pages[next]}, {pages[next + 1]}));
    for (const format::Page& page : both) copies->Add(*page.body);
  }
  if (next == pages.size()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const format::Page page, opener->Open({pages[next]}));
  copies->Add(*page.body);
  return Status::OK();
}

}  // namespace

Result<double> ReadAllRows(const std::string& file, const std::vector<std::string>& dictionaries) {
  client::Session session;
  const auto begin = Clock::now();
  ARROW_ASSIGN_OR_RAISE(auto table, client::OpenTable(&session, file, {}));
  plan::Pipeline pipeline = plan::ReadAll(*table->schema);
  client::ScanOptions options;
  options.dictionaries = dictionaries;
  ARROW_ASSIGN_OR_RAISE(const auto scan,
                        client::Scan::Make(std::move(table), std::move(pipeline), options));
  ARROW_ASSIGN_OR_RAISE(const auto stream, scan->OpenStream());
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    ARROW_ASSIGN_OR_RAISE(batch, stream->Next());
  } while (batch != nullptr);
  return Since(begin);
}

Result<double> DecompressAndCopy(const std::string& path) {
  const auto pool = base::RecyclingPool(arrow::default_memory_pool(), int64_t{64} << 20);
  ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  const auto metadata = parquet::ReadMetaData(file);
  Copies copies;
  double ms = 0;
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    for (int leaf = 0; leaf < metadata->num_columns(); ++leaf) {
      ARROW_ASSIGN_OR_RAISE(const format::ColumnChunk chunk,
                            format::LocateColumnChunk(*metadata, group, leaf, size));
      ARROW_ASSIGN_OR_RAISE(const auto pages, PagesOf(chunk, file.get()));
      format::PageOpener::Options options;
      options.compression = chunk.compression;
      options.pool = pool.get();
      options.max_page_bytes = format::ReadOptions().max_page_bytes;
      options.zstd = std::make_shared<format::ZstdDecompressor>();
      ARROW_ASSIGN_OR_RAISE(format::PageOpener opener, format::PageOpener::Make(options));
      const auto begin = Clock::now();
      ARROW_RETURN_NOT_OK(OpenAll(pages, &opener, &copies));
      ms += Since(begin);
    }
  }
  return ms;
}

}  // namespace skyhook::bench
