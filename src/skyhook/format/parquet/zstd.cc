#include "skyhook/format/parquet/zstd.h"

#include <cstddef>

namespace skyhook::format {
namespace {

constexpr uint64_t kMagic = 0xFD2FB528;
constexpr size_t kMagicBytes = 4;

uint64_t LittleEndian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

}  // namespace

int64_t ZstdContentBytes(std::span<const uint8_t> frame) {
  if (frame.size() <= kMagicBytes || LittleEndian(frame.first(kMagicBytes)) != kMagic) return -1;
  const uint8_t descriptor = frame[kMagicBytes];
  const bool single_segment = (descriptor & 0x20) != 0;
  constexpr size_t kDictionaryIdBytes[] = {0, 1, 2, 4};
  const size_t skipped =
      kMagicBytes + 1 + (single_segment ? 0 : 1) + kDictionaryIdBytes[descriptor & 3];
  const size_t flag = descriptor >> 6;
  if (flag == 0 && !single_segment) return -1;
  const size_t bytes = size_t{1} << flag;
  if (frame.size() < skipped + bytes) return -1;
  const uint64_t content = LittleEndian(frame.subspan(skipped, bytes)) + (bytes == 2 ? 256 : 0);
  return content <= INT64_MAX ? static_cast<int64_t>(content) : -1;
}

arrow::Result<bool> ZstdDecompressor::TryDecompress(std::span<const uint8_t> compressed,
                                                    uint8_t* out, int64_t size) {
  if (ZstdContentBytes(compressed) != size) return false;
  if (context_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(codec_, arrow::util::Codec::Create(arrow::Compression::ZSTD));
    ARROW_ASSIGN_OR_RAISE(context_, codec_->MakeDecompressor());
  } else {
    ARROW_RETURN_NOT_OK(context_->Reset());
  }
  const auto input = static_cast<int64_t>(compressed.size());
  const auto done = context_->Decompress(input, compressed.data(), size, out);
  return done.ok() && context_->IsFinished() && done->bytes_read == input &&
         done->bytes_written == size;
}

}  // namespace skyhook::format
