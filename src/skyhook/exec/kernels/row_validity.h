// The validity of a result that is NULL where an argument is, and in further rows.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <memory>

#include "skyhook/exec/kernels/kernels.h"

namespace skyhook::exec {

/// Starts as the common validity of the arguments; copied when the first row is cleared.
class RowValidity {
 public:
  static arrow::Result<RowValidity> Of(const Arguments& arguments, int64_t length);

  bool IsValid(int64_t row) const { return valid_ == nullptr || valid_->data()[row] != 0; }
  /// Makes the row NULL.
  arrow::Status Clear(int64_t row);
  /// A byte a row, or null when every row is valid.
  std::shared_ptr<arrow::Buffer> Finish() { return std::move(valid_); }

 private:
  RowValidity(std::shared_ptr<arrow::Buffer> valid, int64_t length)
      : valid_(std::move(valid)), length_(length) {}

  std::shared_ptr<arrow::Buffer> valid_;
  int64_t length_;
  bool own_ = false;
};

}  // namespace skyhook::exec
