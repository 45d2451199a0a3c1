#include "skyhook/sql/scan_function.h"

#include <filesystem>
#include <utility>

#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"
#include "duckdb/storage/statistics/base_statistics.hpp"
#include "skyhook/plan/types.h"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/scan_run.h"
#include "skyhook/sql/types.h"

namespace skyhook::sql {
namespace {

using duckdb::LogicalType;

duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext& context,
                                              duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<LogicalType>& types,
                                              duckdb::vector<duckdb::string>& names) {
  const auto query = SessionState::Get(context).query();
  if (input.inputs[0].IsNull()) throw duckdb::BinderException("skyhook_scan needs a path");
  auto scan = duckdb::make_uniq<ScanPlan>();
  scan->table = ValueOrThrow(*query, client::OpenTable(duckdb::StringValue::Get(input.inputs[0])));
  scan->schema = plan::EngineSchema(*scan->table->schema);
  for (const auto& field : scan->schema->fields()) {
    const ColumnType column = SqlType(context, *field);
    types.push_back(column.type);
    names.push_back(field->name());
    scan->readable.push_back(!column.unsupported);
  }
  return scan;
}

duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(duckdb::ClientContext&,
                                                       const duckdb::FunctionData* data) {
  const auto rows = static_cast<duckdb::idx_t>(data->Cast<ScanPlan>().table->num_rows());
  return duckdb::make_uniq<duckdb::NodeStatistics>(rows, rows);
}

// What is known of a column without reading it: whether it holds NULL. DuckDB then counts rows
// instead of values, as over its own tables.
duckdb::unique_ptr<duckdb::BaseStatistics> ColumnStatistics(duckdb::ClientContext& context,
                                                            const duckdb::FunctionData* data,
                                                            duckdb::column_t column) {
  const auto& scan = data->Cast<ScanPlan>();
  if (!scan.tells_nulls || column >= static_cast<size_t>(scan.schema->num_fields())) return nullptr;
  const auto& field = *scan.schema->field(static_cast<int>(column));
  const auto may_hold_null = client::MayHoldNull(*scan.table, field.name());
  if (!may_hold_null.ok() || *may_hold_null) return nullptr;
  auto statistics = duckdb::BaseStatistics::CreateUnknown(SqlType(context, field).type);
  statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  return statistics.ToUnique();
}

duckdb::virtual_column_map_t VirtualColumns(duckdb::ClientContext&,
                                            duckdb::optional_ptr<duckdb::FunctionData>) {
  duckdb::virtual_column_map_t columns;
  columns.emplace(duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", LogicalType::BOOLEAN));
  return columns;
}

}  // namespace

duckdb::TableFunction MakeScanFunction() {
  duckdb::TableFunction function(kScanFunction, {LogicalType::VARCHAR}, RunScan, Bind, InitScan,
                                 InitScanThread);
  function.projection_pushdown = true;
  function.filter_pushdown = true;
  function.filter_prune = true;
  function.statistics = ColumnStatistics;
  function.cardinality = Cardinality;
  function.get_virtual_columns = VirtualColumns;
  function.table_scan_progress = ScanProgress;
  function.get_partition_data = ScanPartition;
  return function;
}

duckdb::unique_ptr<duckdb::TableRef> ReplaceTable(
    duckdb::ClientContext&, duckdb::ReplacementScanInput& input,
    duckdb::optional_ptr<duckdb::ReplacementScanData>) {
  const duckdb::string name = duckdb::ReplacementScan::GetFullPath(input);
  if (!client::LooksLikeTable(name)) return nullptr;
  duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
  arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(name)));
  auto reference = duckdb::make_uniq<duckdb::TableFunctionRef>();
  reference->function =
      duckdb::make_uniq<duckdb::FunctionExpression>(kScanFunction, std::move(arguments));
  const bool glob = name.find_first_of("*?[") != duckdb::string::npos;
  if (!glob) reference->alias = std::filesystem::path(name).stem().string();
  return reference;
}

bool IsOurs(const duckdb::LogicalGet& get) { return get.function.name == kScanFunction; }

ScanPlan& PlanOf(duckdb::LogicalGet& get) { return get.bind_data->Cast<ScanPlan>(); }

int TableColumn(const duckdb::ColumnIndex& column_id) {
  return column_id.IsVirtualColumn() ? -1 : static_cast<int>(column_id.GetPrimaryIndex());
}

}  // namespace skyhook::sql
