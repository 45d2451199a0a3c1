// DuckDB's casts as calls of the catalogue: those that are exactly the same.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <memory>

#include "skyhook/plan/expression.h"

namespace skyhook::sql {

/// `value` as `type`: CAST, or TRY_CAST. kUnsupportedPlan when the two engines would differ over
/// some value.
arrow::Result<plan::ExpressionPtr> TranslateCast(const plan::ExpressionPtr& value,
                                                 const std::shared_ptr<arrow::DataType>& type,
                                                 bool try_cast);

}  // namespace skyhook::sql
