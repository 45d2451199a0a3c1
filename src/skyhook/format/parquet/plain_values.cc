#include "skyhook/format/parquet/plain_values.h"

#include <arrow/array/array_binary.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/decimal.h>
#include <arrow/util/endian.h>
#include <arrow/util/float16.h>
#include <arrow/util/string.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

#include "skyhook/base/status.h"
#include "skyhook/vector/views.h"

namespace skyhook::format {
namespace {

using arrow::ArrayData;
using arrow::Buffer;
using BufferPtr = std::shared_ptr<Buffer>;

/// Of a value that is named in a message.
constexpr size_t kBytesShown = 16;

arrow::Status CheckHolds(const Buffer& bytes, int64_t count, int64_t width) {
  if (count <= bytes.size() / width) return arrow::Status::OK();
  return base::CorruptData("{} values of {} bytes in a page with {} bytes of values", count, width,
                           bytes.size());
}

std::shared_ptr<ArrayData> Values(const FlatColumn& column, int64_t count, BufferPtr values) {
  return ArrayData::Make(column.type, count, {nullptr, std::move(values)}, /*null_count=*/0);
}

arrow::Result<BufferPtr> DecodeBits(const BufferPtr& bytes, int64_t count) {
  const int64_t size = arrow::bit_util::BytesForBits(count);
  if (size > bytes->size()) {
    return base::CorruptData("{} booleans in a page with {} bytes of values", count, bytes->size());
  }
  return arrow::SliceBuffer(bytes, 0, size);
}

/// Alignment that typed access to values of `width` bytes needs.
uintptr_t AlignmentOf(int width) {
  switch (width) {
    case 2:
    case 4:
    case 8:
    case 16:
      return static_cast<uintptr_t>(width);
    default:
      return 1;
  }
}

arrow::Result<BufferPtr> Copy(const FlatColumn& column, const BufferPtr& bytes, int64_t count,
                              arrow::MemoryPool* pool) {
  const int64_t size = count * column.engine_width;
  const auto address = reinterpret_cast<uintptr_t>(bytes->data());
  if (address % AlignmentOf(column.engine_width) == 0) return arrow::SliceBuffer(bytes, 0, size);
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateBuffer(size, pool));
  if (size > 0) std::memcpy(out->mutable_data(), bytes->data(), static_cast<size_t>(size));
  return out;
}

template <typename Out>
arrow::Result<BufferPtr> ConvertInt32(const BufferPtr& bytes, int64_t count,
                                      arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out,
                        arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(Out)), pool));
  auto* values = reinterpret_cast<Out*>(out->mutable_data());
  const uint8_t* in = bytes->data();
  for (int64_t i = 0; i < count; ++i) {
    int32_t value;
    std::memcpy(&value, in + 4 * i, 4);
    values[i] = static_cast<Out>(value);
  }
  return out;
}

/// The two's complement number in `length` (1 to 16) big-endian bytes.
__int128 LoadNarrow(const uint8_t* bytes, int length) {
  uint8_t raw[16];
  std::memset(raw, (bytes[0] & 0x80u) != 0 ? 0xff : 0, sizeof(raw));
  std::memcpy(raw + sizeof(raw) - length, bytes, static_cast<size_t>(length));
  uint64_t high;
  uint64_t low;
  std::memcpy(&high, raw, 8);
  std::memcpy(&low, raw + 8, 8);
  const auto value = static_cast<unsigned __int128>(arrow::bit_util::FromBigEndian(high)) << 64 |
                     arrow::bit_util::FromBigEndian(low);
  return static_cast<__int128>(value);
}

/// The same for 1 to 8 bytes where 8 may be read.
int64_t LoadShortBigEndian(const uint8_t* bytes, int length) {
  uint64_t value;
  std::memcpy(&value, bytes, 8);
  return static_cast<int64_t>(arrow::bit_util::FromBigEndian(value)) >> (64 - 8 * length);
}

/// The most bytes that a value of Out is stored in.
template <typename Out>
constexpr int64_t kMostBytes = std::max<int64_t>(sizeof(Out), 16);

/// The number in `length` (1 to kMostBytes<Out>) big-endian bytes.
template <typename Out>
arrow::Status LoadBigEndian(const uint8_t* bytes, int length, Out* out) {
  if constexpr (std::is_same_v<Out, arrow::Decimal256>) {
    return Out::FromBigEndian(bytes, length).Value(out);
  } else {
    const __int128 value = LoadNarrow(bytes, length);
    *out = static_cast<Out>(value);
    if (*out == value) return arrow::Status::OK();
    return base::CorruptData("a decimal does not fit into {} bytes", sizeof(Out));
  }
}

