#include <substrait/plan.pb.h>

#include "skyhook/base/status.h"
#include "skyhook/substrait/expression.h"
#include "skyhook/substrait/literal.h"
#include "skyhook/substrait/measure.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/sort.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

Status CheckCommon(const pb::RelCommon& common, bool may_emit) {
  return may_emit ? CheckFields(common, {"direct", "emit", "hint"})
                  : CheckFields(common, {"direct", "hint"});
}

Result<int64_t> ReadCount(const pb::FetchRel& fetch, const ExtensionReader& extensions) {
  ARROW_RETURN_NOT_OK(CheckFields(fetch, {"common", "input", "count_expr"}));
  ARROW_RETURN_NOT_OK(CheckCommon(fetch.common(), false));
  if (fetch.has_count_expr() && fetch.count_expr().has_literal()) {
    ARROW_ASSIGN_OR_RAISE(const auto value,
                          LiteralFromSubstrait(fetch.count_expr().literal(), extensions));
    if (value->type->id() == arrow::Type::INT64 && value->is_valid) {
      return static_cast<const arrow::Int64Scalar&>(*value).value;
    }
  }
  return base::UnsupportedPlan("FetchRel: its count is no i64 constant");
}

Result<plan::SortKey> ReadSortKey(const pb::SortField& sort) {
  ARROW_RETURN_NOT_OK(CheckFields(sort, {"expr", "direction"}));
  plan::SortKey key;
  ARROW_ASSIGN_OR_RAISE(key.column, FieldFromSubstrait(sort.expr(), "a sort key"));
  ARROW_RETURN_NOT_OK(DirectionFromSubstrait(sort, &key));
  return key;
}

// Reads relations from the root down: the reduction, the projection, the filters, the read. The
// schema and so the meaning of everything above is known only at the bottom; hence two steps.
class PlanReader {
 public:
  explicit PlanReader(const pb::Plan& plan) : plan_(plan) {}

  Result<plan::Pipeline> Read() {
    ARROW_RETURN_NOT_OK(
        CheckFields(plan_, {"version", "extension_urns", "extensions", "relations"}));
    ARROW_ASSIGN_OR_RAISE(extensions_, ExtensionReader::Make(plan_));
    ARROW_ASSIGN_OR_RAISE(const pb::RelRoot* root, Root());
    ARROW_RETURN_NOT_OK(FindParts(root->input()));
    ARROW_ASSIGN_OR_RAISE(pipeline_.input, SchemaFromSubstrait(read_->base_schema(), extensions_));
    ARROW_RETURN_NOT_OK(ReadFilters());
    ARROW_RETURN_NOT_OK(ReadProjection(*root));
    ARROW_RETURN_NOT_OK(ReadReduction(*root));
    ARROW_RETURN_NOT_OK(plan::Validate(pipeline_));
    ARROW_RETURN_NOT_OK(CheckNames(*root));
    return std::move(pipeline_);
  }

 private:
  Result<const pb::RelRoot*> Root() const {
    if (plan_.relations_size() != 1 || !plan_.relations(0).has_root()) {
      return base::UnsupportedPlan("a plan of {} relations, or without a root",
                                   plan_.relations_size());
    }
    ARROW_RETURN_NOT_OK(CheckFields(plan_.relations(0), {"root"}));
    const pb::RelRoot& root = plan_.relations(0).root();
    ARROW_RETURN_NOT_OK(CheckFields(root, {"input", "names"}));
    return &root;
  }

