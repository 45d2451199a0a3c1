#include "skyhook/exec/kernels/row_validity.h"

#include <cstring>

namespace skyhook::exec {

arrow::Result<RowValidity> RowValidity::Of(const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto common, CommonValidity(arguments, length));
  return RowValidity(std::move(common), length);
}

arrow::Status RowValidity::Clear(int64_t row) {
  if (!own_) {
    ARROW_ASSIGN_OR_RAISE(auto copy, vector::AllocateValues<uint8_t>(length_));
    if (valid_ == nullptr) {
      std::memset(copy->mutable_data(), 1, static_cast<size_t>(length_));
    } else {
      std::memcpy(copy->mutable_data(), valid_->data(), static_cast<size_t>(length_));
    }
    valid_ = std::move(copy);
    own_ = true;
  }
  valid_->mutable_data()[row] = 0;
  return arrow::Status::OK();
}

}  // namespace skyhook::exec
