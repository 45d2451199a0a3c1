#include "skyhook/format/parquet/page.h"

#include <arrow/util/crc32.h>
#include <parquet/types.h>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/snappy.h"

namespace skyhook::format {
namespace {

arrow::Status CheckSize(const PageHeader& header, int64_t available, int64_t max_page_bytes) {
  if (header.total_size() > available) {
    return base::CorruptData("page of {} bytes where {} are left", header.total_size(), available);
  }
  if (header.uncompressed_size > max_page_bytes) {
    return base::CorruptData("page of {} uncompressed bytes, {} are allowed",
                             header.uncompressed_size, max_page_bytes);
  }
  return arrow::Status::OK();
}

arrow::Status CheckCrc(const PageHeader& header, std::span<const uint8_t> data) {
  if (!header.crc.has_value()) return arrow::Status::OK();
  const uint32_t crc = arrow::internal::crc32(0, data.data(), data.size());
  if (crc == *header.crc) return arrow::Status::OK();
  return base::CorruptData("page checksum is {:08x} where the header says {:08x}", crc,
                           *header.crc);
}

/// A page's bytes, of many pages that are soon let go: in one piece with what counts who holds it.
class Body final : public arrow::MutableBuffer {
 public:
  /// `data` was allocated in `pool`, with room for what Snappy may write behind `size` bytes.
  Body(uint8_t* data, int64_t size, arrow::MemoryPool* pool)
      : MutableBuffer(data, size), data_of_pool_(data), pool_(pool) {}
  ~Body() override { pool_->Free(data_of_pool_, size() + kSnappySlack); }

 private:
  uint8_t* const data_of_pool_;
  arrow::MemoryPool* const pool_;
};

SnappyPage SnappyOf(std::span<const uint8_t> compressed, arrow::Buffer* body) {
  return {compressed, body->mutable_data(), body->size()};
}

}  // namespace

arrow::Result<PageOpener> PageOpener::Make(const Options& options) {
  return CatchParquet([&]() -> arrow::Result<PageOpener> {
    return PageOpener(options, parquet::GetCodec(options.compression));
  });
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PageOpener::AllocateBody(int64_t size) const {
  uint8_t* data = nullptr;
  ARROW_RETURN_NOT_OK(options_.pool->Allocate(size + kSnappySlack, &data));
  return std::make_shared<Body>(data, size, options_.pool);
}

arrow::Result<Page> PageOpener::Open(const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_ASSIGN_OR_RAISE(Wrapped wrapped, Unwrap(bytes));
  ARROW_RETURN_NOT_OK(Decompress(&wrapped));
  return std::move(wrapped.page);
}

arrow::Result<std::array<Page, 2>> PageOpener::OpenBoth(
    const std::shared_ptr<arrow::Buffer>& first, const std::shared_ptr<arrow::Buffer>& second) {
  ARROW_ASSIGN_OR_RAISE(Wrapped a, Unwrap(first));
  ARROW_ASSIGN_OR_RAISE(Wrapped b, Unwrap(second));
  const bool in_step = options_.compression == arrow::Compression::SNAPPY &&
                       a.page.body == nullptr && a.body_bytes > 0 && b.page.body == nullptr &&
                       b.body_bytes > 0;
  if (in_step) {
    ARROW_ASSIGN_OR_RAISE(a.page.body, AllocateBody(a.body_bytes));
    ARROW_ASSIGN_OR_RAISE(b.page.body, AllocateBody(b.body_bytes));
    ARROW_RETURN_NOT_OK(DecompressSnappy(SnappyOf(a.compressed, a.page.body.get()),
                                         SnappyOf(b.compressed, b.page.body.get())));
  } else {
    ARROW_RETURN_NOT_OK(Decompress(&a));
    ARROW_RETURN_NOT_OK(Decompress(&b));
  }
  return std::array<Page, 2>{std::move(a.page), std::move(b.page)};
}

arrow::Result<PageOpener::Wrapped> PageOpener::Unwrap(const std::shared_ptr<arrow::Buffer>& bytes) {
  ARROW_ASSIGN_OR_RAISE(std::optional<PageHeader> header,
                        ParsePageHeader({bytes->data(), static_cast<size_t>(bytes->size())}));
  if (!header.has_value()) return base::CorruptData("page header is cut short");
  ARROW_RETURN_NOT_OK(CheckSize(*header, bytes->size(), options_.max_page_bytes));
  if (header->uncompressed_size > options_.memory_bytes) {
    return base::LimitExceeded("a page of {} bytes, where memory for {} is left",
                               header->uncompressed_size, options_.memory_bytes);
  }
  const std::span<const uint8_t> data{bytes->data() + header->header_size,
                                      static_cast<size_t>(header->compressed_size)};
  ARROW_RETURN_NOT_OK(CheckCrc(*header, data));
  Wrapped out;
  out.page.header = *header;
  if (header->kind == PageHeader::Kind::kDataV2) {
    ARROW_RETURN_NOT_OK(
        UnwrapV2(arrow::SliceBuffer(bytes, header->header_size, header->compressed_size), &out));
  } else if (codec_ != nullptr) {
    out.compressed = data;
    out.body_bytes = header->uncompressed_size;
  } else {
    out.page.body = arrow::SliceBuffer(bytes, header->header_size, header->compressed_size);
  }
  return out;
}

arrow::Status PageOpener::UnwrapV2(const std::shared_ptr<arrow::Buffer>& data, Wrapped* out) {
  const PageHeader& header = out->page.header;
  const int64_t level_bytes = int64_t{header.repetition_bytes} + header.definition_bytes;
  if (level_bytes > data->size() || level_bytes > header.uncompressed_size) {
    return base::CorruptData("page with {} bytes of levels in {} compressed, {} uncompressed",
                             level_bytes, data->size(), header.uncompressed_size);
  }
  out->page.levels = arrow::SliceBuffer(data, 0, level_bytes);
  const auto body = arrow::SliceBuffer(data, level_bytes);
  const bool compressed = header.is_compressed || options_.v2_always_compressed;
  if (codec_ == nullptr || !compressed || body->size() == 0) {
    out->page.body = body;
  } else {
    out->compressed = {body->data(), static_cast<size_t>(body->size())};
    out->body_bytes = header.uncompressed_size - level_bytes;
  }
  return arrow::Status::OK();
}

arrow::Status PageOpener::Decompress(Wrapped* page) {
  if (page->page.body != nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(page->page.body, AllocateBody(page->body_bytes));
  if (page->body_bytes == 0) return arrow::Status::OK();
  if (options_.compression == arrow::Compression::SNAPPY) {
    return DecompressSnappy(SnappyOf(page->compressed, page->page.body.get()));
  }
  return DecompressByCodec(page);
}

arrow::Status PageOpener::DecompressByCodec(Wrapped* page) {
  const std::span<const uint8_t> data = page->compressed;
  if (data.empty()) {
    return base::CorruptData("no bytes to decompress {} from", page->body_bytes);
  }
  if (options_.compression == arrow::Compression::ZSTD) {
    ARROW_ASSIGN_OR_RAISE(
        const bool done,
        options_.zstd->TryDecompress(data, page->page.body->mutable_data(), page->body_bytes));
    if (done) return arrow::Status::OK();
  }
  auto size = codec_->Decompress(static_cast<int64_t>(data.size()), data.data(), page->body_bytes,
                                 page->page.body->mutable_data());
  if (!size.ok()) {
    return base::CorruptData("page does not decompress: {}", size.status().message());
  }
  if (*size != page->body_bytes) {
    return base::CorruptData("page decompresses to {} bytes where the header says {}", *size,
                             page->body_bytes);
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::format
