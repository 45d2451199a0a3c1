#include "skyhook/testing/pipelines.h"

#include <stdexcept>
#include <utility>

#include "skyhook/plan/read_all.h"
#include "skyhook/plan/types.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::testing {

plan::Pipeline ReadAll(const arrow::Schema& schema) { return plan::ReadAll(schema); }

plan::Pipeline Read(const arrow::Schema& schema, const std::vector<std::string>& columns) {
  plan::Pipeline pipeline;
  pipeline.input = plan::EngineSchema(schema);
  for (const std::string& name : columns) {
    pipeline.projection.push_back({name, Col(pipeline, name)});
  }
  return pipeline;
}

plan::ExpressionPtr Col(const plan::Pipeline& pipeline, const std::string& name) {
  const int index = pipeline.input->GetFieldIndex(name);
  if (index < 0) throw std::runtime_error("the pipeline reads no column " + name);
  return plan::InputColumn(index, pipeline.input->field(index)->type());
}

plan::ExpressionPtr Lit(int64_t value) { return Lit(arrow::MakeScalar(value)); }

plan::ExpressionPtr Lit(const std::string& value) { return Lit(arrow::MakeScalar(value)); }

plan::ExpressionPtr Lit(const std::shared_ptr<arrow::Scalar>& value) {
  return Require(plan::Literal(value));
}

plan::ExpressionPtr Fn(plan::Function function, std::vector<plan::ExpressionPtr> arguments) {
  return Require(plan::Call(function, std::move(arguments)));
}

}  // namespace skyhook::testing
