#include "skyhook/format/parquet/page.h"

#include <arrow/util/crc32.h>
#include <parquet/types.h>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"

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

}  // namespace

arrow::Result<PageOpener> PageOpener::Make(const Options& options) {
  return CatchParquet([&]() -> arrow::Result<PageOpener> {
    return PageOpener(options, parquet::GetCodec(options.compression));
  });
}

arrow::Result<Page> PageOpener::Open(const std::shared_ptr<arrow::Buffer>& bytes) {
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
  Page page;
  page.header = *header;
  if (header->kind == PageHeader::Kind::kDataV2) {
    ARROW_RETURN_NOT_OK(OpenV2(data, &page));
  } else if (codec_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(page.body, Decompress(data, header->uncompressed_size));
  } else {
    page.body = data;
  }
  return page;
}

arrow::Status PageOpener::OpenV2(const std::shared_ptr<arrow::Buffer>& data, Page* page) {
  const PageHeader& header = page->header;
  const int64_t level_bytes = int64_t{header.repetition_bytes} + header.definition_bytes;
  if (level_bytes > data->size() || level_bytes > header.uncompressed_size) {
    return base::CorruptData("page with {} bytes of levels in {} compressed, {} uncompressed",
                             level_bytes, data->size(), header.uncompressed_size);
  }
  page->levels = arrow::SliceBuffer(data, 0, level_bytes);
  page->body = arrow::SliceBuffer(data, level_bytes);
  const bool compressed = header.is_compressed || options_.v2_always_compressed;
  if (codec_ == nullptr || !compressed || page->body->size() == 0) return arrow::Status::OK();
  return Decompress(page->body, header.uncompressed_size - level_bytes).Value(&page->body);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> PageOpener::Decompress(
    const std::shared_ptr<arrow::Buffer>& data, int64_t uncompressed_size) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> out,
                        arrow::AllocateBuffer(uncompressed_size, options_.pool));
  if (uncompressed_size == 0 || data->size() == 0) {
    if (uncompressed_size == 0) return out;
    return base::CorruptData("no bytes to decompress {} from", uncompressed_size);
  }
  auto size =
      codec_->Decompress(data->size(), data->data(), uncompressed_size, out->mutable_data());
  if (!size.ok()) {
    return base::CorruptData("page does not decompress: {}", size.status().message());
  }
  if (*size != uncompressed_size) {
    return base::CorruptData("page decompresses to {} bytes where the header says {}", *size,
                             uncompressed_size);
  }
  return out;
}

}  // namespace skyhook::format
