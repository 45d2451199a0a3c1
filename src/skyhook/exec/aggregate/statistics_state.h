// Aggregates of all rows of a piece out of its statistics, without reading a row.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "skyhook/plan/pipeline.h"
#include "skyhook/plan/statistics.h"

namespace skyhook::exec {

/// What is known of an input column of the pipeline, over all rows of the piece.
using StatisticsOfColumn =
    std::function<arrow::Result<std::optional<plan::ColumnStatistics>>(int column)>;

/// Whether statistics may tell the aggregate's state: there are no keys, nothing but counts, and
/// least and greatest values other than floats, of columns, without conditions of their own, and no
/// expression that reading rows might find an error in.
bool MayComeOfStatistics(const plan::Pipeline& pipeline);

/// The partial state (PartialSchema) of a piece of `rows` rows that all count, of a pipeline with
/// MayComeOfStatistics; null where the statistics do not tell it.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> StateOfStatistics(
    const plan::Pipeline& pipeline, int64_t rows, const StatisticsOfColumn& statistics);

}  // namespace skyhook::exec
