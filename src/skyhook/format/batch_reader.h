// Reads a record batch in memory as a row group.
#pragma once

#include <arrow/record_batch.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/format/fragment.h"
#include "skyhook/plan/nested_fields.h"
#include "skyhook/plan/row_ranges.h"

namespace skyhook::format {

/// The columns of `batch`, whose rows are numbered `rows`. `where` names it in messages; `schema`
/// has the engine types of its columns, `nested` the fields within its structs. Whoever holds the
/// batch counts its bytes.
std::unique_ptr<RowGroupReader> MakeBatchReader(std::string where, const arrow::Schema& schema,
                                                std::vector<plan::NestedField> nested,
                                                plan::RowRange rows,
                                                std::shared_ptr<arrow::RecordBatch> batch);

}  // namespace skyhook::format
