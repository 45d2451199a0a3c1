// Arithmetic on integers, floats and decimals.
#include <cmath>
#include <limits>
#include <type_traits>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels.h"
#include "skyhook/plan/catalogue.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::CallOptions;
using plan::Function;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

namespace {

Status Overflow(const plan::Expression& call, const Arguments& arguments, int64_t row) {
  std::string values;
  for (const Column& argument : arguments) {
    values += (values.empty() ? "" : ", ") + ValueText(argument, row);
  }
  return base::Invalid("overflow in {}: {}({}) does not fit {}", call.ToString(),
                       plan::EntryOf(call.function()).name, values, call.type()->ToString());
}

// Fails for the first row that is marked bad and has no NULL argument.
Status CheckRows(const plan::Expression& call, const Arguments& arguments, const uint8_t* bad,
                 const BufferPtr& valid, int64_t length) {
  for (int64_t i = 0; i < length; ++i) {
    if (bad[i] != 0 && (valid == nullptr || valid->data()[i] != 0)) {
      return Overflow(call, arguments, i);
    }
  }
  return Status::OK();
}

template <typename T>
bool Apply(Function function, T a, T b, T* out) {
  if (function == Function::kAdd) return __builtin_add_overflow(a, b, out);
  if (function == Function::kSubtract) return __builtin_sub_overflow(a, b, out);
  return __builtin_mul_overflow(a, b, out);
}

// Where a result is checked: never, against T's own range, or against a decimal's precision.
enum class Check { kNone, kRange, kPrecision };

template <Function kFunction, Check kCheck, typename T, typename A, typename B>
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
uint8_t ForFunction(Function function, A a, B b, T bound, T* out, uint8_t* bad, int64_t length) {
  if (function == Function::kAdd) {
    return CheckedLoop<Function::kAdd, kCheck>(a, b, bound, out, bad, length);
  }
  if (function == Function::kSubtract) {
    return CheckedLoop<Function::kSubtract, kCheck>(a, b, bound, out, bad, length);
  }
  return CheckedLoop<Function::kMultiply, kCheck>(a, b, bound, out, bad, length);
}

// +, - and * of integers or decimals in T, which holds the arguments and the result.
template <typename T>
Result<Column> Exact(const plan::Expression& call, const Arguments& arguments, Check check, T bound,
                     int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto bad, AllocateValues<uint8_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  T* to = MutableValues<T>(out);
  uint8_t* marks = MutableValues<uint8_t>(bad);
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
  if (any != 0) ARROW_RETURN_NOT_OK(CheckRows(call, arguments, marks, valid, length));
  return Column::Flat(call.type(), length, std::move(out), std::move(valid));
}

Result<Column> Widened(const Column& column) {
  if (column.type()->id() == arrow::Type::DECIMAL128) return column;
  const int64_t rows = column.is_constant() ? 1 : column.length();
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<Int128>(rows));
  for (int64_t i = 0; i < rows; ++i) MutableValues<Int128>(out)[i] = column.values<int64_t>()[i];
  const auto type = arrow::decimal128(38, plan::ShapeOf(*column.type()).scale);
  Column flat = Column::Flat(type, rows, std::move(out), column.valid_buffer());
  if (!column.is_constant()) return flat;
  ARROW_ASSIGN_OR_RAISE(auto array, flat.ToArray());
  ARROW_ASSIGN_OR_RAISE(auto scalar, array->GetScalar(0));
  return Column::Constant(scalar, column.length());
}

Result<Column> DecimalArithmetic(const plan::Expression& call, const Arguments& arguments,
                                 int64_t length) {
  const int precision = plan::ShapeOf(*call.type()).precision;
  const Check check = plan::CallCanFail(call) ? Check::kPrecision : Check::kNone;
  const bool wide = call.type()->id() == arrow::Type::DECIMAL128 ||
                    arguments[0].type()->id() == arrow::Type::DECIMAL128 ||
                    arguments[1].type()->id() == arrow::Type::DECIMAL128;
  if (!wide) {
    const auto bound = static_cast<int64_t>(PowerOfTen(precision) - 1);
    return Exact<int64_t>(call, arguments, check, bound, length);
  }
  ARROW_ASSIGN_OR_RAISE(Column a, Widened(arguments[0]));
  ARROW_ASSIGN_OR_RAISE(Column b, Widened(arguments[1]));
  ARROW_ASSIGN_OR_RAISE(Column out,
                        Exact<Int128>(call, {a, b}, check, PowerOfTen(precision) - 1, length));
  if (call.type()->id() == arrow::Type::DECIMAL128) return out;
  ARROW_ASSIGN_OR_RAISE(auto narrow, AllocateValues<int64_t>(length));
  for (int64_t i = 0; i < length; ++i) {
    MutableValues<int64_t>(narrow)[i] = static_cast<int64_t>(out.values<Int128>()[i]);
  }
  return Column::Flat(call.type(), length, std::move(narrow), out.valid_buffer());
}

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

