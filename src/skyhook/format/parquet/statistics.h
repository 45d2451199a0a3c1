// What a Parquet file says of the values in a column chunk or page, as far as it can be believed.
#pragma once

#include <arrow/scalar.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "skyhook/format/parquet/flat_column.h"
#include "skyhook/plan/statistics.h"

namespace skyhook::format {

/// Whether bounds of a column chunk (not null) are its least and its greatest value: the file has
/// to say so of each (Parquet's is_min_value_exact and is_max_value_exact). Those of floats leave
/// out NaN, and what is no UTF-8 is no value of text.
bool AreValues(const arrow::Scalar& min, std::optional<bool> min_is_exact, const arrow::Scalar& max,
               std::optional<bool> max_is_exact);

/// Statistics of a chunk of `num_rows` rows; nullopt when there are none. Bounds are left out
/// when the order in which the writer compared is not known to be SQL's: undefined column order
/// (unless signed numbers), unsigned comparison by early writers, NaN as a bound. Numbers of nulls
/// are left out of fields of structs that may be NULL: not every writer counts those.
std::optional<plan::ColumnStatistics> ChunkStatistics(const FlatColumn& column,
                                                      const parquet::ColumnChunkMetaData& chunk,
                                                      const parquet::ApplicationVersion& writer,
                                                      int64_t num_rows);

/// The same for page `page` of a column index, which must have that page.
plan::ColumnStatistics PageStatisticsOf(const FlatColumn& column, const parquet::ColumnIndex& index,
                                        size_t page, int64_t num_rows);

/// What a column with values of this type can hold when nothing is known of `num_rows` rows.
plan::ColumnStatistics UnknownStatistics(const FlatColumn& column, int64_t num_rows);

}  // namespace skyhook::format
