// Arrays in any Arrow layout become arrays of engine type, whole or by selection.
#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>

#include <memory>
#include <span>

#include "skyhook/format/column_reader.h"

namespace skyhook::format {

/// `array` in `engine_type`, or in dictionary(int32, engine_type) without nulls among the
/// dictionary's values when `array` is a dictionary array.
arrow::Result<std::shared_ptr<arrow::Array>> ToEngineType(
    const std::shared_ptr<arrow::Array>& array, const std::shared_ptr<arrow::DataType>& engine_type,
    arrow::MemoryPool* pool);

/// The values of a field within a struct array, `path` being a field of each struct on the way:
/// NULL where any of them is.
arrow::Result<std::shared_ptr<arrow::Array>> FieldOf(std::shared_ptr<arrow::Array> array,
                                                     std::span<const int> path,
                                                     arrow::MemoryPool* pool);

/// Rows [begin, begin + length) of `array`, or those of them that are selected.
arrow::Result<std::shared_ptr<arrow::Array>> SelectRows(const std::shared_ptr<arrow::Array>& array,
                                                        int64_t begin, int64_t length,
                                                        const Selection& selection,
                                                        arrow::MemoryPool* pool);

}  // namespace skyhook::format
