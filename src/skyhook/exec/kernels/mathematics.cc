// Functions of real numbers; powers and factorials of integers.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <type_traits>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/overflow.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/decimal.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::CallOptions;
using plan::Function;

namespace {

// What is wrong with an argument.
enum class Fault : uint8_t { kNone, kDomain, kLogarithmOfZero };

enum class Remedy : uint8_t { kError, kNull, kNan, kMinusInfinity };

Remedy RemedyOf(Fault fault, const CallOptions& options) {
  if (fault == Fault::kDomain) {
    switch (options.domain_error) {
      case CallOptions::DomainError::kError:
        return Remedy::kError;
      case CallOptions::DomainError::kNan:
        return Remedy::kNan;
      case CallOptions::DomainError::kNull:
        return Remedy::kNull;
    }
  }
  switch (options.logarithm_of_zero) {
    case CallOptions::LogarithmOfZero::kMinusInfinity:
      return Remedy::kMinusInfinity;
    case CallOptions::LogarithmOfZero::kNan:
      return Remedy::kNan;
    case CallOptions::LogarithmOfZero::kNull:
      return Remedy::kNull;
    default:
      return Remedy::kError;
  }
}

// Outside its domain a function is NaN of itself; of which sign is up to the C library.
bool IsDefined(Fault fault, const CallOptions& options) {
  return fault == Fault::kNone ||
         (fault == Fault::kDomain && options.domain_error == CallOptions::DomainError::kNan);
}

// Writes the value of a faulty row, or makes it NULL, or fails.
template <typename T>
Status Mend(const plan::Expression& call, const Arguments& arguments, Fault fault, int64_t row,
            T* out, RowValidity* valid) {
  switch (RemedyOf(fault, call.options())) {
    case Remedy::kNull:
      return valid->Clear(row);
    case Remedy::kNan:
      *out = std::numeric_limits<T>::quiet_NaN();
      return Status::OK();
    case Remedy::kMinusInfinity:
      *out = -std::numeric_limits<T>::infinity();
      return Status::OK();
    default:
      return base::Invalid("{}({}) is not defined", plan::EntryOf(call.function()).name,
                           ArgumentsText(arguments, row));
  }
}

// of(x) for every row, but for those of which fault_of(x) finds something.
template <typename T, typename Of, typename FaultOf>
Result<vector::Column> Map(const plan::Expression& call, const Arguments& arguments, int64_t length,
                           Of&& of, FaultOf&& fault_of) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  const T* in = arguments[0].values<T>();
  T* to = vector::MutableValues<T>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = T{};
    if (!valid.IsValid(i)) continue;
    const Fault fault = fault_of(in[i]);
    if (IsDefined(fault, call.options())) {
      to[i] = of(in[i]);
    } else {
      ARROW_RETURN_NOT_OK(Mend(call, arguments, fault, i, &to[i], &valid));
    }
  }
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

template <typename T>
Fault Anywhere(T) {
  return Fault::kNone;
}
template <typename T>
Fault WhereFinite(T x) {
  return std::isinf(x) ? Fault::kDomain : Fault::kNone;
}
template <typename T>
Fault WhereNotNegative(T x) {
  return x < 0 ? Fault::kDomain : Fault::kNone;
}
template <typename T>
Fault WherePositive(T x) {
  return x < 0 ? Fault::kDomain : x == 0 ? Fault::kLogarithmOfZero : Fault::kNone;
}
template <typename T>
Fault WithinOne(T x) {
  return x < -1 || x > 1 ? Fault::kDomain : Fault::kNone;
}
template <typename T>
Fault FromOne(T x) {
  return x < 1 ? Fault::kDomain : Fault::kNone;
}

