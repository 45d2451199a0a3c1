#include "skyhook/client/schema_union.h"

#include <unordered_set>

#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"

namespace skyhook::client {
namespace {

/// Whether columns of the same engine type may have values that this one lacks.
bool IsNarrower(const arrow::DataType& declared) {
  if (declared.id() == arrow::Type::DICTIONARY) {
    return IsNarrower(*static_cast<const arrow::DictionaryType&>(declared).value_type());
  }
  return declared.id() == arrow::Type::HALF_FLOAT || declared.id() == arrow::Type::EXTENSION ||
         declared.id() == arrow::Type::FIXED_SIZE_BINARY;
}

}  // namespace

arrow::Result<RenamedColumns> SchemaUnion::Add(const site::FragmentDescription& fragment) {
  const std::string& file = fragment.id.name;
  RenamedColumns renamed;
  std::unordered_set<std::string> names;
  std::unordered_set<size_t> seen;
  for (int i = 0; i < fragment.declared_schema->num_fields(); ++i) {
    const arrow::Field& field = *fragment.declared_schema->field(i);
    if (!names.insert(field.name()).second) {
      return base::Invalid("'{}' has more than one column named '{}'", file, field.name());
    }
    const int id = fragment.field_ids.empty() ? kNoId : fragment.field_ids[static_cast<size_t>(i)];
    ARROW_ASSIGN_OR_RAISE(const size_t column, Find(field, id, file));
    Known& known = columns_[column];
    if (!seen.insert(column).second) {
      return base::Invalid("'{}': '{}' and another column are both column '{}' of '{}'", file,
                           field.name(), known.field->name(), known.file);
    }
    ARROW_RETURN_NOT_OK(Unite(field, file, &known));
    if (known.field->name() != field.name()) renamed[known.field->name()] = field.name();
  }
  return renamed;
}

arrow::Result<size_t> SchemaUnion::Find(const arrow::Field& field, int id,
                                        const std::string& file) {
  const auto by_id = id == kNoId ? by_id_.end() : by_id_.find(id);
  const auto by_name = by_name_.find(field.name());
  if (by_id != by_id_.end()) {
    // The name may have been another column's before.
    const bool taken = by_name != by_name_.end() && by_name->second != by_id->second;
    if (!taken) {
      by_name_[field.name()] = by_id->second;
      return by_id->second;
    }
    const Known& other = columns_[by_name->second];
    return base::Invalid(
        "column '{}' of '{}' has field id {}, which is that of '{}' in '{}', while '{}' has a "
        "column of that name: open them as separate tables",
        field.name(), file, id, columns_[by_id->second].field->name(), columns_[by_id->second].file,
        other.file);
  }
  if (by_name == by_name_.end()) {
    by_name_[field.name()] = columns_.size();
    if (id != kNoId) by_id_[id] = columns_.size();
    columns_.push_back({field.WithNullable(true), file, id});
    return columns_.size() - 1;
  }
  Known& known = columns_[by_name->second];
  if (id != kNoId && known.id != kNoId) {
    return base::Invalid(
        "column '{}' has field id {} in '{}' but {} in '{}': open them as separate tables",
        field.name(), known.id, known.file, id, file);
  }
  if (id != kNoId) {
    known.id = id;
    by_id_[id] = by_name->second;
  }
  return by_name->second;
}

arrow::Status SchemaUnion::Unite(const arrow::Field& field, const std::string& file, Known* known) {
  if (field.type()->id() == arrow::Type::NA) return arrow::Status::OK();
  if (known->field->type()->id() == arrow::Type::NA) {
    known->field = known->field->WithType(field.type());
    known->file = file;
    return arrow::Status::OK();
  }
  const auto engine = plan::EngineType(field.type());
  if (plan::EngineType(known->field->type())->Equals(*engine)) {
    const bool differ = !known->field->type()->Equals(*field.type());
    if (differ && IsNarrower(*known->field->type())) known->field = known->field->WithType(engine);
    return arrow::Status::OK();
  }
  if (const auto common = plan::CommonNumber(*plan::EngineType(known->field->type()), *engine)) {
    known->field = known->field->WithType(common);
    return arrow::Status::OK();
  }
  return base::Invalid("column '{}' is {} in '{}' but {} in '{}': open them as separate tables",
                       known->field->name(), known->field->type()->ToString(), known->file,
                       field.type()->ToString(), file);
}

std::shared_ptr<arrow::Schema> SchemaUnion::With(const arrow::FieldVector& partitions) const {
  const std::shared_ptr<arrow::Schema> replacing = arrow::schema(partitions);
  arrow::FieldVector out;
  for (const Known& known : columns_) {
    if (replacing->GetFieldIndex(known.field->name()) < 0) out.push_back(known.field);
  }
  out.insert(out.end(), partitions.begin(), partitions.end());
  return arrow::schema(std::move(out));
}

}  // namespace skyhook::client
