// Short ways to write the pipelines of tests.
#pragma once

#include <arrow/type.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/plan/pipeline.h"

namespace skyhook::testing {

/// Reads every column of `schema` (declared types) and returns them all.
plan::Pipeline ReadAll(const arrow::Schema& schema);
/// Reads every column of `schema` and returns the named ones.
plan::Pipeline Read(const arrow::Schema& schema, const std::vector<std::string>& columns);

/// The input column `name` of `pipeline`.
plan::ExpressionPtr Col(const plan::Pipeline& pipeline, const std::string& name);
plan::ExpressionPtr Lit(int64_t value);
plan::ExpressionPtr Lit(const std::string& value);
plan::ExpressionPtr Lit(const std::shared_ptr<arrow::Scalar>& value);
/// A call with the default options.
plan::ExpressionPtr Fn(plan::Function function, std::vector<plan::ExpressionPtr> arguments);

}  // namespace skyhook::testing
