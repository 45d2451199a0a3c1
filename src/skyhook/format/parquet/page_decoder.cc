#include "skyhook/format/parquet/page_decoder.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <limits>
#include <span>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/encoded_values.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/page_codes.h"
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

std::span<const uint8_t> SpanOf(const arrow::Buffer& buffer) {
  return {buffer.data(), static_cast<size_t>(buffer.size())};
}

/// Arrow's indices are signed.
int64_t NumCodes(const ArrayData& dictionary) {
  return std::min<int64_t>(dictionary.length, std::numeric_limits<int32_t>::max());
}

/// Whole words of a bitmap, so that they can be written 64 bits at a time.
arrow::Result<BufferPtr> AllocateWords(int64_t bits, arrow::MemoryPool* pool) {
  return arrow::AllocateBuffer((bits + 63) / 64 * 8, pool);
}

/// The bits of `dense` at the set bits of `validity`, and `null` elsewhere; all of `length` rows.
arrow::Result<BufferPtr> SpreadBits(const arrow::Buffer& dense, const arrow::Buffer& validity,
                                    int64_t length, bool null, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateEmptyBitmap(length, pool));
  int64_t next = 0;
  for (int64_t row = 0; row < length; ++row) {
    const bool valid = arrow::bit_util::GetBit(validity.data(), row);
    const bool bit = valid ? arrow::bit_util::GetBit(dense.data(), next) : null;
    next += valid ? 1 : 0;
    if (bit) arrow::bit_util::SetBit(out->mutable_data(), row);
  }
  return out;
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

arrow::Status PageDecoder::CheckDecodedSize(int64_t num_values) const {
  const int64_t decoded_bytes = num_values * std::max(column_.engine_width, 4);
  if (decoded_bytes <= max_page_bytes_) return arrow::Status::OK();
  return base::CorruptData("page of {} values, {} bytes are allowed", num_values, max_page_bytes_);
}

arrow::Result<ArrayDataPtr> PageDecoder::Decode(const EncodedPage& page,
                                                const ArrayDataPtr& dictionary) {
  return CatchParquet([&]() -> arrow::Result<ArrayDataPtr> {
    ARROW_ASSIGN_OR_RAISE(ArrayDataPtr dense, DecodeValues(page, dictionary));
    if (page.validity == nullptr) return dense;
    return vector::Spread(*dense, page.validity, page.num_values, pool_);
  });
}

arrow::Result<ArrayDataPtr> PageDecoder::Pick(const EncodedPage& page,
                                              const ArrayDataPtr& dictionary,
                                              std::span<const int32_t> positions, int64_t shift,
                                              PickState* state) {
  const auto count = static_cast<int64_t>(positions.size());
  if (count == 0) return nullptr;
  if (!state->picks.has_value()) {
    const bool text = column_.conversion == Conversion::kView &&
                      page.encoding == parquet::Encoding::PLAIN &&
                      IsPlainAscii(column_, *page.values);
    state->picks =
        page.validity == nullptr && (page.is_dictionary() ? dictionary != nullptr : text);
  }
  if (!*state->picks) return nullptr;
  if (page.is_dictionary()) {
    ARROW_ASSIGN_OR_RAISE(BufferPtr codes, arrow::AllocateBuffer(4 * count, pool_));
    ARROW_RETURN_NOT_OK(PickPageCodes(SpanOf(*page.values), positions, shift, NumCodes(*dictionary),
                                      reinterpret_cast<uint32_t*>(codes->mutable_data())));
    return DictionaryData(count, std::move(codes), dictionary);
  }
  if (positions.front() - shift < state->cursor.value) state->cursor = {};
  ARROW_ASSIGN_OR_RAISE(BufferPtr views, vector::PickViews(*page.values, page.num_values, positions,
                                                           shift, &state->cursor, pool_));
  auto data = ArrayData::Make(column_.type, count, {nullptr, std::move(views), page.values},
                              /*null_count=*/0);
  ARROW_RETURN_NOT_OK(vector::CompactViews(data.get(), pool_));
  return data;
}

