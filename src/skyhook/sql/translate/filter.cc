#include "skyhook/sql/translate/filter.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "duckdb/planner/filter/bloom_filter.hpp"
#include "duckdb/planner/filter/conjunction_filter.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "duckdb/planner/filter/dynamic_filter.hpp"
#include "duckdb/planner/filter/expression_filter.hpp"
#include "duckdb/planner/filter/in_filter.hpp"
#include "duckdb/planner/filter/optional_filter.hpp"
#include "duckdb/planner/filter/struct_filter.hpp"
#include "skyhook/base/status.h"
#include "skyhook/sql/translate/expression.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using duckdb::TableFilter;
using duckdb::TableFilterType;
using plan::ExpressionPtr;
using DivisionByZero = plan::CallOptions::DivisionByZero;

// An expression filter refers to its only column, whatever the index.
class OneColumn : public ColumnScope {
 public:
  OneColumn(ExpressionPtr column, DivisionByZero division) : column_(std::move(column)) {
    float_division_by_zero = division;
  }
  Result<ExpressionPtr> Resolve(const duckdb::Expression&) const override { return column_; }

 private:
  ExpressionPtr column_;
};

Result<ExpressionPtr> CompareTo(const duckdb::ConstantFilter& filter, const ExpressionPtr& column) {
  ARROW_ASSIGN_OR_RAISE(auto literal, Constant(filter.constant));
  return Comparison(filter.comparison_type, column, std::move(literal));
}

Result<ExpressionPtr> In(const duckdb::InFilter& filter, const ExpressionPtr& column) {
  std::vector<ExpressionPtr> arguments{column};
  for (const duckdb::Value& value : filter.values) {
    ARROW_ASSIGN_OR_RAISE(auto literal, Constant(value));
    arguments.push_back(std::move(literal));
  }
  return Among(std::move(arguments));
}

Result<ExpressionPtr> Dynamic(const duckdb::DynamicFilter& filter, const ExpressionPtr& column) {
  if (filter.filter_data == nullptr) return plan::BoolLiteral(true);
  std::lock_guard<duckdb::mutex> lock(filter.filter_data->lock);
  if (!filter.filter_data->initialized || filter.filter_data->filter == nullptr) {
    return plan::BoolLiteral(true);
  }
  return CompareTo(*filter.filter_data->filter, column);
}

Result<std::vector<ExpressionPtr>> Children(const duckdb::ConjunctionFilter& filter,
                                            const ExpressionPtr& column, DivisionByZero division) {
  std::vector<ExpressionPtr> children;
  for (const auto& child : filter.child_filters) {
    ARROW_ASSIGN_OR_RAISE(auto translated, TranslateFilter(*child, column, division));
    children.push_back(std::move(translated));
  }
  return children;
}

// The conjuncts of `filter` that can be translated: dropping others only lets more rows through.
void CollectTranslatable(const TableFilter& filter, const ExpressionPtr& column,
                         std::vector<ExpressionPtr>* out) {
  if (filter.filter_type == TableFilterType::CONJUNCTION_AND) {
    for (const auto& child : filter.Cast<duckdb::ConjunctionAndFilter>().child_filters) {
      CollectTranslatable(*child, column, out);
    }
    return;
  }
  if (filter.filter_type == TableFilterType::OPTIONAL_FILTER) {
    const auto& optional = filter.Cast<duckdb::OptionalFilter>();
    if (optional.child_filter != nullptr) CollectTranslatable(*optional.child_filter, column, out);
    return;
  }
  if (filter.filter_type == TableFilterType::EXPRESSION_FILTER) return;
  auto translated = TranslateFilter(filter, column, DivisionByZero::kIeee);
  if (translated.ok() && !plan::CanFail(**translated)) out->push_back(*std::move(translated));
}

bool IsTrue(const plan::Expression& expression) {
  return expression.kind() == plan::Expression::Kind::kLiteral &&
         expression.Equals(*plan::BoolLiteral(true));
}

// What DuckDB does not change is translated once: a list of values may be long. Nor does the whole
// become another object while it stays the same: whoever makes something of it need not again.
class TableRuntimeFilter : public plan::RuntimeFilter {
 public:
  TableRuntimeFilter(duckdb::unique_ptr<TableFilter> filter, ExpressionPtr column, const char* kind)
      : filter_(std::move(filter)), column_(std::move(column)), kind_(kind) {
    Sort(*filter_);
    std::erase_if(fixed_, [](const ExpressionPtr& conjunct) { return IsTrue(*conjunct); });
    current_ = AllOf({});
  }

  ExpressionPtr Snapshot() const override {
    std::vector<ExpressionPtr> changed;
    for (const TableFilter* filter : dynamic_) CollectTranslatable(*filter, column_, &changed);
    std::erase_if(changed, [](const ExpressionPtr& conjunct) { return IsTrue(*conjunct); });
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!std::equal(changed.begin(), changed.end(), changed_.begin(), changed_.end(),
                    [](const auto& a, const auto& b) { return a->Equals(*b); })) {
      current_ = AllOf(changed);
      changed_ = std::move(changed);
    }
    return current_;
  }

  const char* kind() const override { return kind_; }

 private:
  void Sort(const TableFilter& filter) {
    if (filter.filter_type == TableFilterType::CONJUNCTION_AND) {
      for (const auto& child : filter.Cast<duckdb::ConjunctionAndFilter>().child_filters) {
        Sort(*child);
      }
    } else if (IsDynamic(filter)) {
      dynamic_.push_back(&filter);
    } else {
      CollectTranslatable(filter, column_, &fixed_);
    }
  }

  // Null where there is nothing.
  ExpressionPtr AllOf(const std::vector<ExpressionPtr>& changed) const {
    std::vector<ExpressionPtr> conjuncts = fixed_;
    conjuncts.insert(conjuncts.end(), changed.begin(), changed.end());
    return conjuncts.empty() ? nullptr : plan::And(std::move(conjuncts)).ValueOr(nullptr);
  }

  duckdb::unique_ptr<TableFilter> filter_;
  ExpressionPtr column_;
  const char* kind_;
  std::vector<const TableFilter*> dynamic_;  // parts of filter_ that DuckDB changes
  std::vector<ExpressionPtr> fixed_;         // the others
  mutable std::mutex mutex_;
  mutable std::vector<ExpressionPtr> changed_;  // the dynamic parts, as they were seen last
  mutable ExpressionPtr current_;               // the whole with them
};

