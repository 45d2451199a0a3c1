// One page as it lies in the file, opened: header read, checksum checked, values decompressed.
#pragma once

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/util/compression.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>

#include "skyhook/format/parquet/page_header.h"
#include "skyhook/format/parquet/snappy.h"
#include "skyhook/format/parquet/zstd.h"

namespace skyhook::format {

struct Page {
  PageHeader header;
  /// kDataV2: repetition and definition levels; else null, the levels lead `body`.
  std::shared_ptr<arrow::Buffer> levels;
  std::shared_ptr<arrow::Buffer> body;
  /// Bytes of the whole body, of which `body` may hold the first ones alone.
  int64_t body_bytes = 0;

  bool is_whole() const { return body->size() == body_bytes; }
};

/// How many bytes of a page's body are needed, from the first on. Is given those that are there: an
/// answer of no more bytes than that is the last one, after another one more bytes come. The page
/// has no body yet.
using BodyNeed =
    std::function<int64_t(const Page& page, std::span<const uint8_t> there, int64_t body_bytes)>;

/// A page as it lies in the file: begins with its header, and is whole.
struct StoredPage {
  std::shared_ptr<arrow::Buffer> bytes;
  BodyNeed need = nullptr;  ///< null: all
};

/// Opens the pages of one column chunk. Not thread-safe.
class PageOpener {
 public:
  struct Options {
    arrow::Compression::type compression = arrow::Compression::UNCOMPRESSED;
    /// Pages that claim more uncompressed bytes are refused.
    int64_t max_page_bytes = 0;
    /// So are larger ones than this, with kLimitExceeded: ReadContext::memory_bytes.
    int64_t memory_bytes = std::numeric_limits<int64_t>::max();
    /// Early Arrow writers marked compressed kDataV2 pages as uncompressed (ARROW-10353).
    bool v2_always_compressed = false;
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    /// Of all columns of a row group: a context takes much memory for one column. Not null.
    std::shared_ptr<ZstdDecompressor> zstd;
  };

  static arrow::Result<PageOpener> Make(const Options& options);

  /// The page's buffers may be slices of the stored bytes. Of a body that is compressed by Snappy
  /// no more is decompressed than is needed.
  arrow::Result<Page> Open(const StoredPage& page);

  /// The same of two pages; takes little longer than one where both are compressed by Snappy and
  /// alike in size.
  arrow::Result<std::array<Page, 2>> OpenBoth(const StoredPage& first, const StoredPage& second);

 private:
  /// A page, and what its body has yet to be decompressed from: bytes of the buffer it was given
  /// in.
  struct Wrapped {
    Page page;  ///< without a body: that has to be decompressed
    std::span<const uint8_t> compressed;
    BodyNeed need;

    /// Bytes of the body that are needed, as far as the `there` first ones show.
    int64_t Need(const arrow::Buffer& body, int64_t there) const;
  };

  PageOpener(const Options& options, std::unique_ptr<arrow::util::Codec> codec)
      : options_(options), codec_(std::move(codec)) {}

  arrow::Result<Wrapped> Unwrap(const StoredPage& stored);
  arrow::Status UnwrapV2(const std::shared_ptr<arrow::Buffer>& data, Wrapped* out);
  class Body;

  arrow::Result<std::shared_ptr<Body>> AllocateBody(int64_t size) const;
  arrow::Status Decompress(Wrapped* page);
  arrow::Status DecompressInStep(Wrapped* first, Wrapped* second);
  /// Into `body`, whose first `need` bytes are needed as far as is known.
  static arrow::Status ReadNeeded(std::shared_ptr<Body> body, int64_t need, SnappyReader* reader,
                                  Wrapped* out);
  arrow::Status DecompressByCodec(std::span<const uint8_t> data, arrow::Buffer* body);

  Options options_;
  std::unique_ptr<arrow::util::Codec> codec_;
};

}  // namespace skyhook::format
