// A predicate over the values of one column, as readers evaluate it while they decode.
#pragma once

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "skyhook/vector/substring.h"

namespace skyhook::format {

/// Gives the same answer for equal values, and cannot fail for any of them: readers ask of values
/// that no row may have. Not thread-safe.
class ValueFilter {
 public:
  virtual ~ValueFilter() = default;

  /// A bitmap: whether each of `values` passes. They are of the column's engine type, or a
  /// dictionary array of it, nulls among them.
  virtual arrow::Result<std::shared_ptr<arrow::Buffer>> Test(
      const std::shared_ptr<arrow::Array>& values) = 0;

  /// Bytes that stand in every value that passes, so that readers can look for them in many values
  /// at once; null: none are known, or values are no text or bytes.
  virtual const vector::Substring* required() const { return nullptr; }
  /// Whether every value in which they stand passes.
  virtual bool is_required_enough() const { return false; }
};

/// The places of the bits that are set, of the `length` from bit `begin` on, counted from there.
std::vector<int32_t> SetBits(const uint8_t* bits, int64_t begin, int64_t length);

/// Clears those of the `length` bits from bit `begin` on whose counterpart from bit `from_begin` of
/// `from` on is clear; all others stay as they are.
void AndBits(const uint8_t* from, int64_t from_begin, int64_t length, int64_t begin, uint8_t* bits);

/// Reads values of some rows, or all when there is no selection.
using ReadSelected = std::function<arrow::Result<std::shared_ptr<arrow::Array>>(
    std::optional<std::span<const int32_t>> selection)>;

/// Clears those of the `length` bits from bit `begin` on whose value does not pass. Only values of
/// rows whose bit is set are read; `selection` counts from bit `begin`.
arrow::Status FilterValues(int64_t begin, int64_t length, const ReadSelected& read,
                           ValueFilter* filter, uint8_t* bits);

}  // namespace skyhook::format
