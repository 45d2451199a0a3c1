#include "skyhook/exec/kernels/kernels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "skyhook/base/status.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Family;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

namespace {

Result<vector::Column> Dispatch(Family family, const plan::Expression& call,
                                const Arguments& arguments, int64_t length) {
  switch (family) {
    case Family::kComparison:
      return CompareKernel(call, arguments, length);
    case Family::kTest:
      return TestKernel(call, arguments, length);
    case Family::kArithmetic:
      return plan::IsNumeric(*arguments[0].type()) ? ArithmeticKernel(call, arguments, length)
                                                   : TemporalKernel(call, arguments, length);
    case Family::kRounding:
      return RoundingKernel(call, arguments, length);
    case Family::kBits:
      return BitsKernel(call, arguments, length);
    case Family::kMathematics:
      return MathematicsKernel(call, arguments, length);
    case Family::kPattern:
      return PatternKernel(call, arguments, length);
    case Family::kText:
      return TextKernel(call, arguments, length);
    case Family::kTemporal:
      return TemporalKernel(call, arguments, length);
    case Family::kCast:
      return CastKernel(call, arguments, length);
  }
  return NoKernel(call);
}

bool IsNullConstant(const vector::Column& column) {
  return column.is_constant() && !column.IsValid(0);
}

}  // namespace

Result<vector::Column> CallKernel(const plan::Expression& call, const Arguments& arguments,
                                  int64_t length) {
  const plan::CatalogueEntry* entry = plan::FindEntry(call.function());
  if (entry == nullptr) return NoKernel(call);
  if (entry->nulls == plan::NullRule::kStrict &&
      std::any_of(arguments.begin(), arguments.end(), IsNullConstant)) {
    return vector::Column::Constant(arrow::MakeNullScalar(call.type()), length);
  }
  return Dispatch(entry->family, call, arguments, length);
}

arrow::Status NoKernel(const plan::Expression& call) {
  return base::UnsupportedPlan("{} has no kernel", call.ToString());
}

Result<BufferPtr> CommonValidity(const Arguments& arguments, int64_t length) {
  BufferPtr common;
  bool owned = false;
  for (const vector::Column& argument : arguments) {
    if (argument.valid() == nullptr || argument.is_constant()) continue;
    if (common == nullptr) {
      common = argument.valid_buffer();
      continue;
    }
    if (!owned) {
      ARROW_ASSIGN_OR_RAISE(auto copy, vector::AllocateValues<uint8_t>(length));
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

std::string ValueText(const vector::Column& column, int64_t row) {
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
