#include "skyhook/exec/kernels/kernels.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/plan/functions/catalogue.h"
#include "skyhook/plan/types.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Family;
using BufferPtr = std::shared_ptr<arrow::Buffer>;

namespace {

using Kernel = Result<vector::Column> (*)(const plan::Expression& call, const Arguments& arguments,
                                          int64_t length);

// A call whose kernel makes nothing of its constants.
class KernelCall : public PreparedCall {
 public:
  KernelCall(plan::ExpressionPtr call, Kernel kernel, bool strict)
      : call_(std::move(call)), kernel_(kernel), strict_(strict) {}

  Result<vector::Column> Run(const Arguments& arguments, int64_t length) const override {
    if (strict_ && AnyNullConstant(arguments)) {
      return vector::Column::Constant(arrow::MakeNullScalar(call_->type()), length);
    }
    return kernel_(*call_, arguments, length);
  }

 private:
  const plan::ExpressionPtr call_;
  const Kernel kernel_;
  const bool strict_;
};

Result<vector::Column> Refuse(const plan::Expression& call, const Arguments&, int64_t) {
  return NoKernel(call);
}

// Patterns have none: they are prepared.
Kernel KernelOf(Family family, const plan::Expression& call) {
  switch (family) {
    case Family::kComparison:
      return CompareKernel;
    case Family::kTest:
      return TestKernel;
    case Family::kArithmetic:
      return plan::IsNumeric(*call.arguments()[0]->type()) ? ArithmeticKernel : TemporalKernel;
    case Family::kRounding:
      return RoundingKernel;
    case Family::kBits:
      return BitsKernel;
    case Family::kMathematics:
      return MathematicsKernel;
    case Family::kText:
      return TextKernel;
    case Family::kTemporal:
      return TemporalKernel;
    case Family::kCast:
      return CastKernel;
    case Family::kPattern:
      break;
  }
  return Refuse;
}

}  // namespace

PreparedCallPtr PrepareCall(const plan::ExpressionPtr& call) {
  const plan::CatalogueEntry* entry = plan::FindEntry(call->function());
  if (entry == nullptr) return std::make_shared<const KernelCall>(call, Refuse, false);
  if (call->function() == plan::Function::kIn) return PrepareIn(*call);
  if (entry->family == Family::kPattern) return PreparePattern(*call);
  return std::make_shared<const KernelCall>(call, KernelOf(entry->family, *call),
                                            entry->nulls == plan::NullRule::kStrict);
}

bool AnyNullConstant(const Arguments& arguments) {
  return std::any_of(arguments.begin(), arguments.end(), [](const vector::Column& column) {
    return column.is_constant() && !column.IsValid(0);
  });
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
