// What one scan of a plan is to do, and the pipeline that says so to the engine.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "duckdb.hpp"
#include "duckdb/function/table_function.hpp"
#include "duckdb/planner/table_filter.hpp"
#include "skyhook/client/table.h"
#include "skyhook/plan/nested_fields.h"
#include "skyhook/plan/pipeline.h"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::sql {

/// An order of rows by an expression over the table's columns.
struct SortBy {
  plan::ExpressionPtr expression;
  bool descending = false;
  bool nulls_first = false;
};

/// Groups and measures instead of rows. `projection` is over the table's columns; the scan's
/// columns in SQL are then the keys and measures.
struct AggregatePart {
  std::vector<plan::NamedExpression> projection;
  plan::Aggregate aggregate;
};

struct TopKPart {
  std::vector<SortBy> keys;
  int64_t limit = 0;
};

/// Join filters of a scan that an aggregate has replaced: they reach through to its group keys.
struct InheritedFilters {
  duckdb::shared_ptr<duckdb::DynamicTableFilterSet> filters;
  /// The table column each index of the set stands for.
  std::vector<int> columns;
};

/// The bind data of skyhook_scan: the table, and what the optimizer extension has moved in.
/// Expressions count the fields of `schema`.
struct ScanPlan : public duckdb::TableFunctionData {
  std::shared_ptr<const client::Table> table;
  /// The table's columns, then the fields within its structs, then, where the table has them, the
  /// names of its files, which only those get who ask for them by name; engine types.
  std::shared_ptr<arrow::Schema> schema;
  std::vector<plan::NestedField> nested;   ///< the fields of `schema` behind the table's
  std::vector<duckdb::LogicalType> types;  ///< in SQL, of the fields of `schema`
  /// False for columns of types that DuckDB lacks.
  std::vector<bool> readable;

  /// What x / 0 of floats gives in this query.
  plan::CallOptions::DivisionByZero float_division_by_zero =
      plan::CallOptions::DivisionByZero::kIeee;
  /// Whether the optimizer may ask which columns hold NULL: queries that count values do.
  bool tells_nulls = false;
  /// SET skyhook_pushdown = false: every column, no filter.
  bool plain = false;
  std::vector<plan::ExpressionPtr> filter;
  std::optional<AggregatePart> aggregate;
  std::optional<TopKPart> top_k;
  std::optional<int64_t> limit;
  InheritedFilters inherited;
  std::shared_ptr<ScanAccount> account;
  /// Whether batches may go to the result as they are (carried_columns.h).
  bool may_carry = false;

  int num_table_columns() const {
    return schema->num_fields() - static_cast<int>(nested.size()) - (table->has_file_names ? 1 : 0);
  }
  /// Of the files' names; -1 where there are none.
  int file_name_column() const { return table->has_file_names ? schema->num_fields() - 1 : -1; }
  bool is_reduced() const {
    return aggregate.has_value() || top_k.has_value() || limit.has_value();
  }

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override;
  bool Equals(const duckdb::FunctionData& other) const override;
};

/// The pipeline of a scan, built column by column so that it reads only what is used.
class PipelineBuilder {
 public:
  explicit PipelineBuilder(const ScanPlan& scan);

  /// The table's column, or a field within one, over the pipeline's input.
  plan::ExpressionPtr Input(int table_column);
  /// `expression` over the table's columns, over the pipeline's input.
  arrow::Result<plan::ExpressionPtr> OverInput(const plan::ExpressionPtr& expression);

  arrow::Status AddFilter(const plan::ExpressionPtr& conjunct);
  /// Projects a table column; once only. Returns its index among the projected columns.
  int AddColumn(int table_column);
  /// The table columns projected so far, in the order of the projection.
  const std::vector<int>& projected_columns() const { return columns_; }

  /// Adds the scan's own filter and reduction.
  arrow::Result<plan::Pipeline> Finish();

 private:
  arrow::Status AddAggregate();
  arrow::Status AddTopK();

  const ScanPlan* scan_;
  plan::Pipeline pipeline_;
  arrow::FieldVector input_fields_;
  std::vector<plan::ExpressionPtr> inputs_;  // by table column, null while unused
  std::vector<int> projected_;               // by table column, -1 while it is not projected
  std::vector<int> columns_;
};

}  // namespace skyhook::sql
