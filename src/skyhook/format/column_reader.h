// What a row group's reader asks of one column, whoever decodes it.
#pragma once

#include <arrow/array.h>
#include <arrow/result.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/base/byte_source.h"
#include "skyhook/format/value_filter.h"
#include "skyhook/plan/row_ranges.h"

namespace skyhook::format {

using Selection = std::optional<std::span<const int32_t>>;

/// The part of `selected` (ascending) within [from, to).
inline std::span<const int32_t> Clip(std::span<const int32_t> selected, int64_t from, int64_t to) {
  const auto first = std::lower_bound(selected.begin(), selected.end(), from);
  return {first, std::lower_bound(first, selected.end(), to)};
}

/// One column of one row group; rows count from the row group's first. Not thread-safe.
class ColumnReader {
 public:
  virtual ~ColumnReader() = default;

  /// Announces the rows that will be read next. `late`: they are read after predicates.
  virtual void Want(const plan::RowRanges& rows, bool late) = 0;
  /// What has to be fetched next for the rows announced; empty when nothing (more) has.
  virtual std::vector<base::ByteRange> Missing() = 0;
  /// Takes the bytes of the ranges that Missing returned last.
  virtual arrow::Status Accept(std::span<const std::shared_ptr<arrow::Buffer>> buffers) = 0;

  /// As RowGroupReader::Read.
  virtual arrow::Result<std::shared_ptr<arrow::Array>> Read(int64_t begin, int64_t length,
                                                            const Selection& selection) = 0;

  /// As RowGroupReader::Filter.
  virtual arrow::Status Filter(int64_t begin, int64_t length, ValueFilter* filter, uint8_t* bits) {
    const auto read = [&](const Selection& selection) { return Read(begin, length, selection); };
    return FilterValues(0, length, read, filter, bits);
  }

  virtual int64_t bytes_held() const = 0;
};

}  // namespace skyhook::format
