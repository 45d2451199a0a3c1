// Tests for NULL and NaN, negation and exclusive or.
#include <cmath>
#include <cstring>

#include "skyhook/exec/kernels/kernels.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Function;

namespace {

Result<vector::Column> NullTest(const vector::Column& argument, bool null_gives, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<uint8_t>(length));
  uint8_t* to = vector::MutableValues<uint8_t>(out);
  const uint8_t* valid = argument.valid();
  const auto when_null = static_cast<uint8_t>(null_gives);
  const auto when_valid = static_cast<uint8_t>(!null_gives);
  if (valid == nullptr) {
    std::memset(to, when_valid, static_cast<size_t>(length));
  } else {
    for (int64_t i = 0; i < length; ++i) to[i] = valid[i] != 0 ? when_valid : when_null;
  }
  return vector::Column::Flat(arrow::boolean(), length, std::move(out), nullptr);
}

template <typename T, typename Test>
Result<vector::Column> TestValues(const vector::Column& argument, int64_t length, Test&& test) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<uint8_t>(length));
  uint8_t* to = vector::MutableValues<uint8_t>(out);
  const T* values = argument.values<T>();
  for (int64_t i = 0; i < length; ++i) to[i] = static_cast<uint8_t>(test(values[i]));
  return vector::Column::Flat(arrow::boolean(), length, std::move(out), argument.valid_buffer());
}

template <typename T>
Result<vector::Column> FloatTest(Function function, const vector::Column& argument,
                                 int64_t length) {
  switch (function) {
    case Function::kIsNan:
      return TestValues<T>(argument, length, [](T value) { return std::isnan(value); });
    case Function::kIsFinite:
      return TestValues<T>(argument, length, [](T value) { return std::isfinite(value); });
    default:
      return TestValues<T>(argument, length, [](T value) { return std::isinf(value); });
  }
}

Result<vector::Column> ExclusiveOr(const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<uint8_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  uint8_t* to = vector::MutableValues<uint8_t>(out);
  WithOperands<uint8_t>(arguments[0], arguments[1], [&](auto a, auto b) {
    for (int64_t i = 0; i < length; ++i) to[i] = a[i] ^ b[i];
  });
  return vector::Column::Flat(arrow::boolean(), length, std::move(out), std::move(valid));
}

}  // namespace

Result<vector::Column> TestKernel(const plan::Expression& call, const Arguments& arguments,
                                  int64_t length) {
  const vector::Column& first = arguments[0];
  switch (call.function()) {
    case Function::kIsNull:
    case Function::kIsNotNull:
      return NullTest(first, call.function() == Function::kIsNull, length);
    case Function::kNot:
      return TestValues<uint8_t>(first, length, [](uint8_t value) { return value ^ 1; });
    case Function::kXor:
      return ExclusiveOr(arguments, length);
    default:
      return first.type()->id() == arrow::Type::FLOAT
                 ? FloatTest<float>(call.function(), first, length)
                 : FloatTest<double>(call.function(), first, length);
  }
}

}  // namespace skyhook::exec
