#include "skyhook/sql/pushdown_aggregate.h"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <utility>

#include "duckdb/common/serializer/binary_deserializer.hpp"
#include "duckdb/common/serializer/binary_serializer.hpp"
#include "duckdb/common/serializer/memory_stream.hpp"
#include "duckdb/planner/expression/bound_aggregate_expression.hpp"
#include "duckdb/planner/expression/bound_columnref_expression.hpp"
#include "duckdb/planner/operator/logical_aggregate.hpp"
#include "duckdb/planner/operator/logical_distinct.hpp"
#include "skyhook/base/status.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/scan_chain.h"
#include "skyhook/sql/scan_function.h"
#include "skyhook/sql/translate/expression.h"
#include "skyhook/sql/types.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using arrow::Status;
using duckdb::BoundAggregateExpression;
using duckdb::LogicalType;
using plan::AggregateFunction;

const std::map<std::string_view, AggregateFunction> kFunctions = {
    {"count_star", AggregateFunction::kCountAll},
    {"count", AggregateFunction::kCount},
    {"sum", AggregateFunction::kSum},
    {"sum_no_overflow", AggregateFunction::kSum},
    {"min", AggregateFunction::kMin},
    {"max", AggregateFunction::kMax},
    {"avg", AggregateFunction::kAvg},
    {"mean", AggregateFunction::kAvg},
    {"bool_and", AggregateFunction::kBoolAnd},
    {"bool_or", AggregateFunction::kBoolOr},
    {"bit_and", AggregateFunction::kBitAnd},
    {"bit_or", AggregateFunction::kBitOr},
    {"bit_xor", AggregateFunction::kBitXor},
    {"var_samp", AggregateFunction::kVarianceSample},
    {"variance", AggregateFunction::kVarianceSample},
    {"var_pop", AggregateFunction::kVariancePopulation},
    {"stddev_samp", AggregateFunction::kStdDevSample},
    {"stddev", AggregateFunction::kStdDevSample},
    {"stddev_pop", AggregateFunction::kStdDevPopulation},
    {"covar_samp", AggregateFunction::kCovarianceSample},
    {"covar_pop", AggregateFunction::kCovariancePopulation},
    {"corr", AggregateFunction::kCorrelation},
    {"approx_count_distinct", AggregateFunction::kApproxCountDistinct},
    {"first", AggregateFunction::kFirst},
    {"arbitrary", AggregateFunction::kFirst},
    {"last", AggregateFunction::kLast},
    {"any_value", AggregateFunction::kAnyValue},
    {"approx_quantile", AggregateFunction::kApproxQuantile}};

// Distinct values give the same as all of them.
bool IgnoresDuplicates(AggregateFunction function) {
  switch (function) {
    case AggregateFunction::kMin:
    case AggregateFunction::kMax:
    case AggregateFunction::kBoolAnd:
    case AggregateFunction::kBoolOr:
    case AggregateFunction::kBitAnd:
    case AggregateFunction::kBitOr:
    case AggregateFunction::kApproxCountDistinct:
      return true;
    default:
      return false;
  }
}

// True when the engine's results of type `engine` can be given to DuckDB as `type`.
bool IsResultType(const arrow::DataType& engine, const LogicalType& type) {
  if (SameType(engine, type)) return true;
  return type.id() == duckdb::LogicalTypeId::HUGEINT && engine.Equals(*arrow::decimal128(38, 0));
}

// The fraction of an approx_quantile. Binding takes it out of the arguments; what it becomes is
// private to DuckDB, and shows as it is written: a list of floats.
Result<double> FractionOf(const BoundAggregateExpression& expression) {
  const auto serialize = expression.function.GetSerializeCallback();
  if (serialize != nullptr && expression.bind_info != nullptr) {
    duckdb::MemoryStream stream;
    duckdb::BinarySerializer writer(stream);
    writer.Begin();
    serialize(writer, expression.bind_info.get(), expression.function);
    writer.End();
    stream.Rewind();
    duckdb::BinaryDeserializer reader(stream);
    reader.Begin();
    const auto fractions = reader.ReadProperty<duckdb::vector<float>>(100, "quantiles");
    reader.End();
    if (fractions.size() == 1) return static_cast<double>(fractions[0]);
  }
  return base::UnsupportedPlan("aggregate {}", expression.ToString());
}

// Collects keys and measures over one chain.
class AggregateBuilder {
 public:
  explicit AggregateBuilder(const ScanChain& chain) : chain_(chain) {}

  Status AddKey(const duckdb::Expression& key) {
    ARROW_ASSIGN_OR_RAISE(const int column, Project(key));
    // DuckDB's intervals are equal when their normal forms are.
    if (!plan::IsOrdered(*part_.projection[static_cast<size_t>(column)].expression->type())) {
      return base::UnsupportedPlan("GROUP BY {} of type {}", key.ToString(),
                                   key.return_type.ToString());
    }
    part_.aggregate.keys.push_back(column);
    AddResult(key.ToString(), key.return_type);
    return Status::OK();
  }

