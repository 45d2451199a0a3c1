#include "skyhook/sql/scan_function.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "duckdb/parser/expression/constant_expression.hpp"
#include "duckdb/parser/expression/function_expression.hpp"
#include "duckdb/parser/tableref/table_function_ref.hpp"
#include "duckdb/storage/statistics/base_statistics.hpp"
#include "skyhook/client/file_listing.h"
#include "skyhook/plan/types.h"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/scan_run.h"
#include "skyhook/sql/types.h"

namespace skyhook::sql {
namespace {

using duckdb::LogicalType;

// The virtual column of the files' names, which DuckDB's own readers number like this too.
constexpr duckdb::column_t kFileNameId = duckdb::column_t{1} << 63;

// What the table declares a field of the scan's schema to be.
std::shared_ptr<arrow::DataType> DeclaredType(const ScanPlan& scan, int index) {
  if (index == scan.file_name_column()) return arrow::utf8();
  if (index < scan.num_table_columns()) return scan.table->schema->field(index)->type();
  const auto& nested = scan.nested[static_cast<size_t>(index - scan.num_table_columns())];
  auto type = scan.table->schema->field(nested.column)->type();
  for (const int field : nested.path) type = type->field(field)->type();
  return type;
}

duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext& context,
                                              duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<LogicalType>& types,
                                              duckdb::vector<duckdb::string>& names) {
  ConnectionState& connection = ConnectionState::Get(context);
  const auto query = connection.query();
  if (input.inputs[0].IsNull()) throw duckdb::BinderException("skyhook_scan needs a path");
  auto scan = duckdb::make_uniq<ScanPlan>();
  client::OpenOptions options;
  options.file_names = true;
  options.stop = query->waits_end_by();
  scan->table =
      ValueOrThrow(*query, client::OpenTable(connection.database().session().get(),
                                             duckdb::StringValue::Get(input.inputs[0]), options));
  auto columns = plan::EngineSchema(*scan->table->schema);
  arrow::FieldVector hidden;
  if (scan->table->has_file_names) {
    hidden.push_back(columns->fields().back());
    columns = ValueOrThrow(*query, columns->RemoveField(columns->num_fields() - 1));
  }
  scan->nested = plan::NestedFieldsOf(*columns);
  scan->schema = plan::AllColumns(*columns, scan->nested);
  for (const auto& field : hidden) {
    scan->schema = ValueOrThrow(*query, scan->schema->AddField(scan->schema->num_fields(), field));
  }
  for (int i = 0; i < scan->schema->num_fields(); ++i) {
    const auto& field = *scan->schema->field(i);
    const ColumnType column = SqlType(context, field, *DeclaredType(*scan, i));
    scan->types.push_back(column.type);
    scan->readable.push_back(!column.unsupported);
  }
  if (columns->num_fields() == 0) {
    throw duckdb::BinderException("'%s' has no columns", scan->table->name);
  }
  types.assign(scan->types.begin(), scan->types.begin() + columns->num_fields());
  names = columns->field_names();
  // SQL's names do not differ in case: of two columns "b" and "B" the second is called "B_1".
  duckdb::QueryResult::DeduplicateColumns(names);
  return scan;
}

duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(duckdb::ClientContext&,
                                                       const duckdb::FunctionData* data) {
  const auto rows = static_cast<duckdb::idx_t>(data->Cast<ScanPlan>().table->num_rows());
  return duckdb::make_uniq<duckdb::NodeStatistics>(rows, rows);
}

// What is known of a column without reading it: whether it holds NULL. DuckDB then counts rows
// instead of values, as over its own tables.
duckdb::unique_ptr<duckdb::BaseStatistics> ColumnStatistics(
    duckdb::ClientContext&, duckdb::TableFunctionGetStatisticsInput& input) {
  const auto& scan = input.bind_data->Cast<ScanPlan>();
  if (!scan.tells_nulls) return nullptr;
  const int column = TableColumn(scan, input.column_index);
  const bool known = column == scan.file_name_column() || column < scan.num_table_columns();
  if (column < 0 || !known) return nullptr;
  const auto may_hold_null = client::MayHoldNull(*scan.table, scan.schema->field(column)->name());
  if (!may_hold_null.ok() || *may_hold_null) return nullptr;
  auto statistics = duckdb::BaseStatistics::CreateUnknown(scan.types[static_cast<size_t>(column)]);
  statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  return statistics.ToUnique();
}

// Fields of structs are read without the rest.
bool ReadsFields(const duckdb::FunctionData& data, const duckdb::LogicalIndex& column) {
  const auto& scan = data.Cast<ScanPlan>();
  return column.index < scan.types.size() && scan.readable[column.index] &&
         scan.types[column.index].id() == duckdb::LogicalTypeId::STRUCT;
}

duckdb::virtual_column_map_t VirtualColumns(duckdb::ClientContext&,
                                            duckdb::optional_ptr<duckdb::FunctionData> data) {
  duckdb::virtual_column_map_t columns;
  if (data->Cast<ScanPlan>().table->has_file_names) {
    columns.emplace(kFileNameId,
                    duckdb::TableColumn(client::kFileNameColumn, LogicalType::VARCHAR));
  }
  columns.emplace(duckdb::COLUMN_IDENTIFIER_EMPTY, duckdb::TableColumn("", LogicalType::BOOLEAN));
  return columns;
}

duckdb::InsertionOrderPreservingMap<std::string> ParamsOf(
    duckdb::TableFunctionToStringInput& input) {
  duckdb::InsertionOrderPreservingMap<std::string> params;
  params["Function"] = duckdb::StringUtil::Upper(kScanFunction);
  const auto& scan = input.bind_data->Cast<ScanPlan>();
  if (scan.account != nullptr) params[kScanNumber] = std::to_string(scan.account->number);
  return params;
}

std::string FolderOf(const std::string& name) {
  const std::string folder = std::filesystem::path(name).parent_path().string();
  return folder.empty() ? "." : folder;
}

// Who writes FROM lineitem may mean the file lineitem.parquet.
void OfferFile(const std::string& name) {
  std::error_code ignored;
  for (const char* ending : {".parquet", ".arrow", ".feather"}) {
    if (!std::filesystem::exists(name + ending, ignored)) continue;
    throw duckdb::BinderException(
        "there is no table %s, but a file: write FROM '%s%s', or make the files of its directory "
        "tables with --data %s",
        name, name, ending, FolderOf(name));
  }
}

}  // namespace

