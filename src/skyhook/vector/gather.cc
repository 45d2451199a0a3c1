#include "skyhook/vector/gather.h"

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "skyhook/vector/views.h"

namespace skyhook::vector {
namespace {

using arrow::ArrayData;
using ArrayDataPtr = std::shared_ptr<ArrayData>;
using BufferPtr = std::shared_ptr<arrow::Buffer>;
using Positions = std::span<const int32_t>;

struct Bytes16 {
  uint64_t words[2];
};

bool IsBits(const arrow::DataType& type) { return type.id() == arrow::Type::BOOL; }

bool IsView(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING_VIEW || type.id() == arrow::Type::BINARY_VIEW;
}

/// Bytes of a value in the values buffer.
int64_t WidthOf(const arrow::DataType& type) {
  if (IsView(type)) return sizeof(Bytes16);
  if (type.id() == arrow::Type::DICTIONARY) return sizeof(int32_t);
  return type.byte_width();
}

/// Calls `work` with a value of the type that has `width` bytes, or with nothing but the width.
template <typename Work, typename Other>
void DispatchWidth(int64_t width, Work&& work, Other&& other) {
  switch (width) {
    case 1:
      return work(uint8_t{});
    case 2:
      return work(uint16_t{});
    case 4:
      return work(uint32_t{});
    case 8:
      return work(uint64_t{});
    case 16:
      return work(Bytes16{});
    default:
      return other();
  }
}

void TakeValues(const uint8_t* in, Positions positions, int64_t shift, int64_t width,
                uint8_t* out) {
  DispatchWidth(
      width,
      [&](auto sample) {
        using T = decltype(sample);
        for (size_t i = 0; i < positions.size(); ++i) {
          std::memcpy(out + i * sizeof(T), in + (positions[i] - shift) * int64_t{sizeof(T)},
                      sizeof(T));
        }
      },
      [&] {
        for (size_t i = 0; i < positions.size(); ++i) {
          std::memcpy(out + static_cast<int64_t>(i) * width, in + (positions[i] - shift) * width,
                      static_cast<size_t>(width));
        }
      });
}

/// Returns how many of the bits taken are set.
int64_t TakeBits(const uint8_t* in, int64_t offset, Positions positions, int64_t shift,
                 uint8_t* out) {
  int64_t set = 0;
  for (size_t i = 0; i < positions.size(); ++i) {
    const auto bit =
        static_cast<uint8_t>(arrow::bit_util::GetBit(in, offset + positions[i] - shift));
    out[i / 8] = static_cast<uint8_t>(out[i / 8] | (bit << (i % 8)));
    set += bit;
  }
  return set;
}

arrow::Result<BufferPtr> TakeBuffer(const ArrayData& data, Positions positions, int64_t shift,
                                    arrow::MemoryPool* pool) {
  const auto count = static_cast<int64_t>(positions.size());
  const uint8_t* in = data.buffers[1]->data();
  if (IsBits(*data.type)) {
    ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateEmptyBitmap(count, pool));
    TakeBits(in, data.offset, positions, shift, out->mutable_data());
    return out;
  }
  const int64_t width = WidthOf(*data.type);
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, arrow::AllocateBuffer(count * width, pool));
  TakeValues(in + data.offset * width, positions, shift, width, out->mutable_data());
  return out;
}

/// `in` holds `count` values, as many as `validity` has ones; those behind the last one stay as
/// `out` has them. Without branches, because nulls are hard to predict.
template <typename T>
void SpreadTyped(const uint8_t* in, int64_t count, const uint8_t* validity, uint8_t* out) {
  int64_t next = 0;
  for (int64_t i = 0; next < count; ++i) {
    const bool valid = arrow::bit_util::GetBit(validity, i);
    T value;
    std::memcpy(&value, in + next * int64_t{sizeof(T)}, sizeof(T));
    value = valid ? value : T{};
    std::memcpy(out + i * int64_t{sizeof(T)}, &value, sizeof(T));
    next += valid ? 1 : 0;
  }
}

/// The 64 bits that begin at bit `at` of `bytes`, of which `count` (1 to 64) are read; those behind
/// are undefined.
uint64_t LoadBits(const uint8_t* bytes, int64_t at, int64_t count) {
  const int64_t skipped = at % 8;
  const int64_t size = (skipped + count + 7) / 8;  // up to 9
  uint64_t low = 0;
  std::memcpy(&low, bytes + at / 8, static_cast<size_t>(std::min<int64_t>(size, 8)));
  low >>= skipped;
  if (size > 8) low |= uint64_t{bytes[at / 8 + 8]} << (64 - skipped);
  return low;
}

/// The low bits of `bits` at the places of the ones of `mask`.
uint64_t DepositBits(uint64_t bits, uint64_t mask) {
  uint64_t out = 0;
  for (; mask != 0; mask &= mask - 1, bits >>= 1) {
    if ((bits & 1) != 0) out |= mask & -mask;
  }
  return out;
}

