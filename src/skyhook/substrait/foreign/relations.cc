#include "skyhook/substrait/foreign/relations.h"

#include <substrait/algebra.pb.h>

#include <optional>
#include <set>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/substrait/expression.h"
#include "skyhook/substrait/literal.h"
#include "skyhook/substrait/measure.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/sort.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

// A number of rows that a constant says; nothing where the plan says none, or NULL.
Result<std::optional<int64_t>> RowCount(const pb::Expression& expression,
                                        const ExtensionReader& extensions) {
  if (!expression.has_literal()) return base::UnsupportedPlan("FetchRel: rows by an expression");
  ARROW_ASSIGN_OR_RAISE(const auto value, LiteralFromSubstrait(expression.literal(), extensions));
  if (!value->is_valid) return std::nullopt;
  if (value->type->id() != arrow::Type::INT64) {
    return base::UnsupportedPlan("FetchRel: {} rows of type {}", value->ToString(),
                                 value->type->ToString());
  }
  return static_cast<const arrow::Int64Scalar&>(*value).value;
}

class RelationReader {
 public:
  RelationReader(const ExtensionReader& extensions, const Dialect& dialect,
                 std::vector<std::string>* table)
      : extensions_(extensions), dialect_(dialect), table_(table) {}

  // The parser has bounded how deep relations nest.
  Result<StepBuilder> Read(const pb::Rel& rel) {
    ARROW_RETURN_NOT_OK(
        CheckFields(rel, {"read", "filter", "project", "aggregate", "sort", "fetch"}));
    switch (rel.rel_type_case()) {
      case pb::Rel::kRead:
        return ReadTable(rel.read());
      case pb::Rel::kFilter:
        return ReadOver(rel.filter(), &RelationReader::AddFilter);
      case pb::Rel::kProject:
        return ReadOver(rel.project(), &RelationReader::AddProject);
      case pb::Rel::kAggregate:
        return ReadOver(rel.aggregate(), &RelationReader::AddAggregate);
      case pb::Rel::kSort:
        return ReadOver(rel.sort(), &RelationReader::AddSort);
      case pb::Rel::kFetch:
        return ReadOver(rel.fetch(), &RelationReader::AddFetch);
      default:
        return base::UnsupportedPlan("a relation that does not say which");
    }
  }

 private:
  template <typename Relation>
  Result<StepBuilder> ReadOver(const Relation& relation,
                               Status (RelationReader::*add)(const Relation&, StepBuilder*)) {
    ARROW_ASSIGN_OR_RAISE(StepBuilder builder, Read(relation.input()));
    ARROW_RETURN_NOT_OK((this->*add)(relation, &builder));
    ARROW_RETURN_NOT_OK(Emit(relation.common(), &builder));
    return builder;
  }

  static Status Emit(const pb::RelCommon& common, StepBuilder* builder) {
    ARROW_RETURN_NOT_OK(CheckFields(common, {"direct", "emit", "hint"}));
    if (!common.has_emit()) return Status::OK();
    const auto& mapping = common.emit().output_mapping();
    return builder->Emit(std::vector<int>(mapping.begin(), mapping.end()));
  }

  // The filter counts the columns of the table, whatever the projection keeps of them. What a
  // best-effort filter may drop, the plan drops again above.
  Result<StepBuilder> ReadTable(const pb::ReadRel& read) {
    ARROW_RETURN_NOT_OK(CheckFields(read, {"common", "base_schema", "named_table", "filter",
                                           "best_effort_filter", "projection"}));
    ARROW_RETURN_NOT_OK(CheckFields(read.named_table(), {"names"}));
    if (!read.has_named_table() || read.named_table().names().empty()) {
      return base::UnsupportedPlan("ReadRel: a read of no named table");
    }
    table_->assign(read.named_table().names().begin(), read.named_table().names().end());
    ARROW_ASSIGN_OR_RAISE(auto schema, SchemaFromSubstrait(read.base_schema(), extensions_));
    std::set<std::string> names;
    for (const auto& name : schema->field_names()) {
      if (!names.insert(name).second) {
        return base::UnsupportedPlan("ReadRel: two columns named '{}'", name);
      }
    }
    StepBuilder builder(std::move(schema));
    if (read.has_filter()) {
      ARROW_ASSIGN_OR_RAISE(const auto condition, ReadExpression(read.filter(), builder));
      ARROW_RETURN_NOT_OK(builder.Filter(condition));
    }
    if (read.has_projection()) ARROW_RETURN_NOT_OK(Mask(read.projection(), &builder));
    ARROW_RETURN_NOT_OK(Emit(read.common(), &builder));
    return builder;
  }