template <typename Out>
arrow::Status ConvertFixedDecimals(const FlatColumn& column, const Buffer& bytes, int64_t count,
                                   Out* out) {
  const int width = column.physical_width;
  const uint8_t* in = bytes.data();
  int64_t i = 0;
  if (width <= 8) {
    for (; i < count && i * width + 8 <= bytes.size(); ++i) {
      out[i] = LoadShortBigEndian(in + i * width, width);
    }
  }
  for (; i < count; ++i) ARROW_RETURN_NOT_OK(LoadBigEndian(in + i * width, width, out + i));
  return arrow::Status::OK();
}

template <typename Out>
arrow::Status ConvertVariableDecimals(const Buffer& bytes, int64_t count, Out* out) {
  const uint8_t* in = bytes.data();
  const uint8_t* end = in + bytes.size();
  for (int64_t i = 0; i < count; ++i) {
    uint32_t length = 0;
    if (end - in >= 4) std::memcpy(&length, in, 4);
    if (length < 1 || length > kMostBytes<Out> || end - in - 4 < int64_t{length}) {
      return base::CorruptData("decimal {} of {} has {} bytes where {} are left", i, count, length,
                               end - in);
    }
    ARROW_RETURN_NOT_OK(LoadBigEndian(in + 4, static_cast<int>(length), out + i));
    in += 4 + length;
  }
  return arrow::Status::OK();
}

template <typename Out>
arrow::Result<BufferPtr> ConvertDecimals(const FlatColumn& column, const BufferPtr& bytes,
                                         int64_t count, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out,
                        arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(Out)), pool));
  auto* values = reinterpret_cast<Out*>(out->mutable_data());
  if (column.physical_type() == parquet::Type::BYTE_ARRAY) {
    ARROW_RETURN_NOT_OK(ConvertVariableDecimals(*bytes, count, values));
  } else {
    ARROW_RETURN_NOT_OK(ConvertFixedDecimals(column, *bytes, count, values));
  }
  return out;
}

/// 10 to the power of `exponent` (0 to 38, of int64_t to 18).
template <typename Out>
constexpr Out PowerOfTen(int exponent) {
  Out power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// Arithmetic relies on values having no more digits than their type: a file may hold others.
template <typename Out>
arrow::Status CheckDigits(const FlatColumn& column, const Buffer& values, int64_t count) {
  const int precision = static_cast<const arrow::DecimalType&>(*column.type).precision();
  const Out limit = PowerOfTen<Out>(precision);
  const auto* numbers = reinterpret_cast<const Out*>(values.data());
  bool fits = true;
  for (int64_t i = 0; i < count; ++i) fits &= (numbers[i] < limit) & (numbers[i] > -limit);
  if (fits) return arrow::Status::OK();
  const auto* beyond = std::find_if(numbers, numbers + count, [limit](Out number) {
    return number >= limit || number <= -limit;
  });
  const arrow::Decimal128 number(static_cast<int64_t>(static_cast<__int128>(*beyond) >> 64),
                                 static_cast<uint64_t>(*beyond));
  return base::CorruptData("the unscaled value {} has more digits than {}",
                           number.ToIntegerString(), column.type->ToString());
}

arrow::Status CheckWideDigits(const FlatColumn& column, const Buffer& values, int64_t count) {
  const int precision = static_cast<const arrow::DecimalType&>(*column.type).precision();
  for (int64_t i = 0; i < count; ++i) {
    const arrow::Decimal256 number(values.data() + 32 * i);
    if (number.FitsInPrecision(precision)) continue;
    return base::CorruptData("the unscaled value {} has more digits than {}",
                             number.ToIntegerString(), column.type->ToString());
  }
  return arrow::Status::OK();
}

arrow::Status CheckDecimals(const FlatColumn& column, const Buffer& values, int64_t count) {
  switch (column.type->id()) {
    case arrow::Type::DECIMAL64:
      return CheckDigits<int64_t>(column, values, count);
    case arrow::Type::DECIMAL128:
      return CheckDigits<__int128>(column, values, count);
    case arrow::Type::DECIMAL256:
      return CheckWideDigits(column, values, count);
    default:
      return arrow::Status::OK();
  }
}

arrow::Result<BufferPtr> ConvertHalves(const BufferPtr& bytes, int64_t count,
                                       arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out,
                        arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(float)), pool));
  auto* values = reinterpret_cast<float*>(out->mutable_data());
  for (int64_t i = 0; i < count; ++i) {
    values[i] = arrow::util::Float16::FromLittleEndian(bytes->data() + 2 * i).ToFloat();
  }
  return out;
}

