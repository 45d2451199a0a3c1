#include "skyhook/sql/duckdb_database.h"

#include <unistd.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "duckdb/catalog/catalog.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/parser/keyword_helper.hpp"
#include "duckdb/parser/parsed_data/create_table_function_info.hpp"
#include "skyhook/client/table.h"
#include "skyhook/sql/duckdb_connection.h"
#include "skyhook/sql/errors.h"
#include "skyhook/sql/pushdown.h"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/scan_function.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using arrow::Status;

DatabaseOptions WithDefaults(DatabaseOptions options) {
  if (options.threads <= 0) {
    options.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  if (options.memory_bytes <= 0) {
    const int64_t pages = sysconf(_SC_PHYS_PAGES);
    options.memory_bytes = pages / 4 * 3 * sysconf(_SC_PAGE_SIZE);
  }
  return options;
}

void Configure(const DatabaseOptions& options, const std::string& spill_folder,
               duckdb::DBConfig* config) {
  config->SetOptionByName("threads", duckdb::Value::BIGINT(options.threads));
  config->SetOptionByName("memory_limit",
                          duckdb::Value(std::to_string(options.memory_bytes / 2) + "B"));
  config->SetOptionByName("temp_directory", duckdb::Value(spill_folder));
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

void RegisterScan(const DatabaseOptions& options, duckdb::DuckDB* database) {
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
  auto& instance = *database->instance;
  duckdb::CreateTableFunctionInfo info(MakeScanFunction());
  duckdb::Catalog::GetSystemCatalog(instance).CreateFunction(
      duckdb::CatalogTransaction::GetSystemTransaction(instance), info);
}

Result<std::unique_ptr<duckdb::DuckDB>> OpenDuckDb(const DatabaseOptions& options,
                                                   const std::string& spill_folder) {
  const std::string version = DuckDbVersion();
  if (version != kDuckDbVersion) {
    return Status::Invalid("libduckdb is ", version, ", but Skyhook is built for ", kDuckDbVersion);
  }
  try {
    duckdb::DBConfig config;
    Configure(options, spill_folder, &config);
    auto database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
    RegisterScan(options, database.get());
    return database;
  } catch (const std::exception& error) {
    return ToStatus(duckdb::ErrorData(error));
  }
}

Status Execute(Connection* connection, const std::string& sql) {
  ARROW_ASSIGN_OR_RAISE(auto stream, connection->Query(sql));
  std::shared_ptr<arrow::RecordBatch> batch;
  return stream->ReadNext(&batch);
}

// A table that cannot be opened is an error for who names it, and for nobody else.
Status AddView(Connection* connection, DatabaseState* state, const std::string& name,
               const std::string& table) {
  const std::string quoted = duckdb::KeywordHelper::WriteQuoted(name, '"');
  const Status added =
      Execute(connection, "CREATE OR REPLACE VIEW " + quoted + " AS SELECT * FROM skyhook_scan(" +
                              duckdb::KeywordHelper::WriteQuoted(table, '\'') + ")");
  if (added.ok() || added.IsCancelled() || added.IsOutOfMemory()) return added;
  state->set_unreadable(name, table);
  return Execute(connection, "DROP VIEW IF EXISTS " + quoted);
}

Status AddViews(DuckDbDatabase* database) {
  ARROW_ASSIGN_OR_RAISE(const auto connection, database->Connect());
  for (const std::string& store : database->options().data_directories) {
    ARROW_ASSIGN_OR_RAISE(const auto tables, client::TablesOfStore(&database->session(), store,
                                                                   database->options().stop));
    for (const auto& [name, table] : tables) {
      ARROW_RETURN_NOT_OK(AddView(connection.get(), &database->state(), name, table));
    }
  }
  return Status::OK();
}

}  // namespace

Result<std::shared_ptr<DuckDbDatabase>> DuckDbDatabase::Open(
    const DatabaseOptions& given, std::shared_ptr<client::Session> session) {
  const DatabaseOptions options = WithDefaults(given);
  ARROW_RETURN_NOT_OK(placement::ParseMode(options.placement).status());
  if (session == nullptr) {
    session = std::make_shared<client::Session>(
        client::SessionOptions{.cache_bytes = client::CacheBytesOf(options.memory_bytes)});
  }
  auto spills = std::make_unique<SpillFolder>(options.temporary_directory);
  ARROW_ASSIGN_OR_RAISE(auto duckdb, OpenDuckDb(options, spills->path()));
  return std::make_shared<DuckDbDatabase>(options, std::move(session), std::move(spills),
                                          std::move(duckdb));
}

DuckDbDatabase::DuckDbDatabase(DatabaseOptions options, std::shared_ptr<client::Session> session,
                               std::unique_ptr<SpillFolder> spills,
                               std::unique_ptr<duckdb::DuckDB> duckdb)
    : options_(std::move(options)),
      state_(std::make_shared<DatabaseState>(std::move(session))),
      spills_(std::move(spills)),
      duckdb_(std::move(duckdb)) {}

Result<std::unique_ptr<Connection>> DuckDbDatabase::Connect() {
  try {
    return MakeConnection(shared_from_this());
  } catch (const std::exception& error) {
    return ToStatus(duckdb::ErrorData(error));
  }
}

std::shared_ptr<OpenedConnection> DuckDbDatabase::ConnectToDuckDb() {
  return std::make_shared<OpenedConnection>(shared_from_this());
}

int64_t DuckDbDatabase::MemoryOfScans() const {
  const int64_t half = options_.memory_bytes / 2;
  const int64_t besides_caches = std::max(half - session().budget()->most(), half / 2);
  return besides_caches / std::max<int64_t>(connections_, 1);
}

OpenedConnection::OpenedConnection(std::shared_ptr<DuckDbDatabase> database)
    : database_(std::move(database)),
      connection_(std::make_unique<duckdb::Connection>(*database_->duckdb_)) {
  connection_->context->registered_state->Insert(
      ConnectionState::kKey, duckdb::make_shared_ptr<ConnectionState>(database_->state_));
  ++database_->connections_;
}

OpenedConnection::~OpenedConnection() { --database_->connections_; }

Result<std::shared_ptr<Database>> Database::Make(const DatabaseOptions& options,
                                                 std::shared_ptr<client::Session> session) {
  ARROW_ASSIGN_OR_RAISE(auto database, DuckDbDatabase::Open(options, std::move(session)));
  ARROW_RETURN_NOT_OK(AddViews(database.get()));
  return database;
}

Result<std::unique_ptr<Connection>> OpenConnection(const DatabaseOptions& options,
                                                   std::shared_ptr<client::Session> session) {
  ARROW_ASSIGN_OR_RAISE(const auto database, Database::Make(options, std::move(session)));
  return database->Connect();
}

std::string DuckDbVersion() { return duckdb::DuckDB::LibraryVersion(); }

}  // namespace skyhook::sql
