// One function of the catalogue over a few values, for tests of kernels.
#pragma once

#include <arrow/array.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/initialize.h>
#include <arrow/json/from_string.h>

#include <memory>
#include <string>
#include <vector>

#include "skyhook/exec/kernels/prepared_call.h"
#include "skyhook/plan/expression.h"
#include "skyhook/plan/types.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

using Texts = std::vector<std::string>;

/// Values of an engine type from JSON: "[1, null]"; dates and timestamps as text or as numbers.
inline std::shared_ptr<arrow::Array> ArrayOf(const std::shared_ptr<arrow::DataType>& type,
                                             const std::string& json) {
  return testing::Require(arrow::json::ArrayFromJSONString(type, json));
}

/// Dates as "2024-02-29", or as a number of days; and a NULL.
inline std::shared_ptr<arrow::Array> DatesOf(const Texts& dates) {
  arrow::Date32Builder builder;
  for (const std::string& date : dates) {
    if (date.find('-', 1) == std::string::npos) {
      testing::Require(builder.Append(std::stoi(date)));
    } else {
      const auto value = testing::Require(arrow::Scalar::Parse(arrow::date32(), date));
      testing::Require(builder.AppendScalar(*value));
    }
  }
  testing::Require(builder.AppendNull());
  return testing::Require(builder.Finish());
}

inline std::shared_ptr<arrow::Array> TextsOf(const Texts& texts) {
  arrow::StringViewBuilder builder;
  for (const std::string& text : texts) testing::Require(builder.Append(text));
  return testing::Require(builder.Finish());
}

/// The call's values over a column and, after it, literals; as text, NULL for null.
inline arrow::Result<Texts> CallOver(plan::Function function,
                                     const std::shared_ptr<arrow::Array>& values,
                                     std::vector<plan::ExpressionPtr> literals = {},
                                     const plan::CallOptions& options = {},
                                     const std::shared_ptr<arrow::DataType>& type = nullptr) {
  testing::Require(arrow::compute::Initialize());
  std::vector<plan::ExpressionPtr> expressions = {plan::InputColumn(0, values->type())};
  ARROW_ASSIGN_OR_RAISE(const vector::Column first, vector::Column::FromArray(values));
  Arguments arguments = {first};
  for (const auto& literal : literals) {
    arguments.push_back(vector::Column::Constant(literal->literal(), values->length()));
    expressions.push_back(literal);
  }
  ARROW_ASSIGN_OR_RAISE(const auto call,
                        plan::Call(function, std::move(expressions), options, type));
  ARROW_ASSIGN_OR_RAISE(const vector::Column out,
                        PrepareCall(call)->Run(arguments, values->length()));
  ARROW_ASSIGN_OR_RAISE(const vector::Column flat, out.Flatten());
  ARROW_ASSIGN_OR_RAISE(const auto array, flat.ToArray());
  Texts texts;
  for (int64_t i = 0; i < array->length(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto scalar, array->GetScalar(i));
    texts.push_back(scalar->is_valid ? scalar->ToString() : "NULL");
  }
  return texts;
}

inline arrow::Result<Texts> CastOver(const std::shared_ptr<arrow::Array>& values,
                                     const std::shared_ptr<arrow::DataType>& type) {
  return CallOver(plan::Function::kCast, values, {}, {}, type);
}
inline arrow::Result<Texts> TryCastOver(const std::shared_ptr<arrow::Array>& values,
                                        const std::shared_ptr<arrow::DataType>& type) {
  return CallOver(plan::Function::kTryCast, values, {}, {}, type);
}

}  // namespace skyhook::exec
