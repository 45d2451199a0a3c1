// The parts of CastKernel, and the loops that they share.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/row_validity.h"

namespace skyhook::exec {

/// Among dates, times and timestamps.
arrow::Result<vector::Column> CastTemporal(const plan::Expression& call, const vector::Column& in,
                                           int64_t length);
/// Text to any other type, and any other type to text.
arrow::Result<vector::Column> CastFromText(const plan::Expression& call, const vector::Column& in,
                                           int64_t length);
arrow::Result<vector::Column> CastToText(const plan::Expression& call, const vector::Column& in,
                                         int64_t length);

/// Of a number, where it or the result is a decimal of more than 38 digits.
arrow::Result<vector::Column> CastWideDecimal(const plan::Expression& call,
                                              const vector::Column& in, int64_t length);

/// An error that names the value, or for try_cast NULL.
arrow::Status CastFailed(const plan::Expression& call, const vector::Column& in, int64_t row,
                         RowValidity* valid);

/// of(row) for every row that is not NULL, as a column of `type`; where it is nullopt the cast
/// fails.
template <typename To, typename Of>
arrow::Result<vector::Column> ConvertRows(const plan::Expression& call, const vector::Column& in,
                                          const std::shared_ptr<arrow::DataType>& type,
                                          int64_t length, Of&& of) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<To>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of({in}, length));
  To* to = vector::MutableValues<To>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = To{};
    if (!valid.IsValid(i)) continue;
    const std::optional<To> value = of(i);
    if (value.has_value()) {
      to[i] = *value;
    } else {
      ARROW_RETURN_NOT_OK(CastFailed(call, in, i, &valid));
    }
  }
  return vector::Column::Flat(type, length, std::move(out), valid.Finish());
}

}  // namespace skyhook::exec
