// What the rows of a DuckDB chunk weigh once they are copied out of it, so that batches can be
// bounded by bytes: a chunk of a few kilobytes may stand for gigabytes of repeated text.
#pragma once

#include <cstdint>
#include <vector>

#include "duckdb.hpp"

namespace skyhook::sql {

/// By row, the bytes of its values: text by its length, lists by what they hold. `chunk` is flat.
std::vector<int64_t> RowBytes(duckdb::DataChunk& chunk);

}  // namespace skyhook::sql
