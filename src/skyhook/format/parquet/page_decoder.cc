#include "skyhook/format/parquet/page_decoder.h"

#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
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

/// See vector::SpreadBits.
arrow::Result<BufferPtr> SpreadBits(const arrow::Buffer& dense, const arrow::Buffer& validity,
                                    int64_t length, bool null, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, AllocateWords(length, pool));
  vector::SpreadBits(dense.data(), validity.data(), length, null, out->mutable_data());
  return out;
}

/// A body that is a small part of a larger buffer keeps all of that alive for as long as a value of
/// the page is held: a copy of its own then.
arrow::Result<BufferPtr> Owned(const BufferPtr& body, arrow::MemoryPool* pool) {
  const arrow::Buffer* whole = body.get();
  while (whole->parent() != nullptr) whole = whole->parent().get();
  if (whole->size() / 2 < body->size()) return body;
  return body->CopySlice(0, body->size(), pool);
}

/// Positions of rows as positions of the values that are not null.
struct DensePositions {
  std::vector<int32_t> positions;           ///< of those that are valid, shifted
  std::shared_ptr<arrow::Buffer> validity;  ///< a bit for each of the rows
};

arrow::Result<DensePositions> DenseOf(const arrow::Buffer& validity,
                                      std::span<const int32_t> positions, int64_t shift,
                                      arrow::MemoryPool* pool) {
  const auto count = static_cast<int64_t>(positions.size());
  DensePositions out;
  ARROW_ASSIGN_OR_RAISE(out.validity, arrow::AllocateEmptyBitmap(count, pool));
  int64_t rank = 0;  // of values before `counted`
  int64_t counted = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = positions[static_cast<size_t>(i)] - shift;
    rank += arrow::internal::CountSetBits(validity.data(), counted, row - counted);
    counted = row;
    if (!arrow::bit_util::GetBit(validity.data(), row)) continue;
    arrow::bit_util::SetBit(out.validity->mutable_data(), i);
    out.positions.push_back(static_cast<int32_t>(rank));
  }
  return out;
}

/// The bytes of a page's body that hold the first `rows` values of a column of text that is stored
/// plain, and the levels in front of them. Of so many rows no more values are there.
class NeedOfTexts {
 public:
  NeedOfTexts(bool nullable, int64_t rows) : nullable_(nullable), rows_(rows) {}

  int64_t operator()(const Page& page, std::span<const uint8_t> there, int64_t body_bytes) {
    if (page.header.encoding != parquet::Encoding::PLAIN || rows_ >= page.header.num_values) {
      return body_bytes;
    }
    if (!levels_.has_value()) {
      if (nullable_ && page.levels == nullptr &&
          page.header.level_encoding != parquet::Encoding::RLE) {
        return body_bytes;
      }
      levels_ = LevelBytes(page, there);
    }
    const auto size = static_cast<int64_t>(there.size());
    if (!levels_.has_value() || *levels_ > size) return More(page, size, body_bytes);
    const arrow::Buffer values(there.data() + *levels_, size - *levels_);
    uint32_t length;
    while (cursor_.value < rows_) {
      if (!cursor_.Take(values, &length)) return More(page, size, body_bytes);
    }
    return *levels_ + cursor_.offset;
  }

 private:
  /// Of the body; nothing where too few of its bytes are there to tell.
  std::optional<int64_t> LevelBytes(const Page& page, std::span<const uint8_t> there) const {
    if (!nullable_ || page.levels != nullptr) return 0;
    uint32_t length;
    if (there.size() < sizeof(length)) return std::nullopt;
    std::memcpy(&length, there.data(), sizeof(length));
    return int64_t{sizeof(length)} + length;
  }

  /// What so many rows should take, and then a part more each time.
  int64_t More(const Page& page, int64_t there, int64_t body_bytes) const {
    const int64_t expected = body_bytes / page.header.num_values * rows_;
    return std::max({expected + expected / kPart, there + there / kPart, there + kLeastMore});
  }

  static constexpr int64_t kPart = 16;
  static constexpr int64_t kLeastMore = 1024;

  bool nullable_;
  int64_t rows_;
  std::optional<int64_t> levels_;  ///< bytes in front of the values, once they are known
  vector::PlainCursor cursor_;
};

}  // namespace

BodyNeed PageDecoder::NeedOf(int64_t rows) const {
  if (column_.conversion != Conversion::kView) return nullptr;
  return NeedOfTexts(column_.nullable(), rows);
}

