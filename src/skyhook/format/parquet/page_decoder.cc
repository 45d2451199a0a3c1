#include "skyhook/format/parquet/page_decoder.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <limits>
#include <span>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/encoded_values.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/plain_values.h"
#include "skyhook/vector/gather.h"

namespace skyhook::format {
namespace {

using arrow::ArrayData;
using ArrayDataPtr = std::shared_ptr<ArrayData>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

/// A bit for each level, set where it is `valid`.
void PackLevels(std::span<const int16_t> levels, int16_t valid, uint8_t* bits) {
  for (size_t i = 0; i < levels.size(); i += 8) {
    const size_t count = std::min<size_t>(8, levels.size() - i);
    uint32_t byte = 0;
    for (size_t j = 0; j < count; ++j) byte |= uint32_t{levels[i + j] == valid} << j;
    bits[i / 8] = static_cast<uint8_t>(byte);
  }
}

arrow::Status CheckIndices(const int32_t* indices, int64_t count, int64_t dictionary_length) {
  const auto length = static_cast<uint32_t>(
      std::min<int64_t>(dictionary_length, std::numeric_limits<int32_t>::max()));
  bool outside = false;
  for (int64_t i = 0; i < count; ++i) outside |= static_cast<uint32_t>(indices[i]) >= length;
  if (!outside) return arrow::Status::OK();
  return base::CorruptData("a dictionary index lies outside of the dictionary with {} values",
                           dictionary_length);
}

}  // namespace

arrow::Result<ArrayDataPtr> PageDecoder::DecodeDictionary(const Page& page) {
  const parquet::Encoding::type encoding = page.header.encoding;
  if (encoding != parquet::Encoding::PLAIN && encoding != parquet::Encoding::PLAIN_DICTIONARY) {
    return base::CorruptData("dictionary page in encoding {}", parquet::EncodingToString(encoding));
  }
  return DecodeChecked(page.body, page.header.num_values);
}

arrow::Result<ArrayDataPtr> PageDecoder::DecodeChecked(const BufferPtr& plain, int64_t count) {
  ARROW_ASSIGN_OR_RAISE(ArrayDataPtr values, DecodePlain(column_, plain, count, pool_));
  ARROW_RETURN_NOT_OK(CheckText(column_, *plain, *values));
  return values;
}

arrow::Result<ArrayDataPtr> PageDecoder::Decode(const Page& page, const ArrayDataPtr& dictionary) {
  const int64_t decoded_bytes = int64_t{page.header.num_values} * std::max(column_.engine_width, 4);
  if (decoded_bytes > max_page_bytes_) {
    return base::CorruptData("page of {} values, {} bytes are allowed", page.header.num_values,
                             max_page_bytes_);
  }
  return CatchParquet([&]() -> arrow::Result<ArrayDataPtr> {
    ARROW_ASSIGN_OR_RAISE(Validity validity, DecodeLevels(page));
    ARROW_ASSIGN_OR_RAISE(ArrayDataPtr dense, DecodeValues(page, validity, dictionary));
    if (validity.bits == nullptr) return dense;
    return vector::Spread(*dense, std::move(validity.bits), page.header.num_values, pool_);
  });
}

arrow::Result<PageDecoder::Validity> PageDecoder::DecodeLevels(const Page& page) {
  const int count = page.header.num_values;
  Validity out{nullptr, count, page.body};
  if (!column_.nullable()) return out;
  ARROW_ASSIGN_OR_RAISE(const int64_t consumed, StartLevels(page));
  out.values = arrow::SliceBuffer(page.body, consumed);
  if (count == 0) return out;
  const auto run = level_decoder_.CountUpTo(MaxLevel(), count);
  if (run.processed_count == count && run.matching_count == count) return out;
  ARROW_RETURN_NOT_OK(StartLevels(page));
  ARROW_ASSIGN_OR_RAISE(out.bits, ReadLevels(count, &out.valid_count));
  return out;
}

/// Points the level decoder at the page's definition levels; returns how many bytes of the body
/// they take.
arrow::Result<int64_t> PageDecoder::StartLevels(const Page& page) {
  const PageHeader& header = page.header;
  if (page.levels != nullptr) {
    level_decoder_.SetDataV2(header.definition_bytes, MaxLevel(), header.num_values,
                             page.levels->data() + header.repetition_bytes);
    return 0;
  }
  if (page.body->size() > std::numeric_limits<int32_t>::max()) {
    return base::CorruptData("page of {} bytes", page.body->size());
  }
  const int consumed =
      level_decoder_.SetData(header.level_encoding, MaxLevel(), header.num_values,
                             page.body->data(), static_cast<int32_t>(page.body->size()));
  if (consumed > page.body->size()) {
    return base::CorruptData("{} bytes of levels in a page of {}", consumed, page.body->size());
  }
  return consumed;
}

arrow::Result<BufferPtr> PageDecoder::ReadLevels(int count, int64_t* valid_count) {
  levels_.resize(static_cast<size_t>(count));
  const int decoded = level_decoder_.Decode(count, levels_.data());
  if (decoded != count) {
    return base::CorruptData("{} definition levels where {} are promised", decoded, count);
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr bits, arrow::AllocateEmptyBitmap(count, pool_));
  PackLevels(levels_, MaxLevel(), bits->mutable_data());
  *valid_count = arrow::internal::CountSetBits(bits->data(), 0, count);
  return bits;
}

arrow::Result<ArrayDataPtr> PageDecoder::DecodeValues(const Page& page, const Validity& validity,
                                                      const ArrayDataPtr& dictionary) {
  const parquet::Encoding::type encoding = page.header.encoding;
  if (IsDictionaryEncoding(encoding)) {
    if (dictionary == nullptr) {
      return base::CorruptData("dictionary-encoded page in a chunk without a dictionary page");
    }
    return DecodeIndices(validity, dictionary);
  }
  BufferPtr plain = validity.values;
  if (encoding != parquet::Encoding::PLAIN) {
    ARROW_ASSIGN_OR_RAISE(
        plain, RewriteAsPlain(column_, encoding, *validity.values, validity.valid_count, pool_));
  }
  return DecodeChecked(plain, validity.valid_count);
}

arrow::Result<ArrayDataPtr> PageDecoder::DecodeIndices(const Validity& validity,
                                                       const ArrayDataPtr& dictionary) {
  if (validity.values->size() > std::numeric_limits<int>::max()) {
    return base::CorruptData("page of {} bytes of indices", validity.values->size());
  }
  if (index_decoder_ == nullptr) {
    index_decoder_ = parquet::MakeDictDecoder<parquet::Int32Type>(nullptr, pool_);
    dictionary_type_ = arrow::dictionary(arrow::int32(), column_.type);
  }
  const auto count = static_cast<int>(validity.valid_count);
  ARROW_ASSIGN_OR_RAISE(BufferPtr buffer, arrow::AllocateBuffer(int64_t{4} * count, pool_));
  auto* indices = reinterpret_cast<int32_t*>(buffer->mutable_data());
  if (count > 0) {
    index_decoder_->SetData(count, validity.values->data(),
                            static_cast<int>(validity.values->size()));
    const int decoded = index_decoder_->DecodeIndices(count, indices);
    if (decoded != count) {
      return base::CorruptData("{} dictionary indices where {} are promised", decoded, count);
    }
  }
  ARROW_RETURN_NOT_OK(CheckIndices(indices, count, dictionary->length));
  auto data = ArrayData::Make(dictionary_type_, count, {nullptr, std::move(buffer)},
                              /*null_count=*/0);
  data->dictionary = dictionary;
  return data;
}

}  // namespace skyhook::format
