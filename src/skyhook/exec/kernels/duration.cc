// Sums and differences of durations and timestamps of one unit.
#include "skyhook/exec/kernels/overflow.h"
#include "skyhook/vector/calendar.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using arrow::Type;

Result<vector::Column> DurationKernel(const plan::Expression& call, const Arguments& arguments,
                                      int64_t length) {
  const bool from_timestamp = arguments[0].type()->id() == Type::TIMESTAMP;
  const bool to_timestamp = call.type()->id() == Type::TIMESTAMP;
  const bool adds = call.function() == plan::Function::kAdd;
  const auto one = [&](int64_t a, int64_t b, int64_t row, int64_t* out, RowValidity*) {
    if (to_timestamp && vector::IsInfinite(a)) {
      *out = a;
      return Status::OK();
    }
    bool outside = adds ? __builtin_add_overflow(a, b, out) : __builtin_sub_overflow(a, b, out);
    if (to_timestamp) outside |= vector::IsInfinite(*out);
    if (from_timestamp && !to_timestamp) outside |= vector::IsInfinite(a) || vector::IsInfinite(b);
    return outside ? OverflowError(call, arguments, row) : Status::OK();
  };
  return PairRows<int64_t>(call, arguments, length, one);
}

}  // namespace skyhook::exec
