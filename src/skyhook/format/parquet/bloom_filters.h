// The bloom filters of a Parquet file, read when first asked.
#pragma once

#include <arrow/result.h>
#include <arrow/scalar.h>
#include <parquet/bloom_filter.h>
#include <parquet/metadata.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "skyhook/base/byte_range.h"
#include "skyhook/base/memory_budget.h"
#include "skyhook/format/byte_reader.h"
#include "skyhook/format/parquet/flat_column.h"
#include "skyhook/plan/statistics.h"

namespace skyhook::format {

/// Where a chunk's filter lies, its header included; nullopt when there is none. Reads the header
/// when the footer does not say how long the filter is. Fails with kCorruptData when it leaves the
/// file or is larger than `max_bytes`.
arrow::Result<std::optional<base::ByteRange>> LocateBloomFilter(
    const parquet::ColumnChunkMetaData& chunk, int64_t max_bytes, const ByteReader& reader);

/// Thread-safe.
class BloomFilters {
 public:
  /// `max_filter_bytes` is the largest filter accepted. Filters are kept as far as `budget` allows;
  /// beyond that they are read again.
  BloomFilters(std::shared_ptr<parquet::FileMetaData> metadata, int64_t max_filter_bytes,
               std::shared_ptr<base::MemoryBudget> budget)
      : metadata_(std::move(metadata)),
        max_filter_bytes_(max_filter_bytes),
        kept_(std::move(budget)) {}

  /// True when the chunk has a filter and values of the column can be looked up in it.
  bool Has(int row_group, const FlatColumn& column) const;

  /// False when no value of the chunk equals one of `values`, in SQL's sense: -0.0 equals 0.0.
  /// A NULL and a value of another type than the column's are not looked up: they give true.
  arrow::Result<bool> MayContainAny(int row_group, const FlatColumn& column,
                                    plan::ScalarSpan values, const ByteReader& reader);

 private:
  using FilterPtr = std::shared_ptr<const parquet::BloomFilter>;

  arrow::Result<FilterPtr> Filter(int row_group, int leaf, const ByteReader& reader);
  arrow::Result<FilterPtr> Load(int row_group, int leaf, const ByteReader& reader) const;

  std::shared_ptr<parquet::FileMetaData> metadata_;
  int64_t max_filter_bytes_;
  std::timed_mutex mutex_;
  std::map<std::pair<int, int>, FilterPtr> filters_;
  base::Reservation kept_;
};

}  // namespace skyhook::format
