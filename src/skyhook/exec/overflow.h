// What becomes of a result that leaves its type, as the call's option says.
#pragma once

#include <arrow/status.h>

#include <string>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels.h"
#include "skyhook/exec/row_validity.h"
#include "skyhook/plan/catalogue.h"

namespace skyhook::exec {

/// The row's argument values, for messages: "3, NULL".
std::string ArgumentsText(const Arguments& arguments, int64_t row);

arrow::Status OverflowError(const plan::Expression& call, const Arguments& arguments, int64_t row);

/// `value` holds the result modulo the type's range, `nearest` the value of the type nearest to the
/// true one. Fails, or writes what the call asks for, or makes the row NULL.
template <typename T>
arrow::Status ResolveOverflow(const plan::Expression& call, const Arguments& arguments, int64_t row,
                              T nearest, T* value, RowValidity* valid) {
  switch (call.options().overflow) {
    case plan::CallOptions::Overflow::kWrap:
      return arrow::Status::OK();
    case plan::CallOptions::Overflow::kSaturate:
      *value = nearest;
      return arrow::Status::OK();
    case plan::CallOptions::Overflow::kNull:
      return valid->Clear(row);
    default:
      return OverflowError(call, arguments, row);
  }
}

}  // namespace skyhook::exec
