#include "skyhook/exec/kernels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Function;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

namespace {

Result<Column> NotKernel(const Column& argument, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<uint8_t>(length));
  const uint8_t* in = argument.values<uint8_t>();
  uint8_t* to = MutableValues<uint8_t>(out);
  for (int64_t i = 0; i < length; ++i) to[i] = in[i] ^ 1;
  return Column::Flat(arrow::boolean(), length, std::move(out), argument.valid_buffer());
}

Result<Column> NullTestKernel(const Column& argument, bool null_gives, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<uint8_t>(length));
  uint8_t* to = MutableValues<uint8_t>(out);
  const uint8_t* valid = argument.valid();
  const auto when_null = static_cast<uint8_t>(null_gives);
  const auto when_valid = static_cast<uint8_t>(!null_gives);
  if (valid == nullptr) {
    std::memset(to, when_valid, static_cast<size_t>(length));
  } else {
    for (int64_t i = 0; i < length; ++i) to[i] = valid[i] != 0 ? when_valid : when_null;
  }
  return Column::Flat(arrow::boolean(), length, std::move(out), nullptr);
}

bool IsStrict(Function function) {
  return function != Function::kIsNull && function != Function::kIsNotNull &&
         function != Function::kIsDistinctFrom && function != Function::kIsNotDistinctFrom &&
         function != Function::kIn;
}

Result<Column> Dispatch(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  switch (call.function()) {
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
    case Function::kIsDistinctFrom:
    case Function::kIsNotDistinctFrom:
      return CompareKernel(call, arguments, length);
    case Function::kNot:
      return NotKernel(arguments[0], length);
    case Function::kIsNull:
    case Function::kIsNotNull:
      return NullTestKernel(arguments[0], call.function() == Function::kIsNull, length);
    case Function::kIn:
      return InKernel(call, arguments, length);
    case Function::kAdd:
    case Function::kSubtract: {
      const auto id = arguments[0].type()->id();
      const bool temporal = id == arrow::Type::DATE32 || id == arrow::Type::TIMESTAMP;
      return temporal ? TemporalKernel(call, arguments, length)
                      : ArithmeticKernel(call, arguments, length);
    }
    case Function::kMultiply:
    case Function::kDivide:
    case Function::kIntegerDivide:
    case Function::kModulo:
    case Function::kNegate:
    case Function::kAbs:
      return ArithmeticKernel(call, arguments, length);
    case Function::kLike:
    case Function::kILike:
    case Function::kStartsWith:
    case Function::kEndsWith:
    case Function::kContains:
    case Function::kSubstring:
    case Function::kLength:
    case Function::kLower:
    case Function::kUpper:
      return TextKernel(call, arguments, length);
    case Function::kExtract:
      return TemporalKernel(call, arguments, length);
    case Function::kCast:
    case Function::kTryCast:
      return CastKernel(call, arguments, length);
  }
  return base::UnsupportedPlan("function number {} has no kernel",
                               static_cast<int>(call.function()));
}

bool IsNullConstant(const Column& column) { return column.is_constant() && !column.IsValid(0); }

}  // namespace

Result<Column> CallKernel(const plan::Expression& call, const Arguments& arguments,
                          int64_t length) {
  if (IsStrict(call.function()) &&
      std::any_of(arguments.begin(), arguments.end(), IsNullConstant)) {
    return Column::Constant(arrow::MakeNullScalar(call.type()), length);
  }
  return Dispatch(call, arguments, length);
}

Result<BufferPtr> CommonValidity(const Arguments& arguments, int64_t length) {
  BufferPtr common;
  bool owned = false;
  for (const Column& argument : arguments) {
    if (argument.valid() == nullptr || argument.is_constant()) continue;
    if (common == nullptr) {
      common = argument.valid_buffer();
      continue;
    }
    if (!owned) {
      ARROW_ASSIGN_OR_RAISE(auto copy, AllocateValues<uint8_t>(length));
      std::memcpy(copy->mutable_data(), common->data(), static_cast<size_t>(length));
      common = std::move(copy);
      owned = true;
    }
    uint8_t* to = common->mutable_data();
    const uint8_t* valid = argument.valid();
    for (int64_t i = 0; i < length; ++i) to[i] &= valid[i];
  }
  return common;
}

Int128 PowerOfTen(int exponent) {
  static const std::array<Int128, 39> kPowers = [] {
    std::array<Int128, 39> powers{};
    powers[0] = 1;
    for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
  }();
  return kPowers[static_cast<size_t>(exponent)];
}

std::string ValueText(const Column& column, int64_t row) {
  if (!column.IsValid(row)) return "NULL";
  const int32_t at = static_cast<int32_t>(row);
  const auto one = column.Gather(std::span(&at, 1));
  if (!one.ok()) return "?";
  const auto array = one->Resized(1).ToArray();
  if (!array.ok()) return "?";
  const auto scalar = (*array)->GetScalar(0);
  return scalar.ok() ? (*scalar)->ToString() : "?";
}

}  // namespace skyhook::exec
