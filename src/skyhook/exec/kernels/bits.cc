// Bit operations on two's complements.
#include <limits>
#include <type_traits>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/overflow.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::CallOptions;
using plan::Function;

namespace {

template <typename T>
T Combine(Function function, T a, T b) {
  switch (function) {
    case Function::kBitAnd:
      return a & b;
    case Function::kBitOr:
      return a | b;
    default:
      return a ^ b;
  }
}

template <typename T>
Result<vector::Column> Combined(const plan::Expression& call, const Arguments& arguments,
                                int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  T* to = vector::MutableValues<T>(out);
  WithOperands<T>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) to[i] = Combine<T>(call.function(), a[i], b[i]);
  });
  if (plan::IsDecimal(*call.type())) {
    const T most = static_cast<T>(vector::PowerOfTen(plan::ShapeOf(*call.type()).precision) - 1);
    for (int64_t i = 0; i < length; ++i) {
      if (!valid.IsValid(i) || (to[i] <= most && to[i] >= -most)) continue;
      const T nearest = to[i] < 0 ? -most : most;
      ARROW_RETURN_NOT_OK(ResolveOverflow<T>(call, arguments, i, nearest, &to[i], &valid));
    }
  }
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

template <typename T>
Result<vector::Column> Turned(const plan::Expression& call, const vector::Column& in,
                              int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  const T* values = in.values<T>();
  for (int64_t i = 0; i < length; ++i)
    vector::MutableValues<T>(out)[i] = static_cast<T>(~values[i]);
  return vector::Column::Flat(call.type(), length, std::move(out), in.valid_buffer());
}

template <typename T>
T ShiftRight(Function function, T value, unsigned distance) {
  if (function == Function::kShiftRight) return static_cast<T>(value >> distance);
  return static_cast<T>(static_cast<std::make_unsigned_t<T>>(value) >> distance);
}

// One shift that leaves out what does not fit; false where overflow = ERROR makes it an error.
template <typename T>
bool Shift(Function function, bool wrap, T value, T distance, T* out) {
  constexpr unsigned kWidth = std::numeric_limits<std::make_unsigned_t<T>>::digits;
  using Unsigned = std::make_unsigned_t<T>;
  const bool left = function == Function::kShiftLeft;
  if (wrap) {
    const auto modulo = static_cast<unsigned>(static_cast<Unsigned>(distance) % kWidth);
    *out = left ? static_cast<T>(static_cast<Unsigned>(value) << modulo)
                : ShiftRight(function, value, modulo);
    return true;
  }
  *out = 0;
  const bool in_range = distance >= T{0} && static_cast<Unsigned>(distance) < kWidth;
  if (!left) {
    if (in_range) *out = ShiftRight(function, value, static_cast<unsigned>(distance));
    return true;
  }
  if (value < T{0} || distance < T{0}) return false;
  if (!in_range) return value == 0;
  const auto by = static_cast<unsigned>(distance);
  if (value > static_cast<T>(std::numeric_limits<T>::max() >> by)) return false;
  *out = static_cast<T>(static_cast<Unsigned>(value) << by);
  return true;
}

template <typename T>
Result<vector::Column> Shifted(const plan::Expression& call, const Arguments& arguments,
                               int64_t length) {
  const bool wrap = call.options().overflow == CallOptions::Overflow::kWrap;
  return PairRows<T>(call, arguments, length, [&](T a, T b, int64_t row, T* out, RowValidity*) {
    if (Shift<T>(call.function(), wrap, a, b, out)) return Status::OK();
    return OverflowError(call, arguments, row);
  });
}

}  // namespace

Result<vector::Column> BitsKernel(const plan::Expression& call, const Arguments& arguments,
                                  int64_t length) {
  return vector::VisitPhysical(*call.type(), [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::Int128>) {
      return Combined<T>(call, arguments, length);
    } else if constexpr (std::is_integral_v<T>) {
      switch (call.function()) {
        case Function::kBitNot:
          return Turned<T>(call, arguments[0], length);
        case Function::kShiftLeft:
        case Function::kShiftRight:
        case Function::kShiftRightUnsigned:
          return Shifted<T>(call, arguments, length);
        default:
          return Combined<T>(call, arguments, length);
      }
    } else {
      return NoKernel(call);
    }
  });
}

}  // namespace skyhook::exec