  Status FindParts(const pb::Rel& top) {
    const pb::Rel* rel = &top;
    if (rel->has_fetch()) {
      fetch_ = &rel->fetch();
      rel = &fetch_->input();
      if (rel->has_sort()) {
        sort_ = &rel->sort();
        rel = &sort_->input();
      }
    } else if (rel->has_aggregate()) {
      aggregate_ = &rel->aggregate();
      rel = &aggregate_->input();
    }
    if (rel->has_project()) {
      project_ = &rel->project();
      rel = &project_->input();
    }
    for (; rel->has_filter(); rel = &rel->filter().input()) filters_.push_back(&rel->filter());
    ARROW_RETURN_NOT_OK(
        base::AddContext(CheckFields(*rel, {"read"}),
                         "a pipeline is read, filter, project, and one of aggregate, sort with "
                         "fetch, and fetch"));
    read_ = &rel->read();
    ARROW_RETURN_NOT_OK(CheckFields(*read_, {"common", "base_schema", "named_table"}));
    return CheckCommon(read_->common(), false);
  }

  Status ReadFilters() {
    for (auto filter = filters_.rbegin(); filter != filters_.rend(); ++filter) {
      ARROW_RETURN_NOT_OK(CheckFields(**filter, {"common", "input", "condition"}));
      ARROW_RETURN_NOT_OK(CheckCommon((*filter)->common(), false));
      ARROW_RETURN_NOT_OK(ReadCondition((*filter)->condition()));
    }
    return Status::OK();
  }

  // The arguments of an AND at the top are conjuncts, even if one is an AND again.
  Status ReadCondition(const pb::Expression& condition) {
    const auto& function = condition.scalar_function();
    if (condition.has_scalar_function() && function.options().empty()) {
      ARROW_ASSIGN_OR_RAISE(const auto name, extensions_.Function(function.function_reference()));
      if (name == ExtensionName{std::string(kBooleanUrn), "and"}) {
        ARROW_RETURN_NOT_OK(
            CheckFields(function, {"function_reference", "arguments", "output_type"}));
        for (const auto& argument : function.arguments()) {
          ARROW_RETURN_NOT_OK(CheckFields(argument, {"value"}));
          ARROW_RETURN_NOT_OK(ReadConjunct(argument.value()));
        }
        return Status::OK();
      }
    }
    return ReadConjunct(condition);
  }

  Status ReadConjunct(const pb::Expression& expression) {
    ARROW_ASSIGN_OR_RAISE(auto conjunct,
                          ExpressionFromSubstrait(expression, *pipeline_.input, extensions_));
    pipeline_.filter.push_back(std::move(conjunct));
    return Status::OK();
  }

  // What the projection could emit: the fields of the input, then its expressions.
  Result<std::vector<plan::NamedExpression>> Projectable() const {
    std::vector<plan::NamedExpression> columns;
    for (int i = 0; i < pipeline_.input->num_fields(); ++i) {
      const auto& field = pipeline_.input->field(i);
      columns.push_back({field->name(), plan::InputColumn(i, field->type())});
    }
    if (project_ == nullptr) return columns;
    for (const auto& expression : project_->expressions()) {
      ARROW_ASSIGN_OR_RAISE(auto column,
                            ExpressionFromSubstrait(expression, *pipeline_.input, extensions_));
      columns.push_back({"", std::move(column)});
    }
    return columns;
  }

