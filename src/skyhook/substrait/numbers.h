// Numbers of different types in one call, brought to one type without changing a value.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <memory>
#include <vector>

#include "skyhook/plan/expression.h"

namespace skyhook::substrait {

/// An integer or decimal constant as one of `type`, or null when `value` is none or is no value of
/// `type` (an integer or decimal type).
arrow::Result<plan::ExpressionPtr> ConstantAs(const plan::ExpressionPtr& value,
                                              const std::shared_ptr<arrow::DataType>& type);

/// `value`, an integer or decimal, in a type that holds every value of its own; a constant that
/// `type` holds becomes a constant of it. kUnsupportedPlan when a value might not fit.
arrow::Result<plan::ExpressionPtr> WidenTo(const plan::ExpressionPtr& value,
                                           const std::shared_ptr<arrow::DataType>& type);

/// A cast (`function` is kCast or kTryCast) that means the same to everyone: between integers, of
/// integers and decimals to a decimal that holds every value, of integers and float to double, and
/// of NULL. kUnsupportedPlan for one that rounds, parses or writes text.
arrow::Result<plan::ExpressionPtr> ExactCast(plan::Function function,
                                             const plan::ExpressionPtr& value,
                                             const std::shared_ptr<arrow::DataType>& type);

/// Gives the constants of a list, all but the first of `arguments`, the type of the first, where
/// they are integers or decimals of another one. Those that are no value of that type equal none
/// of its values: they are left out.
arrow::Status ToListOfFirst(std::vector<plan::ExpressionPtr>* arguments);

/// Gives two integers or decimals one type in which both are exact, where possible that of the one
/// that is no constant. Arguments of equal types stay as they are.
arrow::Status ToCommonNumber(std::vector<plan::ExpressionPtr>* two);

}  // namespace skyhook::substrait
