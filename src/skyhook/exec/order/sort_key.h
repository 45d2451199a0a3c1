// Sort keys as byte strings whose bytewise order is the order of the rows.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "skyhook/plan/pipeline.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// One string a row. `columns[i]` (flat or constant) is the column of `keys[i]`. Smaller strings
/// sort first; equal keys give equal strings (NaN equals NaN and is greatest, -0.0 equals 0.0).
arrow::Result<std::vector<std::string>> EncodeSortKeys(const std::vector<vector::Column>& columns,
                                                       const std::vector<plan::SortKey>& keys,
                                                       int64_t rows);

/// The value of the first key, of type `type`, in an encoded string; a null scalar for NULL.
arrow::Result<std::shared_ptr<arrow::Scalar>> DecodeFirstKey(
    std::string_view encoded, const plan::SortKey& key,
    const std::shared_ptr<arrow::DataType>& type);

/// A predicate that every row passes whose first sort key is not after `bound`; null when nothing
/// can be said. `column` is the expression that the first key sorts by.
arrow::Result<plan::ExpressionPtr> NotAfter(const plan::ExpressionPtr& column,
                                            const plan::SortKey& key,
                                            const std::shared_ptr<arrow::Scalar>& bound);

}  // namespace skyhook::exec
