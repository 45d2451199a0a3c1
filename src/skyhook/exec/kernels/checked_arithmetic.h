// Sums, differences and products of whole numbers, checked against a type's range or a decimal's
// precision.
#pragma once

#include <cstdint>
#include <limits>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/overflow.h"

namespace skyhook::exec {

/// The value of the type nearest to the true result of a call that overflowed.
template <typename T>
T Nearest(plan::Function function, T a, T b, T least, T most) {
  bool negative = false;
  switch (function) {
    case plan::Function::kAdd:
      // Of two signs the sum is within T, and may still leave a decimal of fewer digits.
      negative = (a < T{0}) == (b < T{0}) ? a < T{0} : static_cast<T>(a + b) < T{0};
      break;
    case plan::Function::kSubtract:
      negative = a < b;
      break;
    default:
      negative = (a < T{0}) != (b < T{0});
  }
  return negative ? least : most;
}

template <typename T>
bool Apply(plan::Function function, T a, T b, T* out) {
  if (function == plan::Function::kAdd) return __builtin_add_overflow(a, b, out);
  if (function == plan::Function::kSubtract) return __builtin_sub_overflow(a, b, out);
  return __builtin_mul_overflow(a, b, out);
}

/// Where a result is checked: never, against T's own range, or against a decimal's precision.
enum class Check { kNone, kRange, kPrecision };

template <plan::Function kFunction, Check kCheck, typename T, typename A, typename B>
uint8_t CheckedLoop(A a, B b, T bound, T* out, uint8_t* bad, int64_t length) {
  uint8_t any = 0;
  for (int64_t i = 0; i < length; ++i) {
    bool wrong = Apply<T>(kFunction, static_cast<T>(a[i]), static_cast<T>(b[i]), &out[i]);
    if constexpr (kCheck == Check::kPrecision) wrong |= out[i] > bound || out[i] < -bound;
    if constexpr (kCheck != Check::kNone) {
      bad[i] = static_cast<uint8_t>(wrong);
      any |= bad[i];
    }
  }
  return any;
}

template <Check kCheck, typename T, typename A, typename B>
uint8_t ForFunction(plan::Function function, A a, B b, T bound, T* out, uint8_t* bad,
                    int64_t length) {
  if (function == plan::Function::kAdd) {
    return CheckedLoop<plan::Function::kAdd, kCheck>(a, b, bound, out, bad, length);
  }
  if (function == plan::Function::kSubtract) {
    return CheckedLoop<plan::Function::kSubtract, kCheck>(a, b, bound, out, bad, length);
  }
  return CheckedLoop<plan::Function::kMultiply, kCheck>(a, b, bound, out, bad, length);
}

/// Deals with the rows that are marked bad and have no NULL argument. T holds values between
// `least` and `most`.
template <typename T>
arrow::Status ResolveMarked(const plan::Expression& call, const Arguments& arguments,
                            const uint8_t* bad, T least, T most, T* out, int64_t length,
                            RowValidity* valid) {
  return WithOperands<T>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      if (bad[i] == 0 || !valid->IsValid(i)) continue;
      const T nearest = Nearest<T>(call.function(), a[i], b[i], least, most);
      ARROW_RETURN_NOT_OK(ResolveOverflow<T>(call, arguments, i, nearest, &out[i], valid));
    }
    return arrow::Status::OK();
  });
}

/// +, - and * of integers or decimals in T, which holds the arguments and the result.
template <typename T>
arrow::Result<vector::Column> Exact(const plan::Expression& call, const Arguments& arguments,
                                    Check check, T bound, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto bad, vector::AllocateValues<uint8_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  T* to = vector::MutableValues<T>(out);
  uint8_t* marks = vector::MutableValues<uint8_t>(bad);
  const uint8_t any = WithOperands<T>(arguments[0], arguments[1], [&](auto a, auto b) {
    switch (check) {
      case Check::kNone:
        return ForFunction<Check::kNone>(call.function(), a, b, bound, to, marks, length);
      case Check::kRange:
        return ForFunction<Check::kRange>(call.function(), a, b, bound, to, marks, length);
      default:
        return ForFunction<Check::kPrecision>(call.function(), a, b, bound, to, marks, length);
    }
  });
  if (any != 0) {
    const bool range = check == Check::kRange;
    const T least = range ? std::numeric_limits<T>::min() : static_cast<T>(-bound);
    const T most = range ? std::numeric_limits<T>::max() : bound;
    ARROW_RETURN_NOT_OK(ResolveMarked<T>(call, arguments, marks, least, most, to, length, &valid));
  }
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

/// Divisions of `arguments` by zero, as the call's option says: NULL, or an error.
template <typename T>
arrow::Status ResolveZeros(const plan::Expression& call, const Arguments& arguments, int64_t length,
                           RowValidity* valid) {
  const vector::Column& divisor = arguments[1];
  for (int64_t i = 0; i < length; ++i) {
    if (divisor.values<T>()[divisor.is_constant() ? 0 : i] != T{0} || !valid->IsValid(i)) continue;
    if (call.options().division_by_zero != plan::CallOptions::DivisionByZero::kNull) {
      return base::Invalid("division of {} by zero", ValueText(arguments[0], i));
    }
    ARROW_RETURN_NOT_OK(valid->Clear(i));
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::exec
