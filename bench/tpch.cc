// The 22 TPC-H queries against DuckDB's native tables of the same data.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "bench/answers.h"
#include "bench/suites.h"
#include "skyhook/base/status.h"

namespace skyhook::bench {
namespace {

constexpr std::array kTables = {"customer", "lineitem", "nation", "orders",
                                "part",     "partsupp", "region", "supplier"};

arrow::Result<std::string> QueryText(int number) {
  const std::string path = fmt::format("{}/tests/tpch/q{:02}.sql", SKYHOOK_SOURCE_DIR, number);
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().empty()) return base::Invalid("{}: no query there", path);
  return text.str();
}

arrow::Result<std::unique_ptr<sql::Connection>> Oracle(const std::string& data) {
  ARROW_ASSIGN_OR_RAISE(auto connection, sql::OpenConnection({}));
  for (const char* table : kTables) {
    ARROW_RETURN_NOT_OK(Ask(connection.get(), fmt::format("CREATE TABLE {0} AS SELECT * FROM "
                                                          "read_parquet('{1}/{0}.parquet')",
                                                          table, data))
                            .status());
  }
  return connection;
}

}  // namespace

arrow::Status BenchTpch(const BenchOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto oracle, Oracle(options.data));
  fmt::print("TPC-H, answers equal to DuckDB's native tables; milliseconds of one run\n");
  fmt::print("{:<8}{:>12}{:>12}{:>12}{:>12}\n", "query", "pushed x1", "not x1", "pushed x2",
             "not x2");
  std::array<std::unique_ptr<sql::Connection>, 2> connections;
  for (int threads : {1, 2}) {
    sql::DatabaseOptions database;
    database.threads = threads;
    database.data_directories = {options.data};
    ARROW_ASSIGN_OR_RAISE(connections[static_cast<size_t>(threads) - 1],
                          sql::OpenConnection(database));
  }
  for (int number = 1; number <= 22; ++number) {
    ARROW_ASSIGN_OR_RAISE(const std::string query, QueryText(number));
    ARROW_ASSIGN_OR_RAISE(const auto expected, Ask(oracle.get(), query));
    fmt::print("Q{:<7}", number);
    for (const auto& connection : connections) {
      for (const char* pushdown : {"true", "false"}) {
        ARROW_RETURN_NOT_OK(
            Ask(connection.get(), fmt::format("SET skyhook_pushdown = {}", pushdown)).status());
        ARROW_ASSIGN_OR_RAISE(const auto actual, Ask(connection.get(), query));
        ARROW_RETURN_NOT_OK(base::AddContext(CheckEqual(*actual, *expected),
                                             fmt::format("Q{}, pushdown {}", number, pushdown)));
        ARROW_ASSIGN_OR_RAISE(const double ms, Time(connection.get(), query));
        fmt::print("{:>12.1f}", ms);
      }
    }
    fmt::print("\n");
    std::fflush(stdout);
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::bench
