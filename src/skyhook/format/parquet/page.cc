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

arrow::Status CheckCrc(const PageHeader& header, const arrow::Buffer& data) {
  if (!header.crc.has_value()) return arrow::Status::OK();
  const uint32_t crc = arrow::internal::crc32(0, data.data(), static_cast<size_t>(data.size()));
  if (crc == *header.crc) return arrow::Status::OK();
  return base::CorruptData("page checksum is {:08x} where the header says {:08x}", crc,
                           *header.crc);
}

/// `size` bytes of room, and what Snappy may write behind them.
arrow::Result<std::shared_ptr<arrow::Buffer>> AllocateBody(int64_t size, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> room,
                        arrow::AllocateBuffer(size + kSnappySlack, pool));
  return arrow::SliceMutableBuffer(room, 0, size);
}

SnappyPage SnappyOf(const arrow::Buffer& compressed, arrow::Buffer* body) {
  return {{compressed.data(), static_cast<size_t>(compressed.size())},
          body->mutable_data(),
          body->size()};
}

}  // namespace

arrow::Result<PageOpener> PageOpener::Make(const Options& options) {
  return CatchParquet([&]() -> arrow::Result<PageOpener> {
    return PageOpener(options, parquet::GetCodec(options.compression));
  });
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
                       a.compressed != nullptr && a.body_bytes > 0 && b.compressed != nullptr &&
                       b.body_bytes > 0;
  if (in_step) {
    ARROW_ASSIGN_OR_RAISE(a.page.body, AllocateBody(a.body_bytes, options_.pool));
    ARROW_ASSIGN_OR_RAISE(b.page.body, AllocateBody(b.body_bytes, options_.pool));
    ARROW_RETURN_NOT_OK(DecompressSnappy(SnappyOf(*a.compressed, a.page.body.get()),
                                         SnappyOf(*b.compressed, b.page.body.get())));
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
  const auto data = arrow::SliceBuffer(bytes, header->header_size, header->compressed_size);
  ARROW_RETURN_NOT_OK(CheckCrc(*header, *data));
  Wrapped out;
  out.page.header = *header;
  if (header->kind == PageHeader::Kind::kDataV2) {
    ARROW_RETURN_NOT_OK(UnwrapV2(data, &out));
  } else if (codec_ != nullptr) {
    out.compressed = data;
    out.body_bytes = header->uncompressed_size;
  } else {
    out.page.body = data;
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
    out->compressed = body;
    out->body_bytes = header.uncompressed_size - level_bytes;
  }
  return arrow::Status::OK();
}

arrow::Status PageOpener::Decompress(Wrapped* page) {
  if (page->compressed == nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(page->page.body, AllocateBody(page->body_bytes, options_.pool));
  if (page->body_bytes == 0) return arrow::Status::OK();
  if (options_.compression == arrow::Compression::SNAPPY) {
    return DecompressSnappy(SnappyOf(*page->compressed, page->page.body.get()));
  }
  return DecompressByCodec(page);
}

arrow::Status PageOpener::DecompressByCodec(Wrapped* page) {
  const arrow::Buffer& data = *page->compressed;
  if (data.size() == 0) {
    return base::CorruptData("no bytes to decompress {} from", page->body_bytes);
  }
  if (options_.compression == arrow::Compression::ZSTD) {
    ARROW_ASSIGN_OR_RAISE(const bool done, options_.zstd->TryDecompress(
                                               {data.data(), static_cast<size_t>(data.size())},
                                               page->page.body->mutable_data(), page->body_bytes));
    if (done) return arrow::Status::OK();
  }
  auto size = codec_->Decompress(data.size(), data.data(), page->body_bytes,
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