  Status AddMeasure(const BoundAggregateExpression& expression) {
    plan::Measure measure;
    measure.name = expression.ToString();
    ARROW_ASSIGN_OR_RAISE(measure.function, FunctionOf(expression));
    std::vector<std::shared_ptr<arrow::DataType>> arguments;
    for (size_t i = 0; i < expression.children.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const int column, Project(*expression.children[i]));
      (i == 0 ? measure.argument : measure.second) = column;
      arguments.push_back(part_.projection[static_cast<size_t>(column)].expression->type());
    }
    if (measure.function == AggregateFunction::kApproxQuantile) {
      ARROW_ASSIGN_OR_RAISE(measure.fraction, FractionOf(expression));
    }
    if (expression.filter != nullptr) {
      ARROW_ASSIGN_OR_RAISE(measure.filter, Project(*expression.filter));
    }
    const bool distinct = measure.function == AggregateFunction::kCountDistinct ||
                          measure.function == AggregateFunction::kApproxCountDistinct;
    if (distinct && !plan::IsOrdered(*arguments[0])) {
      return base::UnsupportedPlan("distinct values of {}", arguments[0]->ToString());
    }
    ARROW_ASSIGN_OR_RAISE(const auto type, plan::MeasureType(measure.function, arguments));
    if (!IsResultType(*type, expression.return_type)) {
      return base::UnsupportedPlan("{} is {} in SQL and {} in the engine", measure.name,
                                   expression.return_type.ToString(), type->ToString());
    }
    part_.aggregate.measures.push_back(std::move(measure));
    AddResult(expression.ToString(), expression.return_type);
    return Status::OK();
  }

  AggregatePart TakePart() { return std::move(part_); }
  const duckdb::vector<duckdb::string>& names() const { return names_; }
  const duckdb::vector<LogicalType>& types() const { return types_; }

 private:
  static Result<AggregateFunction> FunctionOf(const BoundAggregateExpression& expression) {
    const auto found = kFunctions.find(expression.function.name);
    if (found == kFunctions.end() || expression.order_bys != nullptr) {
      return base::UnsupportedPlan("aggregate {}", expression.ToString());
    }
    const AggregateFunction function = found->second;
    if (plan::EntryOf(function).num_arguments != expression.children.size()) {
      return base::UnsupportedPlan("aggregate {}", expression.ToString());
    }
    if (!expression.IsDistinct() || IgnoresDuplicates(function)) return function;
    if (function == AggregateFunction::kCount) return AggregateFunction::kCountDistinct;
    return base::UnsupportedPlan("aggregate {}", expression.ToString());
  }

  // The projected column that is `expression`, added when it is not there yet.
  Result<int> Project(const duckdb::Expression& expression) {
    ARROW_ASSIGN_OR_RAISE(auto translated, Translate(expression, chain_));
    for (size_t i = 0; i < part_.projection.size(); ++i) {
      if (part_.projection[i].expression->Equals(*translated)) return static_cast<int>(i);
    }
    part_.projection.push_back(
        {translated->ToString(chain_.scan().schema.get()), std::move(translated)});
    return static_cast<int>(part_.projection.size() - 1);
  }

  void AddResult(duckdb::string name, LogicalType type) {
    names_.push_back(std::move(name));
    types_.push_back(std::move(type));
  }

  const ScanChain& chain_;
  AggregatePart part_;
  duckdb::vector<duckdb::string> names_;
  duckdb::vector<LogicalType> types_;
};

Status AddAll(const duckdb::LogicalAggregate& aggregate, AggregateBuilder* builder) {
  if (aggregate.grouping_sets.size() > 1 || !aggregate.grouping_functions.empty()) {
    return base::UnsupportedPlan("grouping sets");
  }
  if (aggregate.groups.empty() && aggregate.expressions.empty()) {
    return base::UnsupportedPlan("an aggregate of nothing");
  }
  for (const auto& group : aggregate.groups) ARROW_RETURN_NOT_OK(builder->AddKey(*group));
  for (const auto& expression : aggregate.expressions) {
    if (expression->GetExpressionClass() != duckdb::ExpressionClass::BOUND_AGGREGATE) {
      return base::UnsupportedPlan("aggregate {}", expression->ToString());
    }
    ARROW_RETURN_NOT_OK(builder->AddMeasure(expression->Cast<BoundAggregateExpression>()));
  }
  return Status::OK();
}

