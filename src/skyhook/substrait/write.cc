#include <google/protobuf/util/json_util.h>
#include <substrait/plan.pb.h>

#include "skyhook/base/status.h"
#include "skyhook/substrait/expression.h"
#include "skyhook/substrait/measure.h"
#include "skyhook/substrait/message.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/substrait/type.h"

namespace skyhook::substrait {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;

class PlanWriter {
 public:
  explicit PlanWriter(const plan::Pipeline& pipeline) : pipeline_(pipeline) {}

  Result<pb::Plan> Write() {
    ARROW_RETURN_NOT_OK(plan::Validate(pipeline_));
    pb::Plan plan;
    plan.mutable_version()->set_minor_number(85);
    plan.mutable_version()->set_producer("skyhook");
    auto* root = plan.add_relations()->mutable_root();
    ARROW_RETURN_NOT_OK(WriteReduction(root->mutable_input()));
    const auto result = pipeline_.ResultSchema();
    for (const auto& field : result->fields()) {
      ARROW_RETURN_NOT_OK(CheckText(field->name(), "the name of a column"));
      root->add_names(field->name());
    }
    extensions_.Write(&plan);
    return plan;
  }

 private:
  Status WriteReduction(pb::Rel* out) {
    if (pipeline_.aggregate.has_value()) {
      return WriteAggregate(*pipeline_.aggregate, out->mutable_aggregate());
    }
    if (pipeline_.top_k.has_value()) {
      auto* fetch = WriteFetch(pipeline_.top_k->limit, out);
      return WriteSort(*pipeline_.top_k, fetch->mutable_input()->mutable_sort());
    }
    if (pipeline_.limit.has_value()) {
      auto* fetch = WriteFetch(pipeline_.limit->limit, out);
      return WriteProject(fetch->mutable_input()->mutable_project());
    }
    return WriteProject(out->mutable_project());
  }

  static pb::FetchRel* WriteFetch(int64_t limit, pb::Rel* out) {
    auto* fetch = out->mutable_fetch();
    fetch->mutable_count_expr()->mutable_literal()->set_i64(limit);
    return fetch;
  }

  Status WriteSort(const plan::TopK& top_k, pb::SortRel* out) {
    for (const plan::SortKey& key : top_k.keys) {
      auto* sort = out->add_sorts();
      FieldToSubstrait(key.column, sort->mutable_expr());
      sort->set_direction(key.descending
                              ? (key.nulls_first ? pb::SortField::SORT_DIRECTION_DESC_NULLS_FIRST
                                                 : pb::SortField::SORT_DIRECTION_DESC_NULLS_LAST)
                              : (key.nulls_first ? pb::SortField::SORT_DIRECTION_ASC_NULLS_FIRST
                                                 : pb::SortField::SORT_DIRECTION_ASC_NULLS_LAST));
    }
    return WriteProject(out->mutable_input()->mutable_project());
  }

  Status WriteAggregate(const plan::Aggregate& aggregate, pb::AggregateRel* out) {
    auto* grouping = out->add_groupings();
    for (size_t i = 0; i < aggregate.keys.size(); ++i) {
      FieldToSubstrait(aggregate.keys[i], out->add_grouping_expressions());
      grouping->add_expression_references(static_cast<uint32_t>(i));
    }
    const auto projected = pipeline_.ProjectedSchema();
    for (const plan::Measure& measure : aggregate.measures) {
      ARROW_RETURN_NOT_OK(
          MeasureToSubstrait(measure, *projected, &extensions_, out->add_measures()));
    }
    return WriteProject(out->mutable_input()->mutable_project());
  }

  // The projection gives its expressions only: they come after the fields of the input.
  Status WriteProject(pb::ProjectRel* out) {
    const int input_fields = pipeline_.input->num_fields();
    auto* emit = out->mutable_common()->mutable_emit();
    for (const plan::NamedExpression& column : pipeline_.projection) {
      emit->add_output_mapping(input_fields + out->expressions_size());
      ARROW_RETURN_NOT_OK(CheckText(column.name, "the name of a projected column"));
      out->mutable_common()->mutable_hint()->add_output_names(column.name);
      ARROW_RETURN_NOT_OK(base::AddContext(
          ExpressionToSubstrait(*column.expression, &extensions_, out->add_expressions()),
          "projection '" + column.name + "'"));
    }
    return WriteFilter(out->mutable_input());
  }

  Status WriteFilter(pb::Rel* out) {
    if (pipeline_.filter.empty()) return WriteRead(out->mutable_read());
    auto* filter = out->mutable_filter();
    ARROW_RETURN_NOT_OK(WriteRead(filter->mutable_input()->mutable_read()));
    if (pipeline_.filter.size() == 1 &&
        pipeline_.filter[0]->kind() != plan::Expression::Kind::kAnd) {
      return WriteConjunct(*pipeline_.filter[0], filter->mutable_condition());
    }
    auto* conjunction = filter->mutable_condition()->mutable_scalar_function();
    conjunction->set_function_reference(extensions_.Function(kBooleanUrn, "and:bool"));
    for (const plan::ExpressionPtr& conjunct : pipeline_.filter) {
      ARROW_RETURN_NOT_OK(WriteConjunct(*conjunct, conjunction->add_arguments()->mutable_value()));
    }
    return TypeToSubstrait(*arrow::boolean(), true, &extensions_,
                           conjunction->mutable_output_type());
  }

  Status WriteConjunct(const plan::Expression& conjunct, pb::Expression* out) {
    return base::AddContext(ExpressionToSubstrait(conjunct, &extensions_, out), "filter");
  }

  Status WriteRead(pb::ReadRel* out) {
    out->mutable_named_table()->add_names("fragment");
    return SchemaToSubstrait(*pipeline_.input, &extensions_, out->mutable_base_schema());
  }

  const plan::Pipeline& pipeline_;
  ExtensionWriter extensions_;
};

}  // namespace

Result<std::string> ToSubstrait(const plan::Pipeline& pipeline) {
  ARROW_ASSIGN_OR_RAISE(const pb::Plan plan, PlanWriter(pipeline).Write());
  std::string bytes;
  if (!plan.SerializeToString(&bytes)) return base::Invalid("the plan exceeds 2 GiB");
  return bytes;
}

Result<std::string> ToSubstraitJson(const plan::Pipeline& pipeline) {
  ARROW_ASSIGN_OR_RAISE(const pb::Plan plan, PlanWriter(pipeline).Write());
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(plan, &json, options);
  if (!status.ok()) return base::Invalid("the plan as JSON: {}", status.ToString());
  return json;
}

}  // namespace skyhook::substrait