  static Status Mask(const pb::Expression_MaskExpression& mask, StepBuilder* builder) {
    ARROW_RETURN_NOT_OK(CheckFields(mask, {"select", "maintain_singular_struct"}));
    ARROW_RETURN_NOT_OK(CheckFields(mask.select(), {"struct_items"}));
    std::vector<int> columns;
    for (const auto& item : mask.select().struct_items()) {
      ARROW_RETURN_NOT_OK(CheckFields(item, {"field"}));
      columns.push_back(item.field());
    }
    return builder->Emit(columns);
  }

  Status AddFilter(const pb::FilterRel& filter, StepBuilder* builder) {
    ARROW_RETURN_NOT_OK(CheckFields(filter, {"common", "input", "condition"}));
    ARROW_ASSIGN_OR_RAISE(const auto condition, ReadExpression(filter.condition(), *builder));
    return builder->Filter(condition);
  }

  Status AddProject(const pb::ProjectRel& project, StepBuilder* builder) {
    ARROW_RETURN_NOT_OK(CheckFields(project, {"common", "input", "expressions"}));
    std::vector<plan::ExpressionPtr> expressions;
    for (const auto& expression : project.expressions()) {
      ARROW_ASSIGN_OR_RAISE(auto read, ReadExpression(expression, *builder));
      expressions.push_back(std::move(read));
    }
    return builder->Project(expressions);
  }

  Status AddSort(const pb::SortRel& sort, StepBuilder* builder) {
    ARROW_RETURN_NOT_OK(CheckFields(sort, {"common", "input", "sorts"}));
    std::vector<ForeignSortKey> keys;
    for (const auto& field : sort.sorts()) {
      ARROW_RETURN_NOT_OK(CheckFields(field, {"expr", "direction"}));
      plan::SortKey direction;
      ARROW_RETURN_NOT_OK(DirectionFromSubstrait(field, &direction));
      ARROW_ASSIGN_OR_RAISE(const auto expression, ReadKey(field.expr(), *builder, "a sort key"));
      keys.push_back({expression, direction.descending, direction.nulls_first});
    }
    return keys.empty() ? Status::OK() : builder->Sort(keys);
  }

  Status AddFetch(const pb::FetchRel& fetch, StepBuilder* builder) {
    ARROW_RETURN_NOT_OK(CheckFields(fetch, {"common", "input", "offset_expr", "count_expr"}));
    std::optional<int64_t> offset;
    std::optional<int64_t> count;
    if (fetch.has_offset_expr()) {
      ARROW_ASSIGN_OR_RAISE(offset, RowCount(fetch.offset_expr(), extensions_));
    }
    if (fetch.has_count_expr()) {
      ARROW_ASSIGN_OR_RAISE(count, RowCount(fetch.count_expr(), extensions_));
    }
    return builder->Fetch(offset.value_or(0), count.value_or(kAllRows));
  }

  Status AddAggregate(const pb::AggregateRel& aggregate, StepBuilder* builder) {
    ARROW_RETURN_NOT_OK(CheckFields(
        aggregate, {"common", "input", "groupings", "measures", "grouping_expressions"}));
    ARROW_ASSIGN_OR_RAISE(const auto keys, ReadKeys(aggregate, *builder));
    const auto input = builder->columns();
    ARROW_RETURN_NOT_OK(builder->BeginAggregate(keys));
    std::vector<plan::ExpressionPtr> results;
    for (const auto& measure : aggregate.measures()) {
      ARROW_ASSIGN_OR_RAISE(auto result, ReadMeasure(measure, *input, builder));
      results.push_back(std::move(result));
    }
    return builder->EndAggregate(results);
  }