// DISTINCT over all columns of its child is a grouping by them.
Status AddAll(const duckdb::LogicalDistinct& distinct, AggregateBuilder* builder) {
  auto& child = *distinct.children[0];
  child.ResolveOperatorTypes();
  const auto columns = child.GetColumnBindings();
  if (distinct.distinct_type != duckdb::DistinctType::DISTINCT ||
      distinct.distinct_targets.size() != columns.size()) {
    return base::UnsupportedPlan("DISTINCT ON");
  }
  for (const auto& target : distinct.distinct_targets) {
    if (target->GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) {
      return base::UnsupportedPlan("DISTINCT of {}", target->ToString());
    }
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const duckdb::BoundColumnRefExpression column(child.types[i], columns[i]);
    ARROW_RETURN_NOT_OK(builder->AddKey(column));
  }
  return Status::OK();
}

std::string TextOf(const AggregatePart& part) {
  std::string out;
  for (const plan::Measure& measure : part.aggregate.measures) {
    out += (out.empty() ? "" : ", ");
    const bool distinct = measure.function == AggregateFunction::kCountDistinct;
    if (measure.function == AggregateFunction::kCountAll) {
      out += "count(*)";
    } else {
      std::string arguments = part.projection[static_cast<size_t>(measure.argument)].name;
      if (measure.second >= 0) {
        arguments += ", " + part.projection[static_cast<size_t>(measure.second)].name;
      }
      if (!plan::EntryOf(measure.function).constant.empty()) {
        arguments += fmt::format(", {}", static_cast<float>(measure.fraction));
      }
      out += fmt::format("{}({}{})",
                         distinct ? "count" : plan::AggregateFunctionName(measure.function),
                         distinct ? "distinct " : "", arguments);
    }
    if (measure.filter >= 0) {
      out += " filter " + part.projection[static_cast<size_t>(measure.filter)].name;
    }
  }
  for (size_t i = 0; i < part.aggregate.keys.size(); ++i) {
    const auto& key = part.projection[static_cast<size_t>(part.aggregate.keys[i])];
    out += (i > 0 ? ", " : out.empty() ? "by " : " by ") + key.name;
  }
  return out;
}

// The plan of the scan that returns the groups. Join filters of the old scan concern group keys:
// DuckDB lets no others through an aggregate.
duckdb::unique_ptr<ScanPlan> ReducedPlan(const ScanChain& chain, AggregatePart part) {
  auto plan = duckdb::make_uniq<ScanPlan>(chain.scan());
  plan->account->pushed.push_back({PushedPart::Kind::kAggregate, TextOf(part)});
  plan->aggregate = std::move(part);
  plan->inherited.filters = chain.get().dynamic_filters;
  for (const auto& id : chain.get().GetColumnIds()) {
    plan->inherited.columns.push_back(TableColumn(chain.scan(), id));
  }
  return plan;
}

duckdb::unique_ptr<duckdb::LogicalGet> MakeScan(duckdb::Binder& binder,
                                                const duckdb::LogicalOperator& replaced,
                                                const ScanChain& chain, AggregateBuilder* builder) {
  auto get = duckdb::make_uniq<duckdb::LogicalGet>(
      binder.GenerateTableIndex(), chain.get().function, ReducedPlan(chain, builder->TakePart()),
      builder->types(), builder->names());
  for (duckdb::idx_t i = 0; i < builder->types().size(); ++i) get->AddColumnId(i);
  get->parameters = chain.get().parameters;
  if (replaced.has_estimated_cardinality) {
    get->SetEstimatedCardinality(replaced.estimated_cardinality);
  }
  get->ResolveOperatorTypes();
  return get;
}

std::string DescriptionOf(const duckdb::LogicalOperator& op) {
  std::string text;
  for (const auto& expression : op.expressions) {
    text += (text.empty() ? "" : ", ") + expression->ToString();
  }
  if (op.type == duckdb::LogicalOperatorType::LOGICAL_DISTINCT) return "distinct";
  return "aggregate " + text;
}

}  // namespace

void PushAggregate(duckdb::Binder& binder, duckdb::unique_ptr<duckdb::LogicalOperator>* node,
                   duckdb::vector<duckdb::ReplacementBinding>* bindings) {
  duckdb::LogicalOperator& op = **node;
  const auto chain = ScanChain::Make(*op.children[0]);
  if (!chain.ok()) {
    NoteKept(*op.children[0], DescriptionOf(op), chain.status().message());
    return;
  }
  AggregateBuilder builder(*chain);
  const Status added = op.type == duckdb::LogicalOperatorType::LOGICAL_DISTINCT
                           ? AddAll(op.Cast<duckdb::LogicalDistinct>(), &builder)
                           : AddAll(op.Cast<duckdb::LogicalAggregate>(), &builder);
  if (!added.ok()) {
    NoteKept(*op.children[0], DescriptionOf(op), added.message());
    return;
  }
  auto scan = MakeScan(binder, op, *chain, &builder);
  const auto before = op.GetColumnBindings();
  for (size_t i = 0; i < before.size(); ++i) {
    bindings->emplace_back(before[i], duckdb::ColumnBinding(scan->table_index, i));
  }
  *node = std::move(scan);
}

}  // namespace skyhook::sql