arrow::Result<ArrayDataPtr> PageDecoder::DecodeDictionary(const Page& page) {
  const parquet::Encoding::type encoding = page.header.encoding;
  if (encoding != parquet::Encoding::PLAIN && encoding != parquet::Encoding::PLAIN_DICTIONARY) {
    return base::CorruptData("dictionary page in encoding {}", parquet::EncodingToString(encoding));
  }
  ARROW_ASSIGN_OR_RAISE(const BufferPtr body, Owned(page.body, pool_));
  return DecodeChecked(body, page.header.num_values);
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
  if (positions.empty()) return nullptr;
  if (!state->picks.has_value()) {
    const bool text = column_.conversion == Conversion::kView &&
                      page.encoding == parquet::Encoding::PLAIN &&
                      IsPlainAscii(column_, *page.values);
    state->picks = page.is_dictionary() ? dictionary != nullptr : text;
  }
  if (!*state->picks) return nullptr;
  if (page.validity == nullptr) return PickValues(page, dictionary, positions, shift, state);
  ARROW_ASSIGN_OR_RAISE(const DensePositions dense,
                        DenseOf(*page.validity, positions, shift, pool_));
  if (dense.positions.empty()) {
    const auto& type = page.is_dictionary() ? dictionary_type_ : column_.type;
    ARROW_ASSIGN_OR_RAISE(
        const auto nulls,
        arrow::MakeArrayOfNull(type, static_cast<int64_t>(positions.size()), pool_));
    ArrayDataPtr data = nulls->data();
    if (page.is_dictionary()) data->dictionary = dictionary;
    return data;
  }
  ARROW_ASSIGN_OR_RAISE(const ArrayDataPtr values,
                        PickValues(page, dictionary, dense.positions, 0, state));
  if (dense.positions.size() == positions.size()) return values;
  return vector::Spread(*values, dense.validity, static_cast<int64_t>(positions.size()), pool_);
}

arrow::Result<ArrayDataPtr> PageDecoder::PickValues(const EncodedPage& page,
                                                    const ArrayDataPtr& dictionary,
                                                    std::span<const int32_t> positions,
                                                    int64_t shift, PickState* state) {
  const auto count = static_cast<int64_t>(positions.size());
  if (page.is_dictionary()) {
    ARROW_ASSIGN_OR_RAISE(BufferPtr codes, arrow::AllocateBuffer(4 * count, pool_));
    ARROW_RETURN_NOT_OK(PickPageCodes(SpanOf(*page.values), positions, shift, NumCodes(*dictionary),
                                      reinterpret_cast<uint32_t*>(codes->mutable_data())));
    return DictionaryData(count, std::move(codes), dictionary);
  }
  if (positions.front() - shift < state->cursor.value) state->cursor = {};
  ARROW_ASSIGN_OR_RAISE(
      BufferPtr views,
      vector::PickViews(*page.values, page.valid_count, positions, shift, &state->cursor, pool_));
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
  ARROW_ASSIGN_OR_RAISE(const bool known, ReadBits(page, &out));
  if (known) return out;
  ARROW_ASSIGN_OR_RAISE(const int64_t consumed, StartLevels(page));
  out.values = arrow::SliceBuffer(page.body, consumed);
  if (count == 0) return out;
  ARROW_ASSIGN_OR_RAISE(out.validity, ReadValidity(count, &out.valid_count));
  if (out.valid_count == count) out.validity = nullptr;
  return out;
}

/// Levels of one bit each, which are a bitmap; false: they are others.
arrow::Result<bool> PageDecoder::ReadBits(const Page& page, EncodedPage* out) {
  const bool is_v2 = page.levels != nullptr;
  if (MaxLevel() != 1 || (!is_v2 && page.header.level_encoding != parquet::Encoding::RLE)) {
    return false;
  }
  std::span<const uint8_t> levels;
  if (is_v2) {
    levels = SpanOf(*page.levels).subspan(static_cast<size_t>(page.header.repetition_bytes));
  } else {
    uint32_t length = 0;
    const std::span<const uint8_t> body = SpanOf(*page.body);
    if (body.size() >= sizeof(length)) std::memcpy(&length, body.data(), sizeof(length));
    if (body.size() < sizeof(length) || length > body.size() - sizeof(length)) {
      return base::CorruptData("{} bytes of levels in a page of {}", length, body.size());
    }
    levels = body.subspan(sizeof(length), length);
    out->values = arrow::SliceBuffer(page.body, static_cast<int64_t>(sizeof(length)) + length);
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr bits, AllocateWords(out->num_values, pool_));
  ARROW_RETURN_NOT_OK(
      UnpackLevels(levels, out->num_values, reinterpret_cast<uint64_t*>(bits->mutable_data())));
  out->valid_count = arrow::internal::CountSetBits(bits->data(), 0, out->num_values);
  if (out->valid_count < out->num_values) out->validity = std::move(bits);
  return true;
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
  for (int row = 0; row < count; ++row) {
    if (levels_[static_cast<size_t>(row)] == MaxLevel()) {
      arrow::bit_util::SetBit(bits->mutable_data(), row);
    }
  }
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