arrow::Result<BufferPtr> DecodeFixed(const FlatColumn& column, const BufferPtr& bytes,
                                     int64_t count, arrow::MemoryPool* pool) {
  // A BYTE_ARRAY value takes at least the four bytes of its length.
  const int width = column.physical_width > 0 ? column.physical_width : 4;
  ARROW_RETURN_NOT_OK(CheckHolds(*bytes, count, width));
  switch (column.conversion) {
    case Conversion::kNarrow:
      return column.engine_width == 1 ? ConvertInt32<int8_t>(bytes, count, pool)
                                      : ConvertInt32<int16_t>(bytes, count, pool);
    case Conversion::kWiden:
      return ConvertInt32<int64_t>(bytes, count, pool);
    case Conversion::kBigEndian:
      switch (column.engine_width) {
        case 8:
          return ConvertDecimals<int64_t>(column, bytes, count, pool);
        case 16:
          return ConvertDecimals<__int128>(column, bytes, count, pool);
        default:
          return ConvertDecimals<arrow::Decimal256>(column, bytes, count, pool);
      }
    case Conversion::kHalf:
      return ConvertHalves(bytes, count, pool);
    default:
      return Copy(column, bytes, count, pool);
  }
}

/// Whether all bytes are below 0x80. The lengths between the values are, too, where values have
/// fewer bytes than that.
bool IsAscii(const Buffer& bytes) {
  uint8_t all = 0;
  const uint8_t* data = bytes.data();
  for (int64_t i = 0; i < bytes.size(); ++i) all |= data[i];
  return all < 0x80;
}

}  // namespace

arrow::Status CheckText(const FlatColumn& column, const Buffer& bytes, const ArrayData& values) {
  if (column.type->id() != arrow::Type::STRING_VIEW || IsAscii(bytes)) return arrow::Status::OK();
  arrow::util::InitializeUTF8();
  const arrow::BinaryViewArray texts(values.Copy());
  for (int64_t i = 0; i < texts.length(); ++i) {
    const std::string_view text = texts.GetView(i);
    if (arrow::util::ValidateUTF8(text)) continue;
    return base::CorruptData("value {} of {} is text of {} bytes that are no UTF-8: {}", i,
                             texts.length(), text.size(),
                             arrow::HexEncode(text.substr(0, kBytesShown)));
  }
  return arrow::Status::OK();
}

bool IsPlainAscii(const FlatColumn& column, const Buffer& bytes) {
  return column.type->id() != arrow::Type::STRING_VIEW || IsAscii(bytes);
}

arrow::Result<bool> FindInPlain(const FlatColumn& column, const Buffer& bytes, int64_t count,
                                const vector::Substring& text, uint8_t* bits) {
  if (!IsPlainAscii(column, bytes)) return false;
  const auto size = static_cast<int64_t>(text.text().size());
  const uint8_t* begin = bytes.data();
  const uint8_t* end = begin + bytes.size();
  const uint8_t* place = text.Find(begin, end);
  vector::PlainCursor cursor;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t length;
    if (!cursor.Take(bytes, &length)) return cursor.Leaves(bytes, count);
    const uint8_t* at = begin + cursor.offset;
    const uint8_t* value = at - length;
    // A place may begin in a length; one that reaches beyond the value rules out all behind it.
    while (place < at) {
      const bool within = place >= value && at - place >= size;
      if (within) arrow::bit_util::SetBit(bits, i);
      place = text.Find(place < value ? value : at, end);
    }
  }
  return true;
}

arrow::Result<std::shared_ptr<ArrayData>> DecodePlain(const FlatColumn& column,
                                                      const BufferPtr& bytes, int64_t count,
                                                      arrow::MemoryPool* pool) {
  if (column.conversion == Conversion::kBits) {
    ARROW_ASSIGN_OR_RAISE(BufferPtr bits, DecodeBits(bytes, count));
    return Values(column, count, std::move(bits));
  }
  const bool fixed = column.conversion == Conversion::kFixedView;
  if (fixed || column.conversion == Conversion::kView) {
    ARROW_RETURN_NOT_OK(CheckHolds(*bytes, count, fixed ? column.physical_width : 4));
    ARROW_ASSIGN_OR_RAISE(BufferPtr views,
                          fixed ? vector::MakeFixedViews(*bytes, column.physical_width, count, pool)
                                : vector::MakeViews(*bytes, count, pool));
    return ArrayData::Make(column.type, count, {nullptr, std::move(views), bytes},
                           /*null_count=*/0);
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr values, DecodeFixed(column, bytes, count, pool));
  ARROW_RETURN_NOT_OK(CheckDecimals(column, *values, count));
  return Values(column, count, std::move(values));
}

}  // namespace skyhook::format
