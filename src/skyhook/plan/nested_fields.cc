#include "skyhook/plan/nested_fields.h"

#include "skyhook/plan/types.h"

namespace skyhook::plan {
namespace {

void Collect(const NestedField& parent, const arrow::DataType& type,
             std::vector<NestedField>* out) {
  if (type.id() != arrow::Type::STRUCT) return;
  for (int i = 0; i < type.num_fields(); ++i) {
    NestedField field = parent;
    field.name += "." + type.field(i)->name();
    field.path.push_back(i);
    field.type = EngineType(type.field(i)->type());
    out->push_back(field);
    Collect(field, *field.type, out);
  }
}

}  // namespace

std::vector<NestedField> NestedFieldsOf(const arrow::Schema& engine_schema) {
  std::vector<NestedField> out;
  for (int i = 0; i < engine_schema.num_fields(); ++i) {
    const auto& field = engine_schema.field(i);
    Collect({field->name(), i, {}, field->type()}, *field->type(), &out);
  }
  return out;
}

std::shared_ptr<arrow::Schema> AllColumns(const arrow::Schema& engine_schema,
                                          const std::vector<NestedField>& nested) {
  arrow::FieldVector fields = engine_schema.fields();
  for (const NestedField& field : nested) fields.push_back(arrow::field(field.name, field.type));
  return arrow::schema(std::move(fields));
}

}  // namespace skyhook::plan