arrow::Result<BufferPtr> PageDecoder::Test(const EncodedPage& page, const CodeSet& set,
                                           bool null_passes) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr bits, AllocateWords(page.valid_count, pool_));
  ARROW_RETURN_NOT_OK(TestPageCodes(SpanOf(*page.values), page.valid_count, set,
                                    reinterpret_cast<uint64_t*>(bits->mutable_data())));
  if (page.validity == nullptr) return bits;
  return SpreadBits(*bits, *page.validity, page.num_values, null_passes, pool_);
}

arrow::Result<BufferPtr> PageDecoder::Find(const EncodedPage& page, const vector::Substring& text) {
  if (column_.conversion != Conversion::kView || page.encoding != parquet::Encoding::PLAIN) {
    return nullptr;
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr bits, arrow::AllocateEmptyBitmap(page.valid_count, pool_));
  ARROW_ASSIGN_OR_RAISE(const bool found, FindInPlain(column_, *page.values, page.valid_count, text,
                                                      bits->mutable_data()));
  if (!found) return nullptr;
  if (page.validity == nullptr) return bits;
  return SpreadBits(*bits, *page.validity, page.num_values, /*null=*/false, pool_);
}

arrow::Result<EncodedPage> PageDecoder::DecodeLevels(const Page& page) {
  ARROW_RETURN_NOT_OK(CheckDecodedSize(page.header.num_values));
  return CatchParquet([&] { return ReadLevels(page); });
}

arrow::Result<EncodedPage> PageDecoder::ReadLevels(const Page& page) {
  const int count = page.header.num_values;
  EncodedPage out{page.header.encoding, count, nullptr, count, page.body};
  if (!column_.nullable()) return out;
  ARROW_ASSIGN_OR_RAISE(const int64_t consumed, StartLevels(page));
  out.values = arrow::SliceBuffer(page.body, consumed);
  if (count == 0) return out;
  const auto run = level_decoder_.CountUpTo(MaxLevel(), count);
  if (run.processed_count == count && run.matching_count == count) return out;
  ARROW_RETURN_NOT_OK(StartLevels(page));
  ARROW_ASSIGN_OR_RAISE(out.validity, ReadValidity(count, &out.valid_count));
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

arrow::Result<BufferPtr> PageDecoder::ReadValidity(int count, int64_t* valid_count) {
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

arrow::Result<ArrayDataPtr> PageDecoder::DecodeValues(const EncodedPage& page,
                                                      const ArrayDataPtr& dictionary) {
  if (page.is_dictionary()) {
    if (dictionary == nullptr) {
      return base::CorruptData("dictionary-encoded page in a chunk without a dictionary page");
    }
    return DecodeIndices(page, dictionary);
  }
  BufferPtr plain = page.values;
  if (page.encoding != parquet::Encoding::PLAIN) {
    ARROW_ASSIGN_OR_RAISE(
        plain, RewriteAsPlain(column_, page.encoding, *page.values, page.valid_count, pool_));
  }
  return DecodeChecked(plain, page.valid_count);
}

arrow::Result<ArrayDataPtr> PageDecoder::DecodeIndices(const EncodedPage& page,
                                                       const ArrayDataPtr& dictionary) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr codes, arrow::AllocateBuffer(4 * page.valid_count, pool_));
  ARROW_RETURN_NOT_OK(UnpackPageCodes(SpanOf(*page.values), page.valid_count, NumCodes(*dictionary),
                                      reinterpret_cast<uint32_t*>(codes->mutable_data())));
  return DictionaryData(page.valid_count, std::move(codes), dictionary);
}

ArrayDataPtr PageDecoder::DictionaryData(int64_t count, BufferPtr codes,
                                         const ArrayDataPtr& dictionary) const {
  auto data = ArrayData::Make(dictionary_type_, count, {nullptr, std::move(codes)},
                              /*null_count=*/0);
  data->dictionary = dictionary;
  return data;
}

}  // namespace skyhook::format