#ifdef __x86_64__
[[gnu::target("bmi2")]] uint64_t DepositBitsBmi2(uint64_t bits, uint64_t mask) {
  return _pdep_u64(bits, mask);
}

/// Values of 4, 8 or 16 bytes.
[[gnu::target("avx512f,bmi2")]] void SpreadAvx512(const uint8_t* in, const uint8_t* validity,
                                                  int64_t length, int64_t width, uint8_t* out) {
  const auto at_a_time = 64 / width;
  for (int64_t i = 0; i < length; i += at_a_time) {
    const int64_t count = std::min(length - i, at_a_time);
    const uint64_t valid = LoadBits(validity, i, count) & ~uint64_t{0} >> (64 - count);
    if (width == 4) {
      const __m512i values = _mm512_maskz_expandloadu_epi32(static_cast<__mmask16>(valid), in);
      _mm512_mask_storeu_epi32(out + i * width, static_cast<__mmask16>(0xffffu >> (16 - count)),
                               values);
    } else {
      // Values of 16 bytes are two halves each.
      const bool whole = width == 16;
      const uint64_t halves = whole ? _pdep_u64(valid, 0x55) * 3 : valid;
      const int64_t words = whole ? 2 * count : count;
      const __m512i values = _mm512_maskz_expandloadu_epi64(static_cast<__mmask8>(halves), in);
      _mm512_mask_storeu_epi64(out + i * width, static_cast<__mmask8>(0xffu >> (8 - words)),
                               values);
    }
    in += std::popcount(valid) * width;
  }
}
#endif

/// Writes all of `out`; nulls as zeros.
void SpreadValues(const uint8_t* in, int64_t count, const uint8_t* validity, int64_t length,
                  int64_t width, uint8_t* out, base::Simd simd) {
#ifdef __x86_64__
  if (simd == base::Simd::kAvx512 && (width == 4 || width == 8 || width == 16)) {
    return SpreadAvx512(in, validity, length, width, out);
  }
#endif
  std::memset(out, 0, static_cast<size_t>(length * width));
  DispatchWidth(
      width, [&](auto sample) { SpreadTyped<decltype(sample)>(in, count, validity, out); },
      [&] {
        int64_t next = 0;
        for (int64_t i = 0; next < count; ++i) {
          if (!arrow::bit_util::GetBit(validity, i)) continue;
          std::memcpy(out + i * width, in + next * width, static_cast<size_t>(width));
          ++next;
        }
      });
}

bool ShareDictionary(const std::vector<ArrayDataPtr>& parts) {
  for (const ArrayDataPtr& part : parts) {
    if (part->dictionary == nullptr || part->dictionary != parts[0]->dictionary) return false;
  }
  return true;
}

arrow::Result<ArrayDataPtr> Concatenate(const std::vector<ArrayDataPtr>& parts,
                                        arrow::MemoryPool* pool) {
  arrow::ArrayVector arrays;
  arrays.reserve(parts.size());
  for (const ArrayDataPtr& part : parts) arrays.push_back(arrow::MakeArray(part));
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Array> joined, arrow::Concatenate(arrays, pool));
  return joined->data();
}

/// The indices of a dictionary array as an int32 array.
ArrayDataPtr IndicesOf(const ArrayData& data) {
  ArrayDataPtr indices = data.Copy();
  indices->type = arrow::int32();
  indices->dictionary = nullptr;
  return indices;
}

/// The indices of a dictionary array; 0 below NULL, where any number may stand.
std::vector<int32_t> ValidIndices(const ArrayData& data) {
  const auto* indices = data.GetValues<int32_t>(1);
  std::vector<int32_t> out(static_cast<size_t>(data.length));
  for (int64_t i = 0; i < data.length; ++i) {
    const bool valid = arrow::bit_util::GetBit(data.buffers[0]->data(), data.offset + i);
    out[static_cast<size_t>(i)] = valid ? indices[i] : 0;
  }
  return out;
}

}  // namespace

arrow::Result<ArrayDataPtr> Take(const ArrayData& data, Positions positions, int64_t shift,
                                 arrow::MemoryPool* pool) {
  const auto count = static_cast<int64_t>(positions.size());
  auto out = ArrayData::Make(data.type, count, data.buffers, /*null_count=*/0);
  out->dictionary = data.dictionary;
  ARROW_ASSIGN_OR_RAISE(out->buffers[1], TakeBuffer(data, positions, shift, pool));
  if (data.buffers[0] != nullptr) {
    ARROW_ASSIGN_OR_RAISE(BufferPtr bits, arrow::AllocateEmptyBitmap(count, pool));
    const int64_t valid =
        TakeBits(data.buffers[0]->data(), data.offset, positions, shift, bits->mutable_data());
    out->null_count = count - valid;
    out->buffers[0] = valid == count ? nullptr : std::move(bits);
  }
  if (IsView(*data.type)) ARROW_RETURN_NOT_OK(CompactViews(out.get(), pool));
  return out;
}

