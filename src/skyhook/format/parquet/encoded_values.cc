#include "skyhook/format/parquet/encoded_values.h"

#include <arrow/util/bit_util.h>
#include <parquet/encoding.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/exceptions.h"

namespace skyhook::format {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;

/// One page's worth of decoding.
struct Job {
  const FlatColumn& column;
  parquet::Encoding::type encoding;
  const arrow::Buffer& bytes;
  int count;
  arrow::MemoryPool* pool;
};

template <typename Decoder>
arrow::Result<std::unique_ptr<Decoder>> MakeDecoder(const Job& job) {
  std::unique_ptr<parquet::Decoder> base = parquet::MakeDecoder(
      job.column.physical_type(), job.encoding, job.column.descriptor, job.pool);
  auto* decoder = dynamic_cast<Decoder*>(base.get());
  if (decoder == nullptr) {
    return base::CorruptData("encoding {} does not fit physical type {}",
                             parquet::EncodingToString(job.encoding),
                             parquet::TypeToString(job.column.physical_type()));
  }
  base.release();
  std::unique_ptr<Decoder> owned(decoder);  // before SetData, which throws on damaged pages
  owned->SetData(job.count, job.bytes.data(), static_cast<int>(job.bytes.size()));
  return owned;
}

arrow::Status CheckCount(const Job& job, int decoded) {
  if (decoded == job.count) return arrow::Status::OK();
  return base::CorruptData("{} values in {} encoding where {} are promised", decoded,
                           parquet::EncodingToString(job.encoding), job.count);
}

/// For decoders that write values side by side.
template <typename Decoder, typename Value>
arrow::Result<BufferPtr> DecodeDense(const Job& job, int64_t size) {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Decoder> decoder, MakeDecoder<Decoder>(job));
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateBuffer(size, job.pool));
  const int decoded = decoder->Decode(reinterpret_cast<Value*>(out->mutable_data()), job.count);
  ARROW_RETURN_NOT_OK(CheckCount(job, decoded));
  return out;
}

template <typename DType>
arrow::Result<BufferPtr> DecodeNumbers(const Job& job) {
  using Value = typename DType::c_type;
  return DecodeDense<parquet::TypedDecoder<DType>, Value>(job, int64_t{sizeof(Value)} * job.count);
}

/// INT32 out of deltas, which some writers (DuckDB) compute in 64 bits and others with wrapping
/// around in 32: modulo 2^32 they are the same.
arrow::Result<BufferPtr> DecodeDeltas32(const Job& job) {
  const auto decoder =
      parquet::MakeTypedDecoder<parquet::Int64Type>(job.encoding, /*descr=*/nullptr, job.pool);
  decoder->SetData(job.count, job.bytes.data(), static_cast<int>(job.bytes.size()));
  std::vector<int64_t> wide(static_cast<size_t>(job.count));
  ARROW_RETURN_NOT_OK(CheckCount(job, decoder->Decode(wide.data(), job.count)));
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateBuffer(int64_t{4} * job.count, job.pool));
  auto* values = reinterpret_cast<int32_t*>(out->mutable_data());
  std::transform(wide.begin(), wide.end(), values,
                 [](int64_t value) { return static_cast<int32_t>(value); });
  return out;
}

arrow::Result<BufferPtr> DecodeBooleans(const Job& job) {
  ARROW_ASSIGN_OR_RAISE(
      BufferPtr bytes,
      (DecodeDense<parquet::TypedDecoder<parquet::BooleanType>, bool>(job, job.count)));
  ARROW_ASSIGN_OR_RAISE(BufferPtr bits, arrow::AllocateEmptyBitmap(job.count, job.pool));
  for (int i = 0; i < job.count; ++i) {
    if (bytes->data()[i] != 0) arrow::bit_util::SetBit(bits->mutable_data(), i);
  }
  return bits;
}

arrow::Result<BufferPtr> DecodeByteArrays(const Job& job) {
  using Decoder = parquet::TypedDecoder<parquet::ByteArrayType>;
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Decoder> decoder, MakeDecoder<Decoder>(job));
  std::vector<parquet::ByteArray> values(static_cast<size_t>(job.count));
  ARROW_RETURN_NOT_OK(CheckCount(job, decoder->Decode(values.data(), job.count)));
  int64_t size = 0;
  for (const parquet::ByteArray& value : values) size += 4 + int64_t{value.len};
  if (size > std::numeric_limits<int32_t>::max()) {
    return base::CorruptData("a page expands to {} bytes of values", size);
  }
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateBuffer(size, job.pool));
  uint8_t* end = out->mutable_data();
  for (const parquet::ByteArray& value : values) {
    std::memcpy(end, &value.len, 4);
    if (value.len > 0) std::memcpy(end + 4, value.ptr, value.len);
    end += 4 + value.len;
  }
  return out;
}

arrow::Result<BufferPtr> Decode(const Job& job) {
  switch (job.column.physical_type()) {
    case parquet::Type::BOOLEAN:
      return DecodeBooleans(job);
    case parquet::Type::INT32:
      return job.encoding == parquet::Encoding::DELTA_BINARY_PACKED
                 ? DecodeDeltas32(job)
                 : DecodeNumbers<parquet::Int32Type>(job);
    case parquet::Type::INT64:
      return DecodeNumbers<parquet::Int64Type>(job);
    case parquet::Type::FLOAT:
      return DecodeNumbers<parquet::FloatType>(job);
    case parquet::Type::DOUBLE:
      return DecodeNumbers<parquet::DoubleType>(job);
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return DecodeDense<parquet::FLBADecoder, uint8_t>(
          job, int64_t{job.column.physical_width} * job.count);
    case parquet::Type::BYTE_ARRAY:
      return DecodeByteArrays(job);
    default:
      return base::CorruptData("encoding {} of physical type {}",
                               parquet::EncodingToString(job.encoding),
                               parquet::TypeToString(job.column.physical_type()));
  }
}

}  // namespace

arrow::Result<BufferPtr> RewriteAsPlain(const FlatColumn& column, parquet::Encoding::type encoding,
                                        const arrow::Buffer& bytes, int64_t count,
                                        arrow::MemoryPool* pool) {
  constexpr int64_t kMaxInt = std::numeric_limits<int>::max();
  if (count > kMaxInt || bytes.size() > kMaxInt) {
    return base::CorruptData("a page of {} values in {} bytes", count, bytes.size());
  }
  if (count == 0) return arrow::AllocateBuffer(0, pool);
  const Job job{column, encoding, bytes, static_cast<int>(count), pool};
  return CatchParquet([&] { return Decode(job); });
}

}  // namespace skyhook::format
