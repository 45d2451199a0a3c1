#include "skyhook/format/parquet/bloom_filters.h"

#include <arrow/io/memory.h>
#include <arrow/util/endian.h>
#include <parquet/properties.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"
#include "skyhook/format/parquet/thrift_cursor.h"

namespace skyhook::format {
namespace {

/// Holds the header in front of a filter's bits; early writers left the length of both out of the
/// footer.
constexpr int64_t kMaxHeaderBytes = 256;

using parquet::BloomFilter;

template <typename ScalarType>
auto Get(const arrow::Scalar& value) {
  return static_cast<const ScalarType&>(value).value;
}

/// The value as a PLAIN INT32 or INT64 stores it.
int64_t IntegerOf(const arrow::Scalar& value) {
  switch (value.type->id()) {
    case arrow::Type::INT8:
      return Get<arrow::Int8Scalar>(value);
    case arrow::Type::INT16:
      return Get<arrow::Int16Scalar>(value);
    case arrow::Type::UINT8:
      return Get<arrow::UInt8Scalar>(value);
    case arrow::Type::UINT16:
      return Get<arrow::UInt16Scalar>(value);
    case arrow::Type::DECIMAL64:
      return Get<arrow::Decimal64Scalar>(value).value();
    default: {
      const auto& primitive = static_cast<const arrow::internal::PrimitiveScalarBase&>(value);
      int64_t bits = 0;
      std::memcpy(&bits, primitive.data(), primitive.view().size());
      return bits;
    }
  }
}

arrow::Decimal256 DecimalOf(const arrow::Scalar& value) {
  switch (value.type->id()) {
    case arrow::Type::DECIMAL64:
      return arrow::Decimal256(Get<arrow::Decimal64Scalar>(value));
    case arrow::Type::DECIMAL128:
      return arrow::Decimal256(Get<arrow::Decimal128Scalar>(value));
    default:
      return Get<arrow::Decimal256Scalar>(value);
  }
}

/// The value as a FIXED_LEN_BYTE_ARRAY of `length` bytes stores it; nullopt when it does not fit.
std::optional<std::string> BigEndianOf(const arrow::Scalar& value, int length) {
  const arrow::Decimal256 number = DecimalOf(value);
  const auto lowest_first = number.ToBytes();
  const auto sign = static_cast<char>(number.IsNegative() ? -1 : 0);
  std::string bytes(static_cast<size_t>(length), sign);
  for (size_t i = 0; i < lowest_first.size(); ++i) {
    const auto byte = static_cast<char>(lowest_first[i]);
    if (i < bytes.size()) {
      bytes[bytes.size() - 1 - i] = byte;
    } else if (byte != sign) {
      return std::nullopt;
    }
  }
  const bool negative = !bytes.empty() && (bytes[0] & 0x80) != 0;
  return negative == number.IsNegative() ? std::optional(bytes) : std::nullopt;
}

template <typename T>
bool FindFloat(const BloomFilter& filter, T value) {
  if (std::isnan(value)) return true;
  if (value == 0) return filter.FindHash(filter.Hash(T{0})) || filter.FindHash(filter.Hash(-T{0}));
  return filter.FindHash(filter.Hash(value));
}

/// The value as the column's FIXED_LEN_BYTE_ARRAY stores it; nullopt when it cannot.
std::optional<std::string> FixedOf(const FlatColumn& column, const arrow::Scalar& value) {
  if (column.conversion == Conversion::kBigEndian) return BigEndianOf(value, column.physical_width);
  std::string bytes(static_cast<const arrow::BaseBinaryScalar&>(value).view());
  const bool fits = bytes.size() == static_cast<size_t>(column.physical_width);
  return fits ? std::optional(std::move(bytes)) : std::nullopt;
}

bool FindFixed(const BloomFilter& filter, const FlatColumn& column, const arrow::Scalar& value) {
  const std::optional<std::string> bytes = FixedOf(column, value);
  if (!bytes.has_value()) return false;
  const parquet::FLBA fixed(reinterpret_cast<const uint8_t*>(bytes->data()));
  return filter.FindHash(filter.Hash(&fixed, static_cast<uint32_t>(column.physical_width)));
}

bool FindValue(const BloomFilter& filter, const FlatColumn& column, const arrow::Scalar& value) {
  switch (column.physical_type()) {
    case parquet::Type::INT32: {
      const int64_t number = IntegerOf(value);
      const auto stored = static_cast<int32_t>(number);
      const bool wide = column.conversion == Conversion::kWiden && stored != number;
      return !wide && filter.FindHash(filter.Hash(stored));
    }
    case parquet::Type::INT64:
      return filter.FindHash(filter.Hash(IntegerOf(value)));
    case parquet::Type::FLOAT:
      return FindFloat(filter, Get<arrow::FloatScalar>(value));
    case parquet::Type::DOUBLE:
      return FindFloat(filter, Get<arrow::DoubleScalar>(value));
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return FindFixed(filter, column, value);
    case parquet::Type::BYTE_ARRAY: {
      const auto& text = static_cast<const arrow::BaseBinaryScalar&>(value);
      const parquet::ByteArray bytes(text.view());
      return filter.FindHash(filter.Hash(&bytes));
    }
    default:
      return true;
  }
}

/// Bytes of a filter that begins with `header`: BloomFilterHeader, whose field 1 is the number of
/// bytes behind it.
arrow::Result<int64_t> FilterLength(const arrow::Buffer& header) {
  ThriftCursor cursor({header.data(), static_cast<size_t>(header.size())});
  int32_t bits_bytes = 0;
  ReadStruct(&cursor, [&](const ThriftCursor::Field& field) {
    if (field.id == 1 && field.type == ThriftType::kInt32) {
      bits_bytes = cursor.ReadInt32();
    } else {
      cursor.Skip(field.type);
    }
  });
  if (!cursor.good() || bits_bytes <= 0) return base::CorruptData("malformed bloom filter header");
  return static_cast<int64_t>(cursor.position()) + bits_bytes;
}

/// Values whose stored form follows from the value alone.
bool CanLookUp(const FlatColumn& column) {
  switch (column.conversion) {
    case Conversion::kBits:
    case Conversion::kHalf:
      return false;
    case Conversion::kBigEndian:
      return column.physical_type() == parquet::Type::FIXED_LEN_BYTE_ARRAY;
    case Conversion::kCopy:
      return column.physical_type() != parquet::Type::FIXED_LEN_BYTE_ARRAY;
    default:
      return true;
  }
}

}  // namespace

arrow::Result<std::optional<base::ByteRange>> LocateBloomFilter(
    const parquet::ColumnChunkMetaData& chunk, int64_t max_bytes, const ByteReader& reader) {
  if (!chunk.bloom_filter_offset().has_value()) return std::nullopt;
  const int64_t offset = *chunk.bloom_filter_offset();
  const int64_t size = reader.source().size();
  if (offset < 0 || offset > size) {
    return base::CorruptData("bloom filter at {} in a file of {} bytes", offset, size);
  }
  int64_t length = chunk.bloom_filter_length().value_or(0);
  if (length <= 0) {
    const int64_t header_bytes = std::min(kMaxHeaderBytes, size - offset);
    ARROW_ASSIGN_OR_RAISE(auto header, reader.ReadOne({offset, header_bytes}));
    ARROW_ASSIGN_OR_RAISE(length, FilterLength(*header));
  }
  if (length > size - offset || length > max_bytes) {
    return base::CorruptData("bloom filter at {}+{} in a file of {} bytes", offset, length, size);
  }
  return base::ByteRange{offset, length};
}

bool BloomFilters::Has(int row_group, const FlatColumn& column) const {
  if (!CanLookUp(column)) return false;
  const auto offset =
      metadata_->RowGroup(row_group)->ColumnChunk(column.leaf)->bloom_filter_offset();
  return offset.has_value();
}

arrow::Result<bool> BloomFilters::MayContainAny(int row_group, const FlatColumn& column,
                                                plan::ScalarSpan values, const ByteReader& reader) {
  if (!Has(row_group, column)) return true;
  const bool known = std::all_of(values.begin(), values.end(), [&](const auto& value) {
    return value->is_valid && value->type->Equals(*column.type);
  });
  if (!known) return true;
  ARROW_ASSIGN_OR_RAISE(FilterPtr filter, Filter(row_group, column.leaf, reader));
  return std::any_of(values.begin(), values.end(),
                     [&](const auto& value) { return FindValue(*filter, column, *value); });
}

arrow::Result<BloomFilters::FilterPtr> BloomFilters::Filter(int row_group, int leaf,
                                                            const ByteReader& reader) {
  ARROW_ASSIGN_OR_RAISE(const auto lock, Lock(&mutex_, reader.context()));
  const std::pair<int, int> key{row_group, leaf};
  if (auto known = filters_.find(key); known != filters_.end()) return known->second;
  ARROW_ASSIGN_OR_RAISE(FilterPtr filter, CatchParquet([&]() -> arrow::Result<FilterPtr> {
                          return Load(row_group, leaf, reader);
                        }));
  const int64_t bytes = filter->GetBitsetSize();
  bool has_room = kept_.Add(bytes);
  if (!has_room) {
    filters_.clear();
    kept_.Reset();
    has_room = kept_.Add(bytes);
  }
  if (has_room) filters_[key] = filter;
  return filter;
}

arrow::Result<BloomFilters::FilterPtr> BloomFilters::Load(int row_group, int leaf,
                                                          const ByteReader& reader) const {
  const auto chunk = metadata_->RowGroup(row_group)->ColumnChunk(leaf);
  ARROW_ASSIGN_OR_RAISE(const auto range, LocateBloomFilter(*chunk, max_filter_bytes_, reader));
  ARROW_ASSIGN_OR_RAISE(auto bytes, reader.ReadOne(range.value()));
  arrow::io::BufferReader stream(bytes);
  return std::make_shared<parquet::BlockSplitBloomFilter>(
      parquet::BlockSplitBloomFilter::Deserialize(parquet::default_reader_properties(), &stream,
                                                  range->length));
}

}  // namespace skyhook::format
