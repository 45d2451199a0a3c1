#include "skyhook/sql/database.h"

#include <unistd.h>

#include <utility>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "skyhook/sql/errors.h"
#include "skyhook/sql/pushdown.h"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/scan_function.h"

namespace skyhook::sql {
namespace {

using arrow::Status;

void Configure(const SessionOptions& options, duckdb::DBConfig* config) {
  config->SetOptionByName("threads", duckdb::Value::BIGINT(options.threads));
  config->SetOptionByName("memory_limit",
                          duckdb::Value(std::to_string(options.memory_bytes / 2) + "B"));
  config->SetOptionByName("temp_directory", duckdb::Value(options.temporary_directory));
  config->SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
  config->SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
  // It turns lists of constants into joins, out of the scans' reach; JoinInLists does it later.
  config->options.disabled_optimizers.insert(duckdb::OptimizerType::IN_CLAUSE);
  duckdb::OptimizerExtension::Register(*config, MakePushdown());
}

void CheckPlacement(duckdb::ClientContext&, duckdb::SetScope, duckdb::Value& value) {
  const auto mode = placement::ParseMode(value.ToString());
  if (!mode.ok()) throw duckdb::InvalidInputException(mode.status().message());
}

void RegisterScan(const SessionOptions& options, duckdb::DuckDB* database) {
  auto& config = duckdb::DBConfig::GetConfig(*database->instance);
  config.AddExtensionOption(kPushdownSetting,
                            "Push filters, aggregates, top-k and limits into Skyhook's scans",
                            duckdb::LogicalType::BOOLEAN, duckdb::Value::BOOLEAN(true));
  config.AddExtensionOption(
      kPlacementSetting, "Where fragments of remote sites are scanned: auto, push or pull",
      duckdb::LogicalType::VARCHAR, duckdb::Value(options.placement), CheckPlacement);
  // At the front: DuckDB's own for Parquet files is there already and the first match wins.
  config.replacement_scans.insert(config.replacement_scans.begin(),
                                  duckdb::ReplacementScan(ReplaceTable));
  duckdb::Connection connection(*database);
  connection.BeginTransaction();
  duckdb::CreateTableFunctionInfo info(MakeScanFunction());
  duckdb::Catalog::GetSystemCatalog(*connection.context)
      .CreateTableFunction(*connection.context, info);
  connection.Commit();
}

}  // namespace

arrow::Result<std::unique_ptr<duckdb::DuckDB>> OpenDatabase(const SessionOptions& options) {
  const std::string version = DuckDbVersion();
  if (version != kDuckDbVersion) {
    return Status::Invalid("libduckdb is ", version, ", but Skyhook is built for ", kDuckDbVersion);
  }
  try {
    duckdb::DBConfig config;
    Configure(options, &config);
    auto database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
    RegisterScan(options, database.get());
    return database;
  } catch (const std::exception& error) {
    return ToStatus(duckdb::ErrorData(error));
  }
}

std::string DuckDbVersion() { return duckdb::DuckDB::LibraryVersion(); }

}  // namespace skyhook::sql
