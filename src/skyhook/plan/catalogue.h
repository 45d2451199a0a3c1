// The catalogue: every function a site may be asked for, which arguments it takes, what it gives.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "skyhook/plan/expression.h"

namespace skyhook::plan {

/// One entry. NULL in gives NULL out unless the definition says otherwise.
struct CatalogueEntry {
  Function function;
  std::string_view name;        ///< "add", as messages and Substrait spell it
  std::string_view symbol;      ///< "+", when it prints infix
  std::string_view definition;  ///< one or two sentences: values, NULL, NaN, errors
};

std::span<const CatalogueEntry> Catalogue();
const CatalogueEntry& EntryOf(Function function);
std::optional<Function> FunctionByName(std::string_view name);

/// The result type of a call, by the entry's rule; kUnsupportedPlan, naming the function and the
/// argument types, when it does not take such arguments.
///
/// `wanted` is the type asked for: required for casts; for decimal arithmetic it may be any decimal
/// of the rule's scale (a value that does not fit its precision is an overflow error); for all else
/// it must be null or equal to the rule's type.
arrow::Result<std::shared_ptr<arrow::DataType>> ResultType(
    Function function, const std::vector<ExpressionPtr>& arguments, const CallOptions& options,
    const std::shared_ptr<arrow::DataType>& wanted);

/// True when this very call (not its arguments) can raise an error for some row.
bool CallCanFail(const Expression& call);

const char* DateFieldName(CallOptions::DateField field);

}  // namespace skyhook::plan