  Status ReadProjection(const pb::RelRoot& root) {
    ARROW_ASSIGN_OR_RAISE(const auto columns, Projectable());
    if (project_ == nullptr) {
      pipeline_.projection = columns;
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(CheckFields(*project_, {"common", "input", "expressions"}));
    ARROW_RETURN_NOT_OK(CheckCommon(project_->common(), true));
    if (!project_->common().has_emit()) {
      pipeline_.projection = columns;
    }
    for (const int index : project_->common().emit().output_mapping()) {
      if (index < 0 || index >= static_cast<int>(columns.size())) {
        return base::Invalid("ProjectRel: emits column #{} of {}", index, columns.size());
      }
      pipeline_.projection.push_back(columns[static_cast<size_t>(index)]);
    }
    return NameProjection(root);
  }

  Status NameProjection(const pb::RelRoot& root) {
    const auto& hints = project_->common().hint().output_names();
    const auto& names = hints.empty() && aggregate_ == nullptr ? root.names() : hints;
    if (names.empty()) return Status::OK();
    if (names.size() != static_cast<int>(pipeline_.projection.size())) {
      return base::Invalid("ProjectRel: {} names for {} columns", names.size(),
                           pipeline_.projection.size());
    }
    for (int i = 0; i < names.size(); ++i) {
      pipeline_.projection[static_cast<size_t>(i)].name = names[i];
    }
    return Status::OK();
  }

  Status ReadReduction(const pb::RelRoot& root) {
    if (aggregate_ != nullptr) return ReadAggregate(root);
    if (fetch_ == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const int64_t count, ReadCount(*fetch_, extensions_));
    if (sort_ == nullptr) {
      pipeline_.limit = plan::Limit{count};
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(CheckFields(*sort_, {"common", "input", "sorts"}));
    ARROW_RETURN_NOT_OK(CheckCommon(sort_->common(), false));
    pipeline_.top_k = plan::TopK{{}, count};
    for (const auto& sort : sort_->sorts()) {
      ARROW_ASSIGN_OR_RAISE(const plan::SortKey key, ReadSortKey(sort));
      pipeline_.top_k->keys.push_back(key);
    }
    return Status::OK();
  }

  Status ReadAggregate(const pb::RelRoot& root) {
    ARROW_RETURN_NOT_OK(CheckFields(
        *aggregate_, {"common", "input", "groupings", "measures", "grouping_expressions"}));
    ARROW_RETURN_NOT_OK(CheckCommon(aggregate_->common(), false));
    pipeline_.aggregate.emplace();
    ARROW_RETURN_NOT_OK(ReadKeys(&pipeline_.aggregate->keys));
    const auto projected = pipeline_.ProjectedSchema();
    for (const auto& measure : aggregate_->measures()) {
      ARROW_ASSIGN_OR_RAISE(auto read, MeasureFromSubstrait(measure, *projected, extensions_));
      const int column =
          static_cast<int>(pipeline_.aggregate->keys.size() + pipeline_.aggregate->measures.size());
      if (column < root.names_size()) read.name = root.names(column);
      pipeline_.aggregate->measures.push_back(std::move(read));
    }
    return Status::OK();
  }

  Status ReadKeys(std::vector<int>* keys) const {
    if (aggregate_->groupings_size() > 1) {
      return base::UnsupportedPlan("AggregateRel: {} grouping sets", aggregate_->groupings_size());
    }
    for (const auto& grouping : aggregate_->groupings()) {
      ARROW_RETURN_NOT_OK(CheckFields(grouping, {"expression_references"}));
      for (const uint32_t reference : grouping.expression_references()) {
        if (reference >= static_cast<uint32_t>(aggregate_->grouping_expressions_size())) {
          return base::Invalid("AggregateRel: no grouping expression {}", reference);
        }
        const auto& key = aggregate_->grouping_expressions(static_cast<int>(reference));
        ARROW_ASSIGN_OR_RAISE(const int column, FieldFromSubstrait(key, "a group key"));
        keys->push_back(column);
      }
    }
    return Status::OK();
  }

  Status CheckNames(const pb::RelRoot& root) const {
    const int fields = pipeline_.ResultSchema()->num_fields();
    if (root.names_size() == fields) return Status::OK();
    return base::Invalid("the root has {} names for {} columns", root.names_size(), fields);
  }

  const pb::Plan& plan_;
  ExtensionReader extensions_;
  const pb::ReadRel* read_ = nullptr;
  std::vector<const pb::FilterRel*> filters_;
  const pb::ProjectRel* project_ = nullptr;
  const pb::AggregateRel* aggregate_ = nullptr;
  const pb::SortRel* sort_ = nullptr;
  const pb::FetchRel* fetch_ = nullptr;
  plan::Pipeline pipeline_;
};

}  // namespace

Result<plan::Pipeline> FromSubstrait(std::string_view bytes) {
  pb::Plan plan;
  ARROW_RETURN_NOT_OK(ParseMessage(bytes, &plan));
  return PlanReader(plan).Read();
}

}  // namespace skyhook::substrait
