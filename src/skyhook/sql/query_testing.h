// What the SQL tests share: connections, rows as text, and DuckDB's native tables as the oracle.
#pragma once

#include <arrow/compute/initialize.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "skyhook/sql/database.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::sql {

using skyhook::testing::Require;

inline constexpr const char* kTpchTables[] = {"customer", "lineitem", "nation", "orders",
                                              "part",     "partsupp", "region", "supplier"};

/// The TPC-H data of the tests: SKYHOOK_TPCH, or build/data/sf0.1.
inline std::string TpchDirectory() {
  const char* directory = std::getenv("SKYHOOK_TPCH");
  const std::string path =
      directory != nullptr ? directory : SKYHOOK_SOURCE_DIR "/build/data/sf0.1";
  if (!std::filesystem::exists(path + "/lineitem.parquet")) {
    throw std::runtime_error("no TPC-H data in '" + path +
                             "': run 'make test', or set SKYHOOK_TPCH to its directory");
  }
  return path;
}

inline std::string TpchQuery(int number) {
  const std::string path = fmt::format("{}/tests/tpch/q{:02}.sql", SKYHOOK_SOURCE_DIR, number);
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (text.str().empty()) throw std::runtime_error("no query in " + path);
  return text.str();
}

inline std::unique_ptr<Connection> TestConnection(
    DatabaseOptions options = {}, std::shared_ptr<client::Session> session = nullptr) {
  Require(arrow::compute::Initialize());
  if (options.threads == 0) options.threads = 2;
  if (options.memory_bytes == 0) options.memory_bytes = int64_t{2} << 30;
  return Require(OpenConnection(options, std::move(session)));
}

/// A connection whose tables are DuckDB's own, with the same rows as the Parquet files.
inline std::unique_ptr<Connection> OpenTpchOracle() {
  auto connection = TestConnection();
  for (const char* table : kTpchTables) {
    auto stream = Require(connection->Query(
        fmt::format("CREATE TABLE {} AS SELECT * FROM read_parquet('{}/{}.parquet')", table,
                    TpchDirectory(), table)));
    Require(stream->ToTable());
  }
  return connection;
}

/// A result, read to its end.
struct Answer {
  std::shared_ptr<arrow::Table> table;
  PlanNode plan;

  std::vector<std::shared_ptr<ScanAccount>> accounts() const { return AccountsOf(plan); }
};

inline Answer Ask(Connection& connection, const std::string& sql) {
  auto stream = Require(connection.Query(sql));
  Answer answer;
  answer.table = Require(stream->ToTable());
  answer.plan = stream->plan();
  return answer;
}

/// The rows as text, "1, a, NULL"; doubles with 17 digits.
inline std::vector<std::string> Rows(const arrow::Table& table) {
  const auto combined = Require(table.CombineChunksToBatch());
  std::vector<std::string> rows(static_cast<size_t>(combined->num_rows()));
  for (int i = 0; i < combined->num_columns(); ++i) {
    for (int64_t row = 0; row < combined->num_rows(); ++row) {
      const auto value = Require(combined->column(i)->GetScalar(row));
      std::string& text = rows[static_cast<size_t>(row)];
      text += (i > 0 ? ", " : "") + (value->is_valid ? value->ToString() : std::string("NULL"));
    }
  }
  return rows;
}

inline std::vector<std::string> RowsOfQuery(Connection& connection, const std::string& sql) {
  return Rows(*Ask(connection, sql).table);
}

/// Equal rows in equal order: doubles to 1e-9 of their size, all else exactly.
inline void ExpectSameRows(const arrow::Table& actual, const arrow::Table& expected) {
  ASSERT_EQ(actual.schema()->ToString(), expected.schema()->ToString());
  ASSERT_EQ(actual.num_rows(), expected.num_rows());
  const auto a = Require(actual.CombineChunksToBatch());
  const auto b = Require(expected.CombineChunksToBatch());
  for (int column = 0; column < a->num_columns(); ++column) {
    for (int64_t row = 0; row < a->num_rows(); ++row) {
      const auto x = Require(a->column(column)->GetScalar(row));
      const auto y = Require(b->column(column)->GetScalar(row));
      const auto where = fmt::format("row {}, {}", row, a->schema()->field(column)->name());
      if (x->type->id() != arrow::Type::DOUBLE || !x->is_valid || !y->is_valid) {
        ASSERT_EQ(x->ToString(), y->ToString()) << where;
        continue;
      }
      const double p = static_cast<const arrow::DoubleScalar&>(*x).value;
      const double q = static_cast<const arrow::DoubleScalar&>(*y).value;
      if (p == q || (std::isnan(p) && std::isnan(q))) continue;
      // What is left of numbers that cancel each other is rounding: 1e-9 of 1.
      ASSERT_NEAR(p, q, std::max(std::abs(q), 1.0) * 1e-9) << where;
    }
  }
}

}  // namespace skyhook::sql
