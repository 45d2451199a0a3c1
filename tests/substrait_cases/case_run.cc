#include "tests/substrait_cases/case_run.h"

#include <arrow/array/builder_base.h>
#include <arrow/table.h>
#include <substrait/plan.pb.h>

#include <cmath>

#include "skyhook/base/status.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/run.h"
#include "skyhook/format/fragment.h"
#include "skyhook/substrait/extensions.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/substrait/type.h"
#include "tests/substrait_cases/case_value.h"
#include "tests/substrait_cases/mistaken_cases.h"

namespace skyhook::cases {
namespace {

namespace pb = ::substrait;
using arrow::Result;
using arrow::Status;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

// The table's columns. A scalar function needs none, but a row.
Result<std::vector<std::string>> ColumnTypes(const Case& one) {
  return one.column_types.empty() ? std::vector<std::string>{"bool"} : one.column_types;
}

Result<BatchPtr> RowsOf(const Case& one) {
  ARROW_ASSIGN_OR_RAISE(const auto types, ColumnTypes(one));
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  Value any;
  any.text = "true";
  const auto rows = one.column_types.empty() ? std::vector<std::vector<Value>>{{any}} : one.rows;
  for (size_t i = 0; i < types.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const auto type, TypeOf(types[i]));
    ARROW_ASSIGN_OR_RAISE(auto builder, arrow::MakeBuilder(type));
    for (const auto& row : rows) {
      if (i >= row.size()) return base::Invalid("a row of {} values", row.size());
      ARROW_ASSIGN_OR_RAISE(const auto scalar, ScalarOf(row[i], types[i]));
      ARROW_RETURN_NOT_OK(builder->AppendScalar(*scalar));
    }
    ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
    fields.push_back(arrow::field("col" + std::to_string(i), type));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows.size()),
                                  columns);
}

// Writes the plan of one case.
class PlanWriter {
 public:
  explicit PlanWriter(const Case& one) : case_(one) {}

  Result<std::string> Write(const arrow::Schema& schema) {
    auto* root = plan_.add_relations()->mutable_root();
    root->add_names("result");
    if (case_.is_aggregate) {
      ARROW_RETURN_NOT_OK(WriteAggregate(root->mutable_input()->mutable_aggregate(), schema));
    } else {
      ARROW_RETURN_NOT_OK(WriteProject(root->mutable_input()->mutable_project(), schema));
    }
    extensions_.Write(&plan_);
    return plan_.SerializeAsString();
  }

 private:
  Status WriteRead(const arrow::Schema& schema, pb::Rel* rel) {
    auto* read = rel->mutable_read();
    read->mutable_named_table()->add_names("cases");
    return substrait::SchemaToSubstrait(schema, &extensions_, read->mutable_base_schema());
  }

  Status WriteProject(pb::ProjectRel* project, const arrow::Schema& schema) {
    ARROW_RETURN_NOT_OK(WriteRead(schema, project->mutable_input()));
    project->mutable_common()->mutable_emit()->add_output_mapping(schema.num_fields());
    auto* call = project->add_expressions()->mutable_scalar_function();
    ARROW_RETURN_NOT_OK(WriteArguments(call));
    return WriteResultType(call);
  }

  Status WriteAggregate(pb::AggregateRel* aggregate, const arrow::Schema& schema) {
    ARROW_RETURN_NOT_OK(WriteRead(schema, aggregate->mutable_input()));
    auto* call = aggregate->add_measures()->mutable_measure();
    call->set_phase(pb::AGGREGATION_PHASE_INITIAL_TO_RESULT);
    call->set_invocation(pb::AggregateFunction::AGGREGATION_INVOCATION_ALL);
    ARROW_RETURN_NOT_OK(WriteArguments(call));
    return WriteResultType(call);
  }

  // What the function gives is known from the result, unless that is an error.
  template <typename Call>
  Status WriteResultType(Call* call) {
    if (case_.expectation != Case::Expectation::kValue) return Status::OK();
    return TypeToProto(case_.result.type, &extensions_, call->mutable_output_type());
  }

  template <typename Call>
  Status WriteArguments(Call* call) {
    std::string signature = case_.function + ":";
    const char* separator = "";
    for (const Value& value : case_.arguments) {
      auto* argument = call->add_arguments();
      signature += separator;
      separator = "_";
      switch (value.kind) {
        case Value::Kind::kEnumeration:
          argument->set_enum_(value.text);
          signature += "req";
          break;
        case Value::Kind::kColumn:
          WriteColumn(value, argument->mutable_value());
          signature += value.type.substr(0, value.type.find('<'));
          break;
        case Value::Kind::kLiteral:
          ARROW_RETURN_NOT_OK(
              LiteralToProto(value, &extensions_, argument->mutable_value()->mutable_literal()));
          signature += value.type.substr(0, value.type.find('<'));
      }
    }
    for (const auto& [name, choice] : case_.options) {
      auto* option = call->add_options();
      option->set_name(name);
      option->add_preference(choice);
    }
    call->set_function_reference(extensions_.Function(case_.urn, signature));
    return Status::OK();
  }

