#include "skyhook/plan/read_all.h"

#include "skyhook/plan/types.h"

namespace skyhook::plan {

Pipeline ReadAll(const arrow::Schema& schema) {
  Pipeline pipeline;
  pipeline.input = EngineSchema(schema);
  for (int i = 0; i < pipeline.input->num_fields(); ++i) {
    const auto& field = pipeline.input->field(i);
    pipeline.projection.push_back({field->name(), InputColumn(i, field->type())});
  }
  return pipeline;
}

}  // namespace skyhook::plan