template <typename T>
Result<vector::Column> Unary(const plan::Expression& call, const Arguments& arguments,
                             int64_t length) {
  const auto map = [&](T (*of)(T), Fault (*fault_of)(T)) {
    return Map<T>(call, arguments, length, of, fault_of);
  };
  switch (call.function()) {
    case Function::kSqrt:
      return map([](T x) { return std::sqrt(x); }, WhereNotNegative<T>);
    case Function::kCbrt:
      return map([](T x) { return std::cbrt(x); }, Anywhere<T>);
    case Function::kExp:
      return map([](T x) { return std::exp(x); }, Anywhere<T>);
    case Function::kLn:
      return map([](T x) { return std::log(x); }, WherePositive<T>);
    case Function::kLog2:
      return map([](T x) { return std::log2(x); }, WherePositive<T>);
    case Function::kLog10:
      return map([](T x) { return std::log10(x); }, WherePositive<T>);
    case Function::kSin:
      return map([](T x) { return std::sin(x); }, WhereFinite<T>);
    case Function::kCos:
      return map([](T x) { return std::cos(x); }, WhereFinite<T>);
    case Function::kTan:
      return map([](T x) { return std::tan(x); }, WhereFinite<T>);
    case Function::kAsin:
      return map([](T x) { return std::asin(x); }, WithinOne<T>);
    case Function::kAcos:
      return map([](T x) { return std::acos(x); }, WithinOne<T>);
    case Function::kAtan:
      return map([](T x) { return std::atan(x); }, Anywhere<T>);
    case Function::kSinh:
      return map([](T x) { return std::sinh(x); }, Anywhere<T>);
    case Function::kCosh:
      return map([](T x) { return std::cosh(x); }, Anywhere<T>);
    case Function::kTanh:
      return map([](T x) { return std::tanh(x); }, Anywhere<T>);
    case Function::kAsinh:
      return map([](T x) { return std::asinh(x); }, Anywhere<T>);
    case Function::kAcosh:
      return map([](T x) { return std::acosh(x); }, FromOne<T>);
    case Function::kAtanh:
      return map([](T x) { return std::atanh(x); }, WithinOne<T>);
    case Function::kRadians:
      return map([](T x) { return x * (std::numbers::pi_v<T> / 180); }, Anywhere<T>);
    case Function::kDegrees:
      return map([](T x) { return x * (180 / std::numbers::pi_v<T>); }, Anywhere<T>);
    default:
      return NoKernel(call);
  }
}

// What is wrong with one argument, or with the other.
template <typename T>
Fault BinaryFault(Function function, T a, T b) {
  if (function == Function::kLog) {
    const Fault base = WherePositive(a);
    return base != Fault::kNone ? base : WherePositive(b);
  }
  const bool fractional = function == Function::kPower && a < 0 && std::isfinite(a) &&
                          std::isfinite(b) && b != std::trunc(b);
  return fractional ? Fault::kDomain : Fault::kNone;
}

template <typename T>
T BinaryValue(Function function, T a, T b) {
  switch (function) {
    case Function::kLog:
      return std::log(b) / std::log(a);
    case Function::kPower:
      return std::pow(a, b);
    default:
      return std::atan2(a, b);
  }
}

template <typename T>
Result<vector::Column> Binary(const plan::Expression& call, const Arguments& arguments,
                              int64_t length) {
  return PairRows<T>(call, arguments, length,
                     [&](T a, T b, int64_t row, T* out, RowValidity* valid) {
                       const Fault fault = BinaryFault<T>(call.function(), a, b);
                       if (!IsDefined(fault, call.options())) {
                         return Mend(call, arguments, fault, row, out, valid);
                       }
                       *out = BinaryValue<T>(call.function(), a, b);
                       return Status::OK();
                     });
}

