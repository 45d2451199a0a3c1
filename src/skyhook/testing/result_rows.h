// Results as rows that are compared by value: exactly, or floats within a tolerance.
#pragma once

#include <arrow/record_batch.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/testing/row_truth.h"

namespace skyhook::testing {

/// nullopt is NULL. Values without an order (lists and the like) stand as their text. -0.0 stands
/// as 0.0.
using ResultRow = std::vector<std::optional<Key>>;

std::vector<ResultRow> ResultRows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches);

/// NULL first; NaN equals NaN and comes last.
bool RowBefore(const ResultRow& a, const ResultRow& b);

/// "" when the rows are the same; else what differs first. Floats of column i may differ by
/// `tolerances[i]` (beyond the end: nothing).
std::string Difference(const std::vector<ResultRow>& found, const std::vector<ResultRow>& expected,
                       const std::vector<double>& tolerances = {});

}  // namespace skyhook::testing