  Result<std::vector<plan::ExpressionPtr>> ReadKeys(const pb::AggregateRel& aggregate,
                                                    const StepBuilder& builder) const {
    if (aggregate.groupings_size() > 1) {
      return base::UnsupportedPlan("AggregateRel: {} grouping sets", aggregate.groupings_size());
    }
    std::vector<plan::ExpressionPtr> keys;
    for (const auto& grouping : aggregate.groupings()) {
      ARROW_RETURN_NOT_OK(CheckFields(grouping, {"expression_references"}));
      for (const uint32_t reference : grouping.expression_references()) {
        if (reference != keys.size() ||
            reference >= static_cast<uint32_t>(aggregate.grouping_expressions_size())) {
          return base::UnsupportedPlan(
              "AggregateRel: grouping expressions that are no keys, or "
              "keys in another order");
        }
        ARROW_ASSIGN_OR_RAISE(
            auto key, ReadKey(aggregate.grouping_expressions(static_cast<int>(reference)), builder,
                              "a group key"));
        keys.push_back(std::move(key));
      }
    }
    if (keys.size() == static_cast<size_t>(aggregate.grouping_expressions_size())) return keys;
    return base::UnsupportedPlan("AggregateRel: grouping expressions that are no keys");
  }

  Result<plan::ExpressionPtr> ReadMeasure(const pb::AggregateRel_Measure& measure,
                                          const arrow::Schema& input, StepBuilder* builder) const {
    ARROW_RETURN_NOT_OK(CheckFields(measure, {"measure", "filter"}));
    const pb::AggregateFunction& function = measure.measure();
    ForeignAggregate call;
    ARROW_ASSIGN_OR_RAISE(call.name, extensions_.Function(function.function_reference()));
    ARROW_RETURN_NOT_OK(CheckAggregateFunction(function, call.name));
    for (const auto& argument : function.arguments()) {
      ARROW_RETURN_NOT_OK(CheckFields(argument, {"value", "enum"}));
      if (argument.has_enum_()) {
        call.enumerations.push_back(argument.enum_());
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(
          auto value, ExpressionFromSubstrait(argument.value(), input, extensions_, dialect_));
      call.arguments.push_back(std::move(value));
    }
    call.distinct = function.invocation() == pb::AggregateFunction::AGGREGATION_INVOCATION_DISTINCT;
    if (function.has_output_type()) {
      ARROW_ASSIGN_OR_RAISE(call.type, TypeFromSubstrait(function.output_type(), extensions_));
    }
    plan::ExpressionPtr filter;
    if (measure.has_filter()) {
      ARROW_ASSIGN_OR_RAISE(
          filter, ExpressionFromSubstrait(measure.filter(), input, extensions_, dialect_));
    }
    return dialect_.ReadAggregate(
        call, [&](plan::AggregateFunction which, const std::vector<plan::ExpressionPtr>& arguments,
                  std::shared_ptr<arrow::DataType> type) {
          return builder->AddMeasure(which, arguments, std::move(type), filter);
        });
  }

  Result<plan::ExpressionPtr> ReadKey(const pb::Expression& expression, const StepBuilder& builder,
                                      const char* what) const {
    ARROW_ASSIGN_OR_RAISE(auto key, ReadExpression(expression, builder));
    ARROW_RETURN_NOT_OK(base::AddContext(dialect_.CheckOrder(*key->type()), what));
    return key;
  }

  Result<plan::ExpressionPtr> ReadExpression(const pb::Expression& expression,
                                             const StepBuilder& builder) const {
    return ExpressionFromSubstrait(expression, *builder.columns(), extensions_, dialect_);
  }

  const ExtensionReader& extensions_;
  const Dialect& dialect_;
  std::vector<std::string>* table_;
};

}  // namespace

Result<StepBuilder> ReadRelations(const pb::Rel& rel, const ExtensionReader& extensions,
                                  const Dialect& dialect, std::vector<std::string>* table) {
  return RelationReader(extensions, dialect, table).Read(rel);
}

}  // namespace skyhook::substrait
