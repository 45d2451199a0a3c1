// Comparisons.
#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/value_order.h"

namespace skyhook::exec {

using arrow::Result;
using plan::CallOptions;
using plan::Function;

namespace {

// A comparison as one of three tests, with operands swapped and the result negated or not.
struct Plan {
  enum Test { kEqual, kLess, kLessEqual } test;
  bool swap;
  bool negate;
};

Plan PlanOf(Function function) {
  switch (function) {
    case Function::kEqual:
    case Function::kIsNotDistinctFrom:
      return {Plan::kEqual, false, false};
    case Function::kNotEqual:
    case Function::kIsDistinctFrom:
      return {Plan::kEqual, false, true};
    case Function::kLess:
      return {Plan::kLess, false, false};
    case Function::kGreater:
      return {Plan::kLess, true, false};
    case Function::kLessEqual:
      return {Plan::kLessEqual, false, false};
    default:
      return {Plan::kLessEqual, true, false};
  }
}

template <typename A, typename B, typename Test>
void Loop(A a, B b, uint8_t* out, int64_t length, uint8_t flip, Test test) {
  for (int64_t i = 0; i < length; ++i) out[i] = static_cast<uint8_t>(test(a[i], b[i])) ^ flip;
}

template <typename T, bool kIeee>
void CompareValues(const Plan& plan, const vector::Column& left, const vector::Column& right,
                   uint8_t* out, int64_t length) {
  const vector::Column& first = plan.swap ? right : left;
  const vector::Column& second = plan.swap ? left : right;
  const auto flip = static_cast<uint8_t>(plan.negate);
  WithOperands<T>(first, second, [&](auto a, auto b) {
    using C = vector::ValueOrder<T, kIeee>;
    if (plan.test == Plan::kEqual) {
      Loop(a, b, out, length, flip, [](T x, T y) { return C::Equal(x, y); });
    } else if (plan.test == Plan::kLess) {
      Loop(a, b, out, length, flip, [](T x, T y) { return C::Less(x, y); });
    } else {
      Loop(a, b, out, length, flip, [](T x, T y) { return C::LessEqual(x, y); });
    }
  });
}

void CompareTexts(const Plan& plan, const vector::Column& left, const vector::Column& right,
                  uint8_t* out, int64_t length) {
  const vector::Column& first = plan.swap ? right : left;
  const vector::Column& second = plan.swap ? left : right;
  const auto flip = static_cast<uint8_t>(plan.negate);
  for (int64_t i = 0; i < length; ++i) {
    bool result = false;
    if (first.IsValid(i) && second.IsValid(i)) {
      const std::string_view a = first.TextAt(i);
      const std::string_view b = second.TextAt(i);
      result = plan.test == Plan::kEqual ? a == b : (plan.test == Plan::kLess ? a < b : a <= b);
    }
    out[i] = static_cast<uint8_t>(result) ^ flip;
  }
}

// IS [NOT] DISTINCT FROM: where either side is NULL, equality of nullness takes the place of the
// comparison.
void ApplyNullness(const Arguments& arguments, bool distinct, uint8_t* out, int64_t length) {
  for (int64_t i = 0; i < length; ++i) {
    const bool a = arguments[0].IsValid(i);
    const bool b = arguments[1].IsValid(i);
    if (!a || !b) out[i] = static_cast<uint8_t>((a != b) == distinct);
  }
}

Result<vector::Column> CompareTwo(const plan::Expression& call, const Arguments& arguments,
                                  int64_t length) {
  const bool distinctness = call.function() == Function::kIsDistinctFrom ||
                            call.function() == Function::kIsNotDistinctFrom;
  ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<uint8_t>(length));
  uint8_t* to = vector::MutableValues<uint8_t>(out);
  const Plan plan = PlanOf(call.function());
  const bool ieee = call.options().nan == CallOptions::Nan::kIeee;
  vector::VisitPhysical(*arguments[0].type(), [&](auto value) {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, vector::TextView>) {
      CompareTexts(plan, arguments[0], arguments[1], to, length);
    } else if (std::is_floating_point_v<T> && ieee) {
      CompareValues<T, true>(plan, arguments[0], arguments[1], to, length);
    } else {
      CompareValues<T, false>(plan, arguments[0], arguments[1], to, length);
    }
  });
  if (distinctness) {
    ApplyNullness(arguments, call.function() == Function::kIsDistinctFrom, to, length);
    return vector::Column::Flat(arrow::boolean(), length, std::move(out), nullptr);
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  return vector::Column::Flat(arrow::boolean(), length, std::move(out), std::move(valid));
}

}  // namespace

Result<vector::Column> CompareKernel(const plan::Expression& call, const Arguments& arguments,
                                     int64_t length) {
  switch (call.function()) {
    case Function::kGreatest:
    case Function::kLeast:
      return ExtremeKernel(call, arguments, length);
    default:
      return CompareTwo(call, arguments, length);
  }
}

}  // namespace skyhook::exec