// base^exponent modulo the range of T; whether that lost something.
template <typename T>
bool IntegerPower(T base, T exponent, T* out) {
  if constexpr (std::is_signed_v<T>) {
    if (exponent < 0) {
      const bool one = base == 1;
      const bool minus_one = base == T{-1};
      *out = one ? T{1} : minus_one ? (exponent % 2 == 0 ? T{1} : T{-1}) : T{0};
      return base == 0;
    }
  }
  T result = 1;
  bool lost = false;
  bool square_lost = false;  // matters once the square is multiplied in
  for (T left = exponent; left != 0;) {
    if (left % 2 != 0) {
      lost |= square_lost;
      lost |= __builtin_mul_overflow(result, base, &result);
    }
    left /= 2;
    if (left != 0) square_lost |= __builtin_mul_overflow(base, base, &base);
  }
  *out = result;
  return lost;
}

template <typename T>
Result<vector::Column> Powers(const plan::Expression& call, const Arguments& arguments,
                              int64_t length) {
  return PairRows<T>(
      call, arguments, length, [&](T a, T b, int64_t row, T* out, RowValidity* valid) {
        if (!IntegerPower<T>(a, b, out)) return Status::OK();
        const bool negative = a < T{0} && b % 2 != 0;
        const T nearest = negative ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
        return ResolveOverflow(call, arguments, row, nearest, out, valid);
      });
}

// n!, and whether it does not fit.
template <typename To>
bool FactorialOf(int64_t n, To* out) {
  *out = 1;
  bool lost = false;
  // 34! exceeds 128 bits, and every later product is a multiple of 2^128.
  for (int64_t i = 2; i <= std::min<int64_t>(n, 130); ++i) {
    lost |= __builtin_mul_overflow(*out, static_cast<To>(i), out);
  }
  if constexpr (sizeof(To) == 16) lost |= *out >= vector::PowerOfTen(38);
  return lost;
}

template <typename From, typename To>
Result<vector::Column> Factorials(const plan::Expression& call, const Arguments& arguments,
                                  int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<To>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, RowValidity::Of(arguments, length));
  const From* in = arguments[0].values<From>();
  To* to = vector::MutableValues<To>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = To{};
    if (!valid.IsValid(i)) continue;
    if (in[i] < From{0}) {
      return base::Invalid("{} is negative", ValueText(arguments[0], i));
    }
    const auto n =
        static_cast<int64_t>(std::min<vector::Int128>(static_cast<vector::Int128>(in[i]), 1000));
    if (FactorialOf<To>(n, &to[i])) {
      const To most = sizeof(To) == 16 ? static_cast<To>(vector::PowerOfTen(38) - 1)
                                       : std::numeric_limits<To>::max();
      ARROW_RETURN_NOT_OK(ResolveOverflow(call, arguments, i, most, &to[i], &valid));
    }
  }
  return vector::Column::Flat(call.type(), length, std::move(out), valid.Finish());
}

Result<vector::Column> Factorial(const plan::Expression& call, const Arguments& arguments,
                                 int64_t length) {
  return vector::VisitPhysical(*arguments[0].type(), [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (!std::is_integral_v<T> && !std::is_same_v<T, vector::Int128>) {
      return NoKernel(call);
    } else {
      if (plan::IsDecimal(*arguments[0].type())) {
        return Factorials<T, vector::Int128>(call, arguments, length);
      }
      return Factorials<T, T>(call, arguments, length);
    }
  });
}

}  // namespace

Result<vector::Column> MathematicsKernel(const plan::Expression& call, const Arguments& arguments,
                                         int64_t length) {
  if (call.function() == Function::kFactorial) return Factorial(call, arguments, length);
  return vector::VisitPhysical(*call.type(), [&](auto value) -> Result<vector::Column> {
    using T = decltype(value);
    if constexpr (std::is_floating_point_v<T>) {
      return arguments.size() == 1 ? Unary<T>(call, arguments, length)
                                   : Binary<T>(call, arguments, length);
    } else if constexpr (std::is_integral_v<T>) {
      return Powers<T>(call, arguments, length);
    } else {
      return NoKernel(call);
    }
  });
}

}  // namespace skyhook::exec