arrow::Result<std::shared_ptr<arrow::Array>> TakeBySlices(const arrow::Array& values,
                                                          Positions positions,
                                                          arrow::MemoryPool* pool) {
  arrow::ArrayVector slices;
  for (size_t i = 0; i < positions.size();) {
    size_t end = i + 1;
    while (end < positions.size() && positions[end] == positions[end - 1] + 1) ++end;
    slices.push_back(values.Slice(positions[i], static_cast<int64_t>(end - i)));
    i = end;
  }
  if (slices.empty()) return arrow::MakeEmptyArray(values.type(), pool);
  return arrow::Concatenate(slices, pool);
}

void SpreadBits(const uint8_t* dense, const uint8_t* validity, int64_t length, bool null,
                uint8_t* out, base::Simd simd) {
  auto* deposit = DepositBits;
#ifdef __x86_64__
  if (simd >= base::Simd::kAvx2) deposit = DepositBitsBmi2;
#endif
  int64_t next = 0;
  for (int64_t begin = 0; begin < length; begin += 64) {
    const int64_t count = std::min<int64_t>(length - begin, 64);
    const uint64_t all = ~uint64_t{0} >> (64 - count);
    const uint64_t valid = LoadBits(validity, begin, count) & all;
    const int ones = std::popcount(valid);
    uint64_t word = null ? ~valid & all : 0;
    if (ones > 0) word |= deposit(LoadBits(dense, next, ones), valid);
    std::memcpy(out + begin / 8, &word, sizeof(word));
    next += ones;
  }
}

arrow::Result<ArrayDataPtr> Spread(const ArrayData& dense, BufferPtr validity, int64_t length,
                                   arrow::MemoryPool* pool, base::Simd simd) {
  const bool bits = IsBits(*dense.type);
  const int64_t width = bits ? 0 : WidthOf(*dense.type);
  const int64_t size = bits ? (length + 63) / 64 * 8 : length * width;
  ARROW_ASSIGN_OR_RAISE(BufferPtr values, arrow::AllocateBuffer(size, pool));
  const uint8_t* in = dense.buffers[1]->data();
  if (bits) {
    SpreadBits(in, validity->data(), length, /*null=*/false, values->mutable_data(), simd);
  } else {
    SpreadValues(in, dense.length, validity->data(), length, width, values->mutable_data(), simd);
  }
  ArrayDataPtr out = dense.Copy();
  out->length = length;
  out->null_count = length - dense.length;
  out->buffers[0] = std::move(validity);
  out->buffers[1] = std::move(values);
  return out;
}

arrow::Result<ArrayDataPtr> Flatten(const ArrayData& data, arrow::MemoryPool* pool) {
  Positions indices(data.GetValues<int32_t>(1), static_cast<size_t>(data.length));
  std::vector<int32_t> valid_ones;
  if (data.buffers[0] != nullptr) {
    valid_ones = ValidIndices(data);
    indices = valid_ones;
  }
  if (data.dictionary->length == 0) {
    ARROW_ASSIGN_OR_RAISE(auto nulls,
                          arrow::MakeArrayOfNull(data.dictionary->type, data.length, pool));
    return nulls->data();
  }
  ARROW_ASSIGN_OR_RAISE(ArrayDataPtr values, Take(*data.dictionary, indices, 0, pool));
  if (data.buffers[0] != nullptr) {
    ARROW_ASSIGN_OR_RAISE(
        values->buffers[0],
        arrow::internal::CopyBitmap(pool, data.buffers[0]->data(), data.offset, data.length));
    values->null_count = arrow::kUnknownNullCount;
  }
  return values;
}

arrow::Result<ArrayDataPtr> Join(const std::vector<ArrayDataPtr>& parts, arrow::MemoryPool* pool) {
  if (parts.size() == 1) return parts[0];
  const bool shared = ShareDictionary(parts);
  std::vector<ArrayDataPtr> alike;
  for (const ArrayDataPtr& part : parts) {
    ArrayDataPtr flat = part;
    if (shared) {
      flat = IndicesOf(*part);
    } else if (part->dictionary != nullptr) {
      ARROW_ASSIGN_OR_RAISE(flat, Flatten(*part, pool));
    }
    alike.push_back(std::move(flat));
  }
  ARROW_ASSIGN_OR_RAISE(ArrayDataPtr joined, Concatenate(alike, pool));
  if (shared) {
    joined = joined->Copy();
    joined->type = parts[0]->type;
    joined->dictionary = parts[0]->dictionary;
  }
  return joined;
}

}  // namespace skyhook::vector