  static void WriteColumn(const Value& value, pb::Expression* out) {
    auto* selection = out->mutable_selection();
    selection->mutable_root_reference();
    selection->mutable_direct_reference()->mutable_struct_field()->set_field(
        std::atoi(value.text.c_str() + 3));
  }

  const Case& case_;
  pb::Plan plan_;
  substrait::ExtensionWriter extensions_;
};

Result<std::shared_ptr<arrow::Scalar>> Evaluate(const plan::Pipeline& pipeline, BatchPtr rows) {
  const int64_t count = rows->num_rows();
  ARROW_ASSIGN_OR_RAISE(auto fragment,
                        format::FragmentFromBatches(rows->schema(), {rows}, "cases"));
  exec::RunRequest request;
  request.slice.rows = plan::RowRanges::All(count);
  ARROW_ASSIGN_OR_RAISE(auto execution, exec::Run(pipeline, fragment, std::move(request)));
  std::unique_ptr<exec::PartialMerger> merger;
  if (pipeline.aggregate.has_value()) {
    ARROW_ASSIGN_OR_RAISE(merger, exec::PartialMerger::Make(pipeline, exec::MergeOptions()));
  }
  BatchPtr last;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, execution->Next());
    if (batch == nullptr) break;
    if (merger != nullptr) ARROW_RETURN_NOT_OK(merger->Consume(*batch, 0));
    last = std::move(batch);
  }
  if (merger != nullptr) {
    ARROW_RETURN_NOT_OK(merger->Finish());
    ARROW_ASSIGN_OR_RAISE(last, merger->Next());
  }
  if (last == nullptr || last->num_rows() != 1) return base::Invalid("there is not one row");
  return last->column(0)->GetScalar(0);
}

template <typename T>
bool IsClose(T a, T b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  constexpr T kUnits = 4;
  return std::fabs(a - b) <=
         kUnits * std::numeric_limits<T>::epsilon() * std::max(std::fabs(a), std::fabs(b));
}

bool IsExpected(const arrow::Scalar& actual, const arrow::Scalar& expected) {
  if (!actual.is_valid || !expected.is_valid) return actual.is_valid == expected.is_valid;
  if (actual.type->id() != expected.type->id()) return false;
  switch (actual.type->id()) {
    case arrow::Type::FLOAT:
      return IsClose(static_cast<const arrow::FloatScalar&>(actual).value,
                     static_cast<const arrow::FloatScalar&>(expected).value);
    case arrow::Type::DOUBLE:
      return IsClose(static_cast<const arrow::DoubleScalar&>(actual).value,
                     static_cast<const arrow::DoubleScalar&>(expected).value);
    default:
      return actual.Equals(expected);
  }
}

Result<Verdict> Run(const Case& one) {
  ARROW_ASSIGN_OR_RAISE(const auto rows, RowsOf(one));
  ARROW_ASSIGN_OR_RAISE(const auto bytes, PlanWriter(one).Write(*rows->schema()));
  ARROW_ASSIGN_OR_RAISE(const auto pipeline, substrait::FromSubstrait(bytes));
  const auto actual = Evaluate(pipeline, rows);
  if (!actual.ok() && base::Is(actual.status(), base::Code::kUnsupportedPlan))
    return actual.status();
  using Kind = Verdict::Kind;
  switch (one.expectation) {
    case Case::Expectation::kUndefined:
      return Verdict{Kind::kPassed, ""};
    case Case::Expectation::kError:
      if (!actual.ok()) return Verdict{Kind::kPassed, ""};
      return Verdict{Kind::kFailed, "gives " + (*actual)->ToString() + ", not an error"};
    default:
      break;
  }
  if (!actual.ok()) return Verdict{Kind::kFailed, actual.status().message()};
  ARROW_ASSIGN_OR_RAISE(const auto expected, ScalarOf(one.result, one.result.type));
  if (IsExpected(**actual, *expected)) return Verdict{Kind::kPassed, ""};
  return Verdict{Kind::kFailed,
                 "gives " + (*actual)->ToString() + " of type " + (*actual)->type->ToString()};
}

}  // namespace

Verdict RunCase(const Case& one) {
  if (!one.unsupported.empty()) return {Verdict::Kind::kUnsupported, one.unsupported};
  const std::string mistake = MistakeIn(one.line);
  if (!mistake.empty()) return {Verdict::Kind::kUnsupported, mistake};
  const auto verdict = Run(one);
  if (verdict.ok()) return *verdict;
  const bool refused = base::Is(verdict.status(), base::Code::kUnsupportedPlan) ||
                       verdict.status().IsNotImplemented();
  return {refused ? Verdict::Kind::kUnsupported : Verdict::Kind::kFailed,
          verdict.status().message()};
}

}  // namespace skyhook::cases
