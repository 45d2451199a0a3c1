#include "skyhook/format/parquet/page.h"

#include <arrow/util/crc32.h>
#include <parquet/types.h>

#include <algorithm>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/snappy.h"

namespace skyhook::format {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

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

}  // namespace

/// A page's bytes, of many pages that are soon let go: in one piece with what counts who holds it.
class PageOpener::Body final : public arrow::MutableBuffer {
 public:
  /// `data` was allocated in `pool`, with room for what Snappy may write behind `size` bytes.
  Body(uint8_t* data, int64_t size, arrow::MemoryPool* pool)
      : MutableBuffer(data, size), data_of_pool_(data), pool_(pool) {}
  ~Body() override { pool_->Free(data_of_pool_, size() + kSnappySlack); }

  /// Keeps the first `size` bytes, and memory for no more: who holds them holds nothing else.
  arrow::Status Cut(int64_t size) {
    ARROW_RETURN_NOT_OK(
        pool_->Reallocate(size_ + kSnappySlack, size + kSnappySlack, &data_of_pool_));
    data_ = data_of_pool_;
    size_ = size;
    capacity_ = size;
    return arrow::Status::OK();
  }

 private:
  uint8_t* data_of_pool_;
  arrow::MemoryPool* const pool_;
};

arrow::Result<PageOpener> PageOpener::Make(const Options& options) {
  return CatchParquet([&]() -> arrow::Result<PageOpener> {
    return PageOpener(options, parquet::GetCodec(options.compression));
  });
}

arrow::Result<std::shared_ptr<PageOpener::Body>> PageOpener::AllocateBody(int64_t size) const {
  uint8_t* data = nullptr;
  ARROW_RETURN_NOT_OK(options_.pool->Allocate(size + kSnappySlack, &data));
  return std::make_shared<Body>(data, size, options_.pool);
}

arrow::Result<Page> PageOpener::Open(const StoredPage& page) {
  ARROW_ASSIGN_OR_RAISE(Wrapped wrapped, Unwrap(page));
  ARROW_RETURN_NOT_OK(Decompress(&wrapped));
  return std::move(wrapped.page);
}

arrow::Result<std::array<Page, 2>> PageOpener::OpenBoth(const StoredPage& first,
                                                        const StoredPage& second) {
  ARROW_ASSIGN_OR_RAISE(Wrapped a, Unwrap(first));
  ARROW_ASSIGN_OR_RAISE(Wrapped b, Unwrap(second));
  const auto compressed = [](const Page& page) {
    return page.body == nullptr && page.body_bytes > 0;
  };
  if (options_.compression == arrow::Compression::SNAPPY && compressed(a.page) &&
      compressed(b.page)) {
    ARROW_RETURN_NOT_OK(DecompressInStep(&a, &b));
  } else {
    ARROW_RETURN_NOT_OK(Decompress(&a));
    ARROW_RETURN_NOT_OK(Decompress(&b));
  }
  return std::array<Page, 2>{std::move(a.page), std::move(b.page)};
}

arrow::Result<PageOpener::Wrapped> PageOpener::Unwrap(const StoredPage& stored) {
  const std::shared_ptr<arrow::Buffer>& bytes = stored.bytes;
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
  out.need = stored.need;
  if (header->kind == PageHeader::Kind::kDataV2) {
    ARROW_RETURN_NOT_OK(
        UnwrapV2(arrow::SliceBuffer(bytes, header->header_size, header->compressed_size), &out));
  } else if (codec_ != nullptr) {
    out.compressed = data;
    out.page.body_bytes = header->uncompressed_size;
  } else {
    out.page.body = arrow::SliceBuffer(bytes, header->header_size, header->compressed_size);
  }
  if (out.page.body != nullptr) out.page.body_bytes = out.page.body->size();
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
    out->page.body_bytes = header.uncompressed_size - level_bytes;
  }
  return arrow::Status::OK();
}

int64_t PageOpener::Wrapped::Need(const arrow::Buffer& body, int64_t there) const {
  if (need == nullptr) return page.body_bytes;
  const int64_t bytes = need(page, {body.data(), static_cast<size_t>(there)}, page.body_bytes);
  return std::clamp<int64_t>(bytes, 0, page.body_bytes);
}

arrow::Status PageOpener::ReadNeeded(std::shared_ptr<Body> body, int64_t need, SnappyReader* reader,
                                     Wrapped* out) {
  for (;;) {
    ARROW_RETURN_NOT_OK(reader->ReadUntil(need));
    if (need == body->size()) break;
    need = out->Need(*body, reader->there());
    if (need < body->size() && need <= reader->there()) break;
  }
  if (need < body->size()) ARROW_RETURN_NOT_OK(body->Cut(need));
  out->page.body = std::move(body);
  return arrow::Status::OK();
}

arrow::Status PageOpener::DecompressInStep(Wrapped* first, Wrapped* second) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Body> body_of_first, AllocateBody(first->page.body_bytes));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Body> body_of_second,
                        AllocateBody(second->page.body_bytes));
  SnappyReader a({first->compressed, body_of_first->mutable_data(), body_of_first->size()});
  SnappyReader b({second->compressed, body_of_second->mutable_data(), body_of_second->size()});
  const int64_t need_of_first = first->Need(*body_of_first, 0);
  const int64_t need_of_second = second->Need(*body_of_second, 0);
  SnappyReader::InStep(&a, need_of_first, &b, need_of_second);
  ARROW_RETURN_NOT_OK(ReadNeeded(std::move(body_of_first), need_of_first, &a, first));
  return ReadNeeded(std::move(body_of_second), need_of_second, &b, second);
}

arrow::Status PageOpener::Decompress(Wrapped* page) {
  if (page->page.body != nullptr) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Body> body, AllocateBody(page->page.body_bytes));
  if (body->size() > 0 && options_.compression == arrow::Compression::SNAPPY) {
    SnappyReader reader({page->compressed, body->mutable_data(), body->size()});
    const int64_t need = page->Need(*body, 0);
    return ReadNeeded(std::move(body), need, &reader, page);
  }
  if (body->size() > 0) ARROW_RETURN_NOT_OK(DecompressByCodec(page->compressed, body.get()));
  page->page.body = std::move(body);
  return arrow::Status::OK();
}

arrow::Status PageOpener::DecompressByCodec(std::span<const uint8_t> data, arrow::Buffer* body) {
  if (data.empty()) {
    return base::CorruptData("no bytes to decompress {} from", body->size());
  }
  if (options_.compression == arrow::Compression::ZSTD) {
    ARROW_ASSIGN_OR_RAISE(const bool done,
                          options_.zstd->TryDecompress(data, body->mutable_data(), body->size()));
    if (done) return arrow::Status::OK();
  }
  auto size = codec_->Decompress(static_cast<int64_t>(data.size()), data.data(), body->size(),
                                 body->mutable_data());
  if (!size.ok()) {
    return base::CorruptData("page does not decompress: {}", size.status().message());
  }
  if (*size != body->size()) {
    return base::CorruptData("page decompresses to {} bytes where the header says {}", *size,
                             body->size());
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::format