// A copy of `valid`, or all ones, to clear rows of.
Result<BufferPtr> OwnValidity(const BufferPtr& valid, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto own, AllocateValues<uint8_t>(length));
  for (int64_t i = 0; i < length; ++i) {
    own->mutable_data()[i] = valid == nullptr ? 1 : valid->data()[i];
  }
  return own;
}

// Division by zero, as the call's option says: clears validity, fails, or leaves the row alone.
template <typename T>
Status HandleZeros(const plan::Expression& call, const Arguments& arguments, int64_t length,
                   BufferPtr* valid) {
  const auto option = call.options().division_by_zero;
  if (std::is_floating_point_v<T> && option == CallOptions::DivisionByZero::kIeee) {
    return Status::OK();
  }
  BufferPtr own;
  const Column& divisor = arguments[1];
  for (int64_t i = 0; i < length; ++i) {
    if (divisor.values<T>()[divisor.is_constant() ? 0 : i] != T{0}) continue;
    if (*valid != nullptr && (*valid)->data()[i] == 0) continue;
    if (option == CallOptions::DivisionByZero::kError) {
      return base::Invalid("{}: division of {} by zero", call.ToString(),
                           ValueText(arguments[0], i));
    }
    if (own == nullptr) {
      ARROW_ASSIGN_OR_RAISE(own, OwnValidity(*valid, length));
    }
    own->mutable_data()[i] = 0;
  }
  if (own != nullptr) *valid = std::move(own);
  return Status::OK();
}

template <typename T>
Result<Column> Floats(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  const Function function = call.function();
  T* to = MutableValues<T>(out);
  WithOperands<T>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) to[i] = FloatResult<T>(function, a[i], b[i]);
  });
  if (function == Function::kDivide || function == Function::kModulo) {
    ARROW_RETURN_NOT_OK(HandleZeros<T>(call, arguments, length, &valid));
  }
  return Column::Flat(call.type(), length, std::move(out), std::move(valid));
}

// Integer quotient and remainder.
template <typename T>
Result<Column> Quotient(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto bad, AllocateValues<uint8_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  ARROW_RETURN_NOT_OK(HandleZeros<T>(call, arguments, length, &valid));
  const bool remainder = call.function() == Function::kModulo;
  uint8_t* marks = MutableValues<uint8_t>(bad);
  uint8_t any = 0;
  WithOperands<T>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) {
      const bool minus_one = std::is_signed_v<T> && b[i] == static_cast<T>(-1);
      marks[i] =
          static_cast<uint8_t>(minus_one && !remainder && a[i] == std::numeric_limits<T>::min());
      any |= marks[i];
      T result{};
      if (b[i] != 0 && !minus_one) result = remainder ? a[i] % b[i] : a[i] / b[i];
      if (minus_one && !remainder && marks[i] == 0) result = static_cast<T>(-a[i]);
      MutableValues<T>(out)[i] = result;
    }
  });
  if (any != 0) ARROW_RETURN_NOT_OK(CheckRows(call, arguments, marks, valid, length));
  return Column::Flat(call.type(), length, std::move(out), std::move(valid));
}

// Negation and absolute value.
template <typename T>
Result<Column> Sign(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<T>(length));
  ARROW_ASSIGN_OR_RAISE(auto bad, AllocateValues<uint8_t>(length));
  const bool absolute = call.function() == Function::kAbs;
  const T* in = arguments[0].values<T>();
  uint8_t* marks = MutableValues<uint8_t>(bad);
  for (int64_t i = 0; i < length; ++i) {
    T& result = MutableValues<T>(out)[i];
    marks[i] = 0;
    if constexpr (std::is_floating_point_v<T>) {
      result = absolute ? std::fabs(in[i]) : -in[i];
    } else if (absolute && in[i] >= 0) {
      result = in[i];
    } else {
      marks[i] = static_cast<uint8_t>(__builtin_sub_overflow(T{0}, in[i], &result));
    }
  }
  ARROW_RETURN_NOT_OK(CheckRows(call, arguments, marks, arguments[0].valid_buffer(), length));
  return Column::Flat(call.type(), length, std::move(out), arguments[0].valid_buffer());
}

}  // namespace

Result<Column> ArithmeticKernel(const plan::Expression& call, const Arguments& arguments,
                                int64_t length) {
  const Function function = call.function();
  const bool unary = function == Function::kNegate || function == Function::kAbs;
  if (!unary && plan::IsDecimal(*call.type())) return DecimalArithmetic(call, arguments, length);
  return VisitPhysical(*call.type(), [&](auto value) -> Result<Column> {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, TextView>) {
      return base::UnsupportedPlan("{} has no kernel", call.ToString());
    } else {
      if (unary) return Sign<T>(call, arguments, length);
      if constexpr (std::is_floating_point_v<T>) {
        return Floats<T>(call, arguments, length);
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
