// The dictionary codes of a data page: runs of one code, and runs of codes packed into bits.
//
// Source: https://github.com/apache/parquet-format/blob/master/Encodings.md#RLE, with the bit width
// in front.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <span>

#include "skyhook/format/parquet/packed_codes.h"

namespace skyhook::format {

/// The `count` codes of a page's values `bytes`. Fails with kCorruptData when there are fewer, or
/// one is not below `num_codes`; `out` then is undefined.
arrow::Status UnpackPageCodes(std::span<const uint8_t> bytes, int64_t count, int64_t num_codes,
                              uint32_t* out);

/// The codes at `positions[i] - shift` (ascending) alone. Those behind the last are not looked at.
arrow::Status PickPageCodes(std::span<const uint8_t> bytes, std::span<const int32_t> positions,
                            int64_t shift, int64_t num_codes, uint32_t* out);

/// Sets bit i of the bitmap `bits` where `set` contains code i, and clears it elsewhere; `bits` has
/// room for whole words of 64 bits. Fails as UnpackPageCodes with the codes of `set` does.
arrow::Status TestPageCodes(std::span<const uint8_t> bytes, int64_t count, const CodeSet& set,
                            uint64_t* bits);

/// The `count` levels of a column whose values may be null and nothing else: 0 for null, 1 for a
/// value. They become the bits of `bits`, which has room for whole words of 64 bits. Unlike codes
/// they have no width in front. Fails with kCorruptData when there are fewer.
arrow::Status UnpackLevels(std::span<const uint8_t> bytes, int64_t count, uint64_t* bits);

}  // namespace skyhook::format
