// The functions of the catalogue over columns, by family: what prepared calls run.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>

#include "skyhook/exec/kernels/prepared_call.h"
#include "skyhook/plan/expression.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// Whether an argument is a constant, and that is NULL: a strict function gives NULL.
bool AnyNullConstant(const Arguments& arguments);

// The families of the catalogue. Their contract is that of PreparedCall::Run; arguments of strict
// functions are not NULL constants.
arrow::Result<vector::Column> CompareKernel(const plan::Expression& call,
                                            const Arguments& arguments, int64_t length);
arrow::Result<vector::Column> TestKernel(const plan::Expression& call, const Arguments& arguments,
                                         int64_t length);
arrow::Result<vector::Column> ArithmeticKernel(const plan::Expression& call,
                                               const Arguments& arguments, int64_t length);
arrow::Result<vector::Column> RoundingKernel(const plan::Expression& call,
                                             const Arguments& arguments, int64_t length);
arrow::Result<vector::Column> BitsKernel(const plan::Expression& call, const Arguments& arguments,
                                         int64_t length);
arrow::Result<vector::Column> MathematicsKernel(const plan::Expression& call,
                                                const Arguments& arguments, int64_t length);
arrow::Result<vector::Column> TextKernel(const plan::Expression& call, const Arguments& arguments,
                                         int64_t length);
arrow::Result<vector::Column> TemporalKernel(const plan::Expression& call,
                                             const Arguments& arguments, int64_t length);
arrow::Result<vector::Column> CastKernel(const plan::Expression& call, const Arguments& arguments,
                                         int64_t length);

/// A part of CompareKernel: kGreatest and kLeast.
arrow::Result<vector::Column> ExtremeKernel(const plan::Expression& call,
                                            const Arguments& arguments, int64_t length);

/// Calls with something made of their constants: of kIn, and of the family of patterns.
PreparedCallPtr PrepareIn(const plan::Expression& call);
PreparedCallPtr PreparePattern(const plan::Expression& call);

/// A part of ArithmeticKernel: two decimals.
arrow::Result<vector::Column> DecimalKernel(const plan::Expression& call,
                                            const Arguments& arguments, int64_t length);

/// A part of TemporalKernel: dates and timestamps plus or minus intervals.
arrow::Result<vector::Column> IntervalKernel(const plan::Expression& call,
                                             const Arguments& arguments, int64_t length);

/// A part of TemporalKernel: sums and differences with a duration among them.
arrow::Result<vector::Column> DurationKernel(const plan::Expression& call,
                                             const Arguments& arguments, int64_t length);

/// Whether the result or an argument is a decimal of more than 38 digits.
bool IsWideCall(const plan::Expression& call, const Arguments& arguments);
/// DecimalKernel, and RoundingKernel of a decimal, of such a call.
arrow::Result<vector::Column> WideDecimalKernel(const plan::Expression& call,
                                                const Arguments& arguments, int64_t length);
arrow::Result<vector::Column> WideRounding(const plan::Expression& call, const Arguments& arguments,
                                           int32_t digits, plan::CallOptions::Rounding mode,
                                           int64_t length);

/// kUnsupportedPlan: what the catalogue takes and no kernel computes.
arrow::Status NoKernel(const plan::Expression& call);

/// Validity of a strict function's result: a byte a row, or null when every row is valid.
arrow::Result<std::shared_ptr<arrow::Buffer>> CommonValidity(const Arguments& arguments,
                                                             int64_t length);

/// Reads values of a flat column or of a constant alike.
template <typename T, bool kIsConstant>
struct Operand {
  const T* values;
  const T& operator[](int64_t row) const { return values[kIsConstant ? 0 : row]; }
};

/// Calls `body(a, b)` with operands of the right constancy.
template <typename T, typename Body>
auto WithOperands(const vector::Column& a, const vector::Column& b, Body&& body) {
  if (a.is_constant()) {
    return body(Operand<T, true>{a.values<T>()}, Operand<T, false>{b.values<T>()});
  }
  if (b.is_constant()) {
    return body(Operand<T, false>{a.values<T>()}, Operand<T, true>{b.values<T>()});
  }
  return body(Operand<T, false>{a.values<T>()}, Operand<T, false>{b.values<T>()});
}

/// The value as a person would write it, for messages.
std::string ValueText(const vector::Column& column, int64_t row);

}  // namespace skyhook::exec
