// Picks rows out of decoded pages, makes room for nulls, and joins pages.
//
// Arrays here are primitive values, views, or dictionary(int32, ...) of them, but for TakeBySlices.
#pragma once

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "skyhook/base/simd.h"

namespace skyhook::vector {

/// The values at `positions[i] - shift`, each within the array. Views are copied together when
/// they would keep much more alive than they show.
arrow::Result<std::shared_ptr<arrow::ArrayData>> Take(const arrow::ArrayData& data,
                                                      std::span<const int32_t> positions,
                                                      int64_t shift, arrow::MemoryPool* pool);

/// The values at `positions`, of an array of any type: by way of slices, for which there is code
/// where there is no kernel.
arrow::Result<std::shared_ptr<arrow::Array>> TakeBySlices(const arrow::Array& values,
                                                          std::span<const int32_t> positions,
                                                          arrow::MemoryPool* pool);

/// `dense` (without nulls and offset) spread over the set bits of `validity`, which has `length`
/// bits and as many ones as `dense` has values. Values under nulls are zero.
arrow::Result<std::shared_ptr<arrow::ArrayData>> Spread(const arrow::ArrayData& dense,
                                                        std::shared_ptr<arrow::Buffer> validity,
                                                        int64_t length, arrow::MemoryPool* pool,
                                                        base::Simd simd = base::BestSimd());

/// Bit i of `out` becomes, where `validity` has a one, the next bit of `dense`, and `null`
/// elsewhere; all have `length` bits, of which `dense` only needs as many as `validity` has ones.
/// `out` has room for whole words of 64 bits.
void SpreadBits(const uint8_t* dense, const uint8_t* validity, int64_t length, bool null,
                uint8_t* out, base::Simd simd = base::BestSimd());

/// The values that a dictionary array stands for; views as Take has them.
arrow::Result<std::shared_ptr<arrow::ArrayData>> Flatten(const arrow::ArrayData& data,
                                                         arrow::MemoryPool* pool);

/// The arrays one after the other. Stays dictionary-encoded when all share one dictionary; a mix
/// becomes plain values.
arrow::Result<std::shared_ptr<arrow::ArrayData>> Join(
    const std::vector<std::shared_ptr<arrow::ArrayData>>& parts, arrow::MemoryPool* pool);

}  // namespace skyhook::vector
