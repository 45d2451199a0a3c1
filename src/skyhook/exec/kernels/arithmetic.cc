// Arithmetic on integers and floats.
#include <cmath>
#include <limits>
#include <type_traits>

#include "skyhook/exec/kernels/checked_arithmetic.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::CallOptions;
using plan::Function;

namespace {

template <typename T>
T FloatResult(Function function, T a, T b) {
  switch (function) {
    case Function::kAdd:
      return a + b;
    case Function::kSubtract:
      return a - b;
    case Function::kMultiply:
      return a * b;
    case Function::kDivide:
      return a / b;
    default:
      return std::fmod(a, b);
  }
}

template <typename T>
Result<vector::Column> Floats(const plan::Expression& call, const Arguments& arguments,
                              int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  const Function function = call.function();
  T* to = vector::MutableValues<T>(out);
  WithOperands<T>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) to[i] = FloatResult<T>(function, a[i], b[i]);
  });
  const bool divides = function == Function::kDivide || function == Function::kModulo;
  if (divides && call.options().division_by_zero != CallOptions::DivisionByZero::kIeee) {
    ARROW_RETURN_NOT_OK(ResolveZeros<T>(call, arguments, length, &valid));
  }
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

// Integer quotient and remainder.
template <typename T>
Result<vector::Column> Quotient(const plan::Expression& call, const Arguments& arguments,
                                int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  ARROW_RETURN_NOT_OK(ResolveZeros<T>(call, arguments, length, &valid));
  const bool remainder = call.function() == Function::kModulo;
  T* to = vector::MutableValues<T>(out);
  const Status status = WithOperands<T>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      to[i] = T{};
      if (std::is_signed_v<T> && b[i] == static_cast<T>(-1)) {
        T negated;
        const bool overflow = __builtin_sub_overflow(T{0}, a[i], &negated);
        if (!remainder) to[i] = negated;
        if (!overflow || !valid.IsValid(i)) continue;
        const T nearest = remainder ? T{0} : std::numeric_limits<T>::max();
        ARROW_RETURN_NOT_OK(ResolveOverflow<T>(call, arguments, i, nearest, &to[i], &valid));
      } else if (b[i] != 0) {
        to[i] = remainder ? a[i] % b[i] : a[i] / b[i];
      }
    }
    return Status::OK();
  });
  ARROW_RETURN_NOT_OK(status);
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

// Negation and absolute value.
template <typename T>
Result<vector::Column> Negated(const plan::Expression& call, const Arguments& arguments,
                               int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  const bool absolute = call.function() == Function::kAbs;
  const T* in = arguments[0].values<T>();
  for (int64_t i = 0; i < length; ++i) {
    T& result = vector::MutableValues<T>(out)[i];
    if constexpr (std::is_floating_point_v<T>) {
      result = absolute ? std::fabs(in[i]) : -in[i];
    } else if constexpr (std::is_same_v<T, vector::Int256>) {
      result = absolute ? T::Abs(in[i]) : -in[i];
    } else if (absolute && in[i] >= 0) {
      result = in[i];
    } else if (__builtin_sub_overflow(T{0}, in[i], &result) && valid.IsValid(i)) {
      constexpr T kMost = std::numeric_limits<T>::max();
      ARROW_RETURN_NOT_OK(ResolveOverflow<T>(call, arguments, i, kMost, &result, &valid));
    }
  }
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

template <typename From, typename To>
Result<vector::Column> Signs(const plan::Expression& call, const vector::Column& in, To one,
                             int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<To>(length));
  const From* values = in.values<From>();
  To* to = vector::MutableValues<To>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = values[i] > From{0} ? one : To{0};
    if constexpr (!std::is_unsigned_v<From>) {
      if (values[i] < From{0}) to[i] = static_cast<To>(-one);
    }
    if constexpr (std::is_floating_point_v<From> && std::is_same_v<From, To>) {
      if (std::isnan(values[i])) to[i] = values[i];
    }
  }
  return vector::Column::Flat(call.type(), length, std::move(out), in.valid_buffer());
}

Result<vector::Column> Sign(const plan::Expression& call, const vector::Column& in,
                            int64_t length) {
  const bool narrow = !call.type()->Equals(*in.type());
  return vector::VisitPhysical(*in.type(), [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      return NoKernel(call);
    } else {
      if (narrow) return Signs<T, int8_t>(call, in, 1, length);
      if (!plan::IsDecimal(*in.type())) return Signs<T, T>(call, in, T{1}, length);
      const int scale = plan::ShapeOf(*in.type()).scale;
      if constexpr (std::is_same_v<T, vector::Int256>) {
        return Signs<T, T>(call, in, vector::WidePowerOfTen(scale), length);
      } else {
        return Signs<T, T>(call, in, static_cast<T>(vector::PowerOfTen(scale)), length);
      }
    }
  });
}

}  // namespace

Result<vector::Column> ArithmeticKernel(const plan::Expression& call, const Arguments& arguments,
                                        int64_t length) {
  const Function function = call.function();
  if (function == Function::kSign) return Sign(call, arguments[0], length);
  const bool unary = function == Function::kNegate || function == Function::kAbs;
  if (!unary && plan::IsDecimal(*call.type())) return DecimalKernel(call, arguments, length);
  return vector::VisitPhysical(*call.type(), [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      return NoKernel(call);
    } else {
      if (unary) return Negated<T>(call, arguments, length);
      if constexpr (std::is_floating_point_v<T>) {
        return Floats<T>(call, arguments, length);
      } else if constexpr (std::is_same_v<T, vector::Int256>) {
        return NoKernel(call);
      } else {
        if (function == Function::kIntegerDivide || function == Function::kModulo) {
          return Quotient<T>(call, arguments, length);
        }
        return Exact<T>(call, arguments, Check::kRange, T{0}, length);
      }
    }
  });
}

}  // namespace skyhook::exec
