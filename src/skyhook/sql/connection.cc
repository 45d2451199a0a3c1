#include <utility>

#include "duckdb/parser/parser.hpp"
#include "skyhook/base/status.h"
#include "skyhook/sql/duckdb_connection.h"
#include "skyhook/sql/errors.h"
#include "skyhook/sql/query_state.h"
#include "skyhook/sql/query_stream.h"

namespace skyhook::sql {
namespace {

using arrow::Result;
using arrow::Status;
using Statement = duckdb::unique_ptr<duckdb::SQLStatement>;

class DuckDbConnection : public Connection {
 public:
  explicit DuckDbConnection(std::shared_ptr<DuckDbDatabase> database)
      : database_(std::move(database)), connection_(database_->ConnectToDuckDb()) {}

  Result<std::vector<std::string>> Split(const std::string& script) override {
    try {
      // Not the connection's way, which makes several statements without a text of one PIVOT.
      duckdb::Parser parser(connection().context->GetParserOptions());
      parser.ParseQuery(script);
      std::vector<std::string> texts;
      for (const auto& statement : parser.statements) {
        texts.push_back(statement->query.substr(statement->stmt_location, statement->stmt_length));
      }
      return texts;
    } catch (const std::exception& error) {
      return ParseError(script, error);
    }
  }

  Result<std::unique_ptr<QueryStream>> Query(const std::string& script,
                                             const QueryOptions& options) override {
    ARROW_ASSIGN_OR_RAISE(auto statements, Parse(script));
    if (statements.empty()) return base::Invalid("there is no statement to run");
    ARROW_RETURN_NOT_OK(RunAllButLast(&statements, options));
    return Start(std::move(statements.back()), options);
  }

  Result<PlannedStatement> Explain(const std::string& text, const arrow::StopToken& stop) override {
    ARROW_ASSIGN_OR_RAISE(const auto texts, Split(text));
    if (texts.size() != 1) {
      return base::Invalid("explain takes one statement, not {}", texts.size());
    }
    ARROW_ASSIGN_OR_RAISE(auto statements, Parse(text));
    ARROW_RETURN_NOT_OK(RunAllButLast(&statements, QueryOptions()));
    auto query = BeginQuery();
    query->StopWaitsBy(stop);
    try {
      auto prepared = connection().Prepare(std::move(statements.back()));
      if (prepared->HasError()) return ErrorOf(*query, prepared->error);
      const auto returns = prepared->GetStatementProperties().return_type;
      return PlannedStatement{query->plan(), returns == duckdb::StatementReturnType::QUERY_RESULT};
    } catch (const std::exception& error) {
      return ErrorOf(*query, duckdb::ErrorData(error));
    }
  }

  Result<std::vector<std::string>> TableNames() override {
    return Texts("SELECT table_name FROM information_schema.tables ORDER BY 1");
  }

  Result<std::vector<std::string>> ColumnNames(const std::string& table) override {
    QueryOptions options;
    options.timeout = std::chrono::seconds(1);
    return Texts("SELECT column_name FROM (DESCRIBE FROM " + table + ")", options);
  }

  Result<std::vector<std::string>> Keywords() override {
    return Texts("SELECT DISTINCT keyword_name FROM duckdb_keywords() ORDER BY 1");
  }

 private:
  duckdb::Connection& connection() { return connection_->duckdb(); }

  // The first column of a query's rows, which is text.
  Result<std::vector<std::string>> Texts(const std::string& sql, const QueryOptions& options = {}) {
    ARROW_ASSIGN_OR_RAISE(auto stream, Query(sql, options));
    std::vector<std::string> texts;
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      ARROW_RETURN_NOT_OK(stream->ReadNext(&batch));
      if (batch == nullptr) return texts;
      const auto& column = static_cast<const arrow::StringArray&>(*batch->column(0));
      for (int64_t i = 0; i < column.length(); ++i) texts.push_back(column.GetString(i));
    }
  }

  static Status ParseError(const std::string& script, const std::exception& error) {
    duckdb::ErrorData data(error);
    data.AddErrorLocation(script);
    return ToStatus(data);
  }

  Result<std::vector<Statement>> Parse(const std::string& script) {
    try {
      auto parsed = connection().ExtractStatements(script);
      std::vector<Statement> statements;
      for (auto& statement : parsed) statements.push_back(std::move(statement));
      return statements;
    } catch (const std::exception& error) {
      return ParseError(script, error);
    }
  }

  // A PIVOT is several statements, too: the values of its columns are collected first.
  Status RunAllButLast(std::vector<Statement>* statements, const QueryOptions& options) {
    for (size_t i = 0; i + 1 < statements->size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto stream, Start(std::move((*statements)[i]), options));
      std::shared_ptr<arrow::RecordBatch> batch;
      do {
        ARROW_RETURN_NOT_OK(stream->ReadNext(&batch));
      } while (batch != nullptr);
    }
    return Status::OK();
  }

  std::shared_ptr<QueryState> BeginQuery(std::shared_ptr<Progress> progress = nullptr) {
    auto query = std::make_shared<QueryState>(
        database_->MemoryOfScans(), database_->options().temporary_directory, std::move(progress));
    ConnectionState::Get(*connection().context).set_query(query);
    return query;
  }

  Result<std::unique_ptr<QueryStream>> Start(Statement statement, const QueryOptions& options) {
    const bool changes = ChangesRows(statement->type);
    auto stream = StartQuery(connection_, BeginQuery(options.progress), std::move(statement),
                             options, database_->options().memory_bytes);
    if (stream.ok() || !changes || !stream.status().IsInvalid()) return stream;
    return stream.status().WithMessage(
        stream.status().message(),
        "\nSQL reads Skyhook's tables; 'skyhook put' with --append or --replace changes them");
  }

  static bool ChangesRows(duckdb::StatementType type) {
    using duckdb::StatementType;
    return type == StatementType::INSERT_STATEMENT || type == StatementType::UPDATE_STATEMENT ||
           type == StatementType::DELETE_STATEMENT || type == StatementType::MERGE_INTO_STATEMENT;
  }

  const std::shared_ptr<DuckDbDatabase> database_;
  const std::shared_ptr<OpenedConnection> connection_;
};

}  // namespace

std::unique_ptr<Connection> MakeConnection(std::shared_ptr<DuckDbDatabase> database) {
  return std::make_unique<DuckDbConnection>(std::move(database));
}

}  // namespace skyhook::sql
