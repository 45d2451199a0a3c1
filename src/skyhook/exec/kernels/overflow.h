// What becomes of a result that leaves its type, as the call's option says.
#pragma once

#include <arrow/status.h>

#include <string>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/row_validity.h"
#include "skyhook/plan/functions/catalogue.h"

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

/// one(a, b, row, &out, &valid) for every row of two arguments of T where neither is NULL; it
/// writes a result of the call's type, makes the row NULL, or fails.
template <typename T, typename One>
arrow::Result<vector::Column> PairRows(const plan::Expression& call, const Arguments& arguments,
                                       int64_t length, One&& one) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  T* to = vector::MutableValues<T>(out);
  const arrow::Status status = WithOperands<T>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      to[i] = T{};
      if (valid.IsValid(i)) ARROW_RETURN_NOT_OK(one(a[i], b[i], i, &to[i], &valid));
    }
    return arrow::Status::OK();
  });
  ARROW_RETURN_NOT_OK(status);
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

}  // namespace skyhook::exec
