// Queries a to k beside DuckDB's own Parquet reader.
#include <arrow/result.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "bench/answers.h"
#include "bench/suites.h"
#include "skyhook/base/status.h"
#include "skyhook/sql/database.h"

namespace skyhook::bench {
namespace {

struct PeerQuery {
  const char* name;
  const char* sql;  // {} stands for the table
  /// The column that is compared; null: all. Ties of a top-k leave the others open.
  const char* checked = nullptr;
};

constexpr std::array kQueries = {
    PeerQuery{"a: Q6",
              "SELECT sum(l_extendedprice * l_discount) FROM {} WHERE l_shipdate >= DATE "
              "'1994-01-01' AND l_shipdate < DATE '1995-01-01' AND l_discount BETWEEN 0.05 AND "
              "0.07 AND l_quantity < 24"},
    PeerQuery{"b: Q1",
              "SELECT l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice), "
              "sum(l_extendedprice * (1 - l_discount)), sum(l_extendedprice * (1 - l_discount) * "
              "(1 + l_tax)), avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*) "
              "FROM {} WHERE l_shipdate <= DATE '1998-09-02' GROUP BY 1, 2 ORDER BY 1, 2"},
    PeerQuery{"c: one order", "SELECT * FROM {} WHERE l_orderkey = 3000001"},
    PeerQuery{"d: 0.01 % of the rows", "SELECT * FROM {} WHERE l_partkey <= 20"},
    PeerQuery{"e: 1 % of the rows", "SELECT * FROM {} WHERE l_partkey <= 2000"},
    PeerQuery{"f: 10 % of the rows", "SELECT * FROM {} WHERE l_partkey <= 20000"},
    PeerQuery{"g: all rows", "SELECT * FROM {}"},
    PeerQuery{"h: LIKE", "SELECT count(*) FROM {} WHERE l_comment LIKE '%special%'"},
    PeerQuery{"i: top 10", "SELECT * FROM {} ORDER BY l_extendedprice DESC LIMIT 10",
              "l_extendedprice"},
    PeerQuery{"j: count distinct", "SELECT count(DISTINCT l_suppkey) FROM {}"},
    PeerQuery{"k: one ship mode", "SELECT count(*) FROM {} WHERE l_shipmode = 'AIR'"},
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

arrow::Status BenchQuery(sql::Connection* connection, const PeerQuery& query,
                         const std::string& file, int repeats) {
  const std::string ours = fmt::format(fmt::runtime(query.sql), fmt::format("'{}'", file));
  const std::string theirs =
      fmt::format(fmt::runtime(query.sql), fmt::format("read_parquet('{}')", file));
  {
    ARROW_ASSIGN_OR_RAISE(auto actual, Ask(connection, ours));
    ARROW_ASSIGN_OR_RAISE(auto expected, Ask(connection, theirs));
    if (query.checked != nullptr) {
      const int column = actual->schema()->GetFieldIndex(query.checked);
      ARROW_ASSIGN_OR_RAISE(actual, actual->SelectColumns({column}));
      ARROW_ASSIGN_OR_RAISE(expected, expected->SelectColumns({column}));
    }
    ARROW_RETURN_NOT_OK(CheckEqual(*actual, *expected));
  }
  std::vector<double> our_ms, their_ms, ratios;
  for (int i = 0; i < repeats; ++i) {
    ARROW_ASSIGN_OR_RAISE(const double a, Time(connection, ours));
    ARROW_ASSIGN_OR_RAISE(const double b, Time(connection, theirs));
    our_ms.push_back(a);
    their_ms.push_back(b);
    ratios.push_back(a / b);
  }
  fmt::print("{:<24}{:>12.1f}{:>12.1f}{:>9.2f}\n", query.name, Median(our_ms), Median(their_ms),
             Median(ratios));
  std::fflush(stdout);
  return arrow::Status::OK();
}

}  // namespace

arrow::Status BenchPeers(const BenchOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto connection, sql::OpenConnection({.threads = 1}));
  const std::string file = options.data + "/lineitem.parquet";
  fmt::print("lineitem, one thread, medians of {}, answers equal\n", options.repeats);
  fmt::print("{:<24}{:>12}{:>12}{:>9}\n", "query", "skyhook ms", "duckdb ms", "ratio");
  for (const PeerQuery& query : kQueries) {
    ARROW_RETURN_NOT_OK(
        base::AddContext(BenchQuery(connection.get(), query, file, options.repeats), query.name));
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::bench