duckdb::TableFunction MakeScanFunction() {
  duckdb::TableFunction function(kScanFunction, {LogicalType::VARCHAR}, RunScan, Bind, InitScan,
                                 InitScanThread);
  function.projection_pushdown = true;
  function.filter_pushdown = true;
  function.filter_prune = true;
  function.statistics_extended = ColumnStatistics;
  function.supports_pushdown_extract = ReadsFields;
  function.cardinality = Cardinality;
  function.to_string = ParamsOf;
  function.get_virtual_columns = VirtualColumns;
  function.table_scan_progress = ScanProgress;
  function.get_partition_data = ScanPartition;
  return function;
}

duckdb::unique_ptr<duckdb::TableRef> ReplaceTable(
    duckdb::ClientContext& context, duckdb::ReplacementScanInput& input,
    duckdb::optional_ptr<duckdb::ReplacementScanData>) {
  duckdb::string name = duckdb::ReplacementScan::GetFullPath(input);
  const std::string unreadable = ConnectionState::Get(context).database().unreadable(name);
  if (!unreadable.empty()) {
    name = unreadable;
  } else if (!client::NamesTable(name)) {
    OfferFile(name);
    return nullptr;
  }
  duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
  arguments.push_back(duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(name)));
  auto reference = duckdb::make_uniq<duckdb::TableFunctionRef>();
  reference->function =
      duckdb::make_uniq<duckdb::FunctionExpression>(kScanFunction, std::move(arguments));
  const bool glob = name.find_first_of("*?[") != duckdb::string::npos;
  if (!glob) reference->alias = std::filesystem::path(name).stem().string();
  return reference;
}

bool IsOurs(const duckdb::LogicalGet& get) { return IsOurs(get.function); }

bool IsOurs(const duckdb::TableFunction& function) { return function.name == kScanFunction; }

bool ReadsFileNames(const duckdb::LogicalGet& get) {
  const auto& ids = get.GetColumnIds();
  return std::any_of(ids.begin(), ids.end(), [](const duckdb::ColumnIndex& id) {
    return id.IsVirtualColumn() && id.GetPrimaryIndex() == kFileNameId;
  });
}

ScanPlan& PlanOf(duckdb::LogicalGet& get) { return get.bind_data->Cast<ScanPlan>(); }

int TableColumn(const ScanPlan& scan, const duckdb::ColumnIndex& column_id) {
  if (column_id.IsVirtualColumn()) {
    return column_id.GetPrimaryIndex() == kFileNameId ? scan.file_name_column() : -1;
  }
  const auto column = static_cast<int>(column_id.GetPrimaryIndex());
  if (!column_id.IsPushdownExtract()) return column;
  std::vector<int> path;
  for (const auto* id = &column_id; id->HasChildren();) {
    id = &id->GetChildIndex(0);
    path.push_back(static_cast<int>(id->GetPrimaryIndex()));
  }
  const auto found = std::find_if(
      scan.nested.begin(), scan.nested.end(),
      [&](const plan::NestedField& field) { return field.column == column && field.path == path; });
  if (found == scan.nested.end()) {
    throw duckdb::InternalException("skyhook_scan: column %d has no such field", column);
  }
  return scan.num_table_columns() + static_cast<int>(found - scan.nested.begin());
}

}  // namespace skyhook::sql