bool AnyIsDynamic(const duckdb::ConjunctionFilter& filter) {
  return std::any_of(filter.child_filters.begin(), filter.child_filters.end(),
                     [](const auto& child) { return IsDynamic(*child); });
}

// A filter of a field that DuckDB does not rely on.
bool IsOptionalField(const TableFilter& filter) {
  const TableFilter* of = &filter;
  while (of->filter_type == TableFilterType::STRUCT_EXTRACT) {
    of = of->Cast<duckdb::StructFilter>().child_filter.get();
  }
  return of->filter_type == TableFilterType::OPTIONAL_FILTER ||
         of->filter_type == TableFilterType::DYNAMIC_FILTER ||
         of->filter_type == TableFilterType::BLOOM_FILTER;
}

void Split(const TableFilter& filter, FilterParts* parts) {
  switch (filter.filter_type) {
    case TableFilterType::CONJUNCTION_AND:
      for (const auto& child : filter.Cast<duckdb::ConjunctionAndFilter>().child_filters) {
        Split(*child, parts);
      }
      return;
    case TableFilterType::OPTIONAL_FILTER:
    case TableFilterType::DYNAMIC_FILTER:
    case TableFilterType::BLOOM_FILTER:
      parts->optional.push_back(&filter);
      return;
    default:
      (IsOptionalField(filter) ? parts->optional : parts->required).push_back(&filter);
  }
}

}  // namespace

Result<ExpressionPtr> TranslateFilter(const TableFilter& filter, const ExpressionPtr& column,
                                      DivisionByZero division) {
  switch (filter.filter_type) {
    case TableFilterType::CONSTANT_COMPARISON:
      return CompareTo(filter.Cast<duckdb::ConstantFilter>(), column);
    case TableFilterType::IS_NULL:
      return plan::Call(plan::Function::kIsNull, {column});
    case TableFilterType::IS_NOT_NULL:
      return plan::Call(plan::Function::kIsNotNull, {column});
    case TableFilterType::CONJUNCTION_AND: {
      const auto& conjunction = filter.Cast<duckdb::ConjunctionAndFilter>();
      ARROW_ASSIGN_OR_RAISE(auto children, Children(conjunction, column, division));
      return plan::And(std::move(children));
    }
    case TableFilterType::CONJUNCTION_OR: {
      const auto& conjunction = filter.Cast<duckdb::ConjunctionOrFilter>();
      ARROW_ASSIGN_OR_RAISE(auto children, Children(conjunction, column, division));
      return plan::Or(std::move(children));
    }
    case TableFilterType::IN_FILTER:
      return In(filter.Cast<duckdb::InFilter>(), column);
    case TableFilterType::DYNAMIC_FILTER:
      return Dynamic(filter.Cast<duckdb::DynamicFilter>(), column);
    case TableFilterType::STRUCT_EXTRACT: {
      const auto& field = filter.Cast<duckdb::StructFilter>();
      ARROW_ASSIGN_OR_RAISE(auto of, plan::Field(column, static_cast<int>(field.child_idx)));
      return TranslateFilter(*field.child_filter, of, division);
    }
    case TableFilterType::EXPRESSION_FILTER:
      return Translate(*filter.Cast<duckdb::ExpressionFilter>().expr, OneColumn(column, division));
    default:
      return base::UnsupportedPlan("{}", filter.ToString("the column"));
  }
}

bool IsDynamic(const TableFilter& filter) {
  switch (filter.filter_type) {
    case TableFilterType::DYNAMIC_FILTER:
      return true;
    case TableFilterType::OPTIONAL_FILTER: {
      const auto& optional = filter.Cast<duckdb::OptionalFilter>();
      return optional.child_filter != nullptr && IsDynamic(*optional.child_filter);
    }
    case TableFilterType::STRUCT_EXTRACT:
      return IsDynamic(*filter.Cast<duckdb::StructFilter>().child_filter);
    case TableFilterType::CONJUNCTION_AND:
      return AnyIsDynamic(filter.Cast<duckdb::ConjunctionAndFilter>());
    case TableFilterType::CONJUNCTION_OR:
      return AnyIsDynamic(filter.Cast<duckdb::ConjunctionOrFilter>());
    default:
      return false;
  }
}

FilterParts SplitFilter(const TableFilter& filter) {
  FilterParts parts;
  Split(filter, &parts);
  return parts;
}

std::shared_ptr<const plan::RuntimeFilter> MakeRuntimeFilter(const TableFilter& filter,
                                                             ExpressionPtr column,
                                                             const char* kind) {
  std::vector<ExpressionPtr> conjuncts;
  CollectTranslatable(filter, column, &conjuncts);
  if (conjuncts.empty()) return nullptr;
  return std::make_shared<TableRuntimeFilter>(filter.Copy(), std::move(column), kind);
}

}  // namespace skyhook::sql
