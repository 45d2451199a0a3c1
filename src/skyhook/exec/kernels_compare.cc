// Comparisons and IN.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_set>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels.h"
#include "skyhook/exec/value_order.h"
#include "skyhook/plan/types.h"

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
void CompareValues(const Plan& plan, const Column& left, const Column& right, uint8_t* out,
                   int64_t length) {
  const Column& first = plan.swap ? right : left;
  const Column& second = plan.swap ? left : right;
  const auto flip = static_cast<uint8_t>(plan.negate);
  WithOperands<T>(first, second, [&](auto a, auto b) {
    using C = ValueOrder<T, kIeee>;
    if (plan.test == Plan::kEqual) {
      Loop(a, b, out, length, flip, [](T x, T y) { return C::Equal(x, y); });
    } else if (plan.test == Plan::kLess) {
      Loop(a, b, out, length, flip, [](T x, T y) { return C::Less(x, y); });
    } else {
      Loop(a, b, out, length, flip, [](T x, T y) { return C::LessEqual(x, y); });
    }
  });
}

void CompareTexts(const Plan& plan, const Column& left, const Column& right, uint8_t* out,
                  int64_t length) {
  const Column& first = plan.swap ? right : left;
  const Column& second = plan.swap ? left : right;
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

template <typename T>
struct Members {
  std::unordered_set<T> values;
  bool has_nan = false;

  void Add(T value) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) {
        has_nan = true;
        return;
      }
    }
    values.insert(value);
  }
  bool Has(T value) const {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(value)) return has_nan;
    }
    return values.contains(value);
  }
};

template <typename T>
void InValues(const Arguments& arguments, bool ieee, uint8_t* out, int64_t length) {
  constexpr size_t kFew = 8;
  std::vector<T> few;
  Members<T> many;
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (!arguments[i].IsValid(0)) continue;
    const T value = arguments[i].values<T>()[0];
    if (ieee && value != value) continue;  // NaN, which equals nothing
    few.push_back(value);
    if (arguments.size() > kFew) many.Add(few.back());
  }
  const T* in = arguments[0].values<T>();
  if (arguments.size() > kFew) {
    for (int64_t i = 0; i < length; ++i) out[i] = static_cast<uint8_t>(many.Has(in[i]));
    return;
  }
  std::memset(out, 0, static_cast<size_t>(length));
  for (const T value : few) {
    for (int64_t i = 0; i < length; ++i) {
      out[i] |= static_cast<uint8_t>(ValueOrder<T, false>::Equal(in[i], value));
    }
  }
}

// Of types that have an order and no hash.
template <typename T>
void InSorted(const Arguments& arguments, uint8_t* out, int64_t length) {
  std::vector<T> members;
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].IsValid(0)) members.push_back(arguments[i].values<T>()[0]);
  }
  std::sort(members.begin(), members.end());
  const T* in = arguments[0].values<T>();
  for (int64_t i = 0; i < length; ++i) {
    out[i] = static_cast<uint8_t>(std::binary_search(members.begin(), members.end(), in[i]));
  }
}

void InTexts(const Arguments& arguments, uint8_t* out, int64_t length) {
  std::unordered_set<std::string_view> members;
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].IsValid(0)) members.insert(arguments[i].TextAt(0));
  }
  for (int64_t i = 0; i < length; ++i) {
    out[i] = arguments[0].IsValid(i) && members.contains(arguments[0].TextAt(i)) ? 1 : 0;
  }
}

Result<Column> CompareTwo(const plan::Expression& call, const Arguments& arguments,
                          int64_t length) {
  const bool distinctness = call.function() == Function::kIsDistinctFrom ||
                            call.function() == Function::kIsNotDistinctFrom;
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<uint8_t>(length));
  uint8_t* to = MutableValues<uint8_t>(out);
  const Plan plan = PlanOf(call.function());
  const bool ieee = call.options().nan == CallOptions::Nan::kIeee;
  VisitPhysical(*arguments[0].type(), [&](auto value) {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, TextView>) {
      CompareTexts(plan, arguments[0], arguments[1], to, length);
    } else if (std::is_floating_point_v<T> && ieee) {
      CompareValues<T, true>(plan, arguments[0], arguments[1], to, length);
    } else {
      CompareValues<T, false>(plan, arguments[0], arguments[1], to, length);
    }
  });
  if (distinctness) {
    ApplyNullness(arguments, call.function() == Function::kIsDistinctFrom, to, length);
    return Column::Flat(arrow::boolean(), length, std::move(out), nullptr);
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  return Column::Flat(arrow::boolean(), length, std::move(out), std::move(valid));
}

Result<Column> IsAmong(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  if (arguments[0].is_constant() && !arguments[0].IsValid(0)) {
    return Column::Constant(arrow::MakeNullScalar(arrow::boolean()), length);
  }
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<uint8_t>(length));
  uint8_t* to = MutableValues<uint8_t>(out);
  VisitPhysical(*arguments[0].type(), [&](auto value) {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, TextView>) {
      InTexts(arguments, to, length);
    } else if constexpr (std::is_same_v<T, Int128> || std::is_same_v<T, Int256>) {
      InSorted<T>(arguments, to, length);
    } else {
      InValues<T>(arguments, call.options().nan == CallOptions::Nan::kIeee, to, length);
    }
  });
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity({arguments[0]}, length));
  const bool null_listed = std::any_of(arguments.begin() + 1, arguments.end(),
                                       [](const Column& literal) { return !literal.IsValid(0); });
  if (null_listed) {
    ARROW_ASSIGN_OR_RAISE(auto certain, AllocateValues<uint8_t>(length));
    for (int64_t i = 0; i < length; ++i) {
      certain->mutable_data()[i] = to[i] & static_cast<uint8_t>(arguments[0].IsValid(i));
    }
    valid = std::move(certain);
  }
  return Column::Flat(arrow::boolean(), length, std::move(out), std::move(valid));
}

}  // namespace

Result<Column> CompareKernel(const plan::Expression& call, const Arguments& arguments,
                             int64_t length) {
  switch (call.function()) {
    case Function::kIn:
      return IsAmong(call, arguments, length);
    case Function::kGreatest:
    case Function::kLeast:
      return ExtremeKernel(call, arguments, length);
    default:
      return CompareTwo(call, arguments, length);
  }
}

}  // namespace skyhook::exec
