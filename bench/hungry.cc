// Forty queries that need more memory than they are given, as whole processes: the limit holds, or
// the process ends with code 4 and says what needed the memory.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/answers.h"
#include "bench/child.h"
#include "bench/suites.h"
#include "skyhook/base/status.h"
#include "skyhook/sql/database.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::bench {
namespace {

/// A file that the queries read, made by DuckDB and written by Arrow.
struct Source {
  const char* file;
  const char* sql;
  int64_t row_group_rows = 128 * 1024;
  bool dictionary = true;
  int64_t page_rows = 20'000;
};

constexpr std::array kSources = {
    // A gigabyte of text in rows of a megabyte; compressed next to nothing.
    Source{"wide.parquet",
           "SELECT i, repeat(chr(97 + i::INT % 26), 1000000) AS s FROM range(1000) t(i)", 1024,
           false, 16},
    Source{"same.parquet", "SELECT i, repeat('x', 1000000) AS s FROM range(2000) t(i)"},
    // Rows of a few bytes, and then some of half a megabyte.
    Source{"skewed.parquet",
           "SELECT i, CASE WHEN i > 299000 THEN repeat('y', 500000) ELSE 'y' END AS s "
           "FROM range(300000) t(i)",
           300'000, false, 16},
    Source{"keys.parquet",
           "SELECT i * 7919 % 4000037 AS k, 'key of many characters ' || (i * 7919 % 4000037) AS "
           "t, i % 100 AS g, i::DOUBLE AS x FROM range(4000000) t(i)"},
    Source{"lists.parquet",
           "SELECT i, range(i % 1000) AS l, {'a': i, 'b': repeat('z', 200)} AS st FROM "
           "range(60000) t(i)"},
    Source{"wide.arrow",
           "SELECT i, repeat(chr(97 + i::INT % 26), 100000) AS s FROM range(3000) t(i)"},
};

/// `{}` stands for the directory of the files.
struct Query {
  const char* memory;
  int threads;
  const char* sql;
};

constexpr std::array kQueries = {
    // Wide rows.
    Query{"100MB", 1, "SELECT i, s FROM '{}/wide.parquet'"},
    Query{"100MB", 1, "SELECT i, s FROM '{}/same.parquet'"},
    Query{"100MB", 1, "SELECT i, s FROM '{}/skewed.parquet'"},
    Query{"100MB", 2, "SELECT * FROM '{}/wide.arrow'"},
    Query{"100MB", 2, "SELECT s FROM '{}/wide.parquet' WHERE i % 2 = 0"},
    Query{"100MB", 2, "SELECT i, length(s) FROM '{}/wide.parquet'"},
    Query{"100MB", 2, "SELECT count(*) FROM '{}/skewed.parquet' WHERE s LIKE '%z%'"},
    Query{"100MB", 1, "SELECT max(s), min(s) FROM '{}/wide.parquet'"},
    Query{"100MB", 1, "SELECT upper(s) FROM '{}/wide.parquet'"},
    Query{"100MB", 1, "SELECT s || s FROM '{}/wide.parquet'"},
    Query{"100MB", 1, "SELECT replace(s, 'a', 'bbbb') FROM '{}/wide.parquet'"},
    Query{"200MB", 1, "SELECT * FROM '{}/wide.parquet' ORDER BY i DESC"},
    Query{"100MB", 1, "SELECT * FROM '{}/wide.parquet' LIMIT 900"},
    Query{"100MB", 2, "SELECT * FROM '{}/same.parquet' LIMIT 1500"},
    Query{"100MB", 2, "SELECT * FROM '{}/skewed.parquet' LIMIT 299990"},
    // Top-k.
    Query{"100MB", 1, "SELECT * FROM '{}/wide.parquet' ORDER BY i DESC LIMIT 500"},
    Query{"100MB", 2, "SELECT * FROM '{}/skewed.parquet' ORDER BY s DESC LIMIT 600"},
    Query{"100MB", 1, "SELECT * FROM '{}/keys.parquet' ORDER BY k LIMIT 2000000"},
    Query{"100MB", 2, "SELECT * FROM '{}/keys.parquet' ORDER BY t DESC LIMIT 1000000"},
    Query{"100MB", 2, "SELECT k FROM '{}/keys.parquet' ORDER BY x DESC LIMIT 3000000"},
    Query{"100MB", 1, "SELECT * FROM '{}/keys.parquet' ORDER BY t LIMIT 10 OFFSET 3000000"},
    Query{"100MB", 2, "SELECT t FROM '{}/keys.parquet' ORDER BY k LIMIT 100000"},
    Query{"100MB", 1, "SELECT * FROM '{}/wide.arrow' ORDER BY i DESC LIMIT 1000"},
    // Aggregates.
    Query{"100MB", 1, "SELECT count(DISTINCT k) FROM '{}/keys.parquet'"},
    Query{"100MB", 2, "SELECT count(DISTINCT t) FROM '{}/keys.parquet'"},
    Query{"100MB", 2, "SELECT g, count(DISTINCT t) FROM '{}/keys.parquet' GROUP BY g"},
    Query{"100MB", 1, "SELECT k % 2, count(DISTINCT t) FROM '{}/keys.parquet' GROUP BY 1"},
    Query{"100MB", 2, "SELECT k, count(*), sum(x) FROM '{}/keys.parquet' GROUP BY k"},
    Query{"100MB", 1, "SELECT t, count(*), max(t) FROM '{}/keys.parquet' GROUP BY t"},
    Query{"100MB", 2,
          "SELECT t, k, avg(x), count(DISTINCT g) FROM '{}/keys.parquet' GROUP BY t, k"},
    Query{"100MB", 1, "SELECT s, count(*) FROM '{}/wide.parquet' GROUP BY s"},
    Query{"100MB", 2, "SELECT i, max(s) FROM '{}/skewed.parquet' GROUP BY i"},
    Query{"100MB", 1,
          "SELECT k, approx_count_distinct(t), approx_quantile(x, 0.5) FROM "
          "'{}/keys.parquet' GROUP BY k"},
    Query{"100MB", 1, "SELECT DISTINCT t FROM '{}/keys.parquet'"},
    // Nested columns.
    Query{"100MB", 1, "SELECT * FROM '{}/lists.parquet'"},
    Query{"100MB", 2, "SELECT l FROM '{}/lists.parquet' WHERE i > 59000"},
    Query{"100MB", 2, "SELECT st FROM '{}/lists.parquet' ORDER BY i DESC LIMIT 50000"},
    // Operators of DuckDB's above a scan.
    Query{"100MB", 2,
          "SELECT count(*) FROM '{0}/keys.parquet' a JOIN '{0}/keys.parquet' b USING (t)"},
    Query{"100MB", 2, "SELECT t, row_number() OVER (ORDER BY x) FROM '{}/keys.parquet'"},
    Query{"100MB", 1, "SELECT string_agg(t, ',') FROM '{}/keys.parquet'"},
};
static_assert(kQueries.size() == 40);

arrow::Status Write(sql::Connection* connection, const Source& source, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const auto table, Ask(connection, source.sql));
  if (path.ends_with(".arrow")) {
    testing::WriteIpc(path, *table, source.row_group_rows);
    return arrow::Status::OK();
  }
  testing::ParquetLayout layout;
  layout.row_group_rows = source.row_group_rows;
  layout.dictionary = source.dictionary;
  layout.page_rows = source.page_rows;
  testing::WriteParquet(path, *table, layout);
  return arrow::Status::OK();
}

int64_t BytesOf(const std::string& memory) { return std::stoll(memory) * 1'000'000; }

/// What is wrong with a run; empty: nothing.
std::string Fault(const ChildRun& run, int64_t allowed) {
  if (run.exit_code == 0) return run.peak_bytes <= allowed ? "" : "over the limit";
  if (run.exit_code != 4) return fmt::format("code {}: {}", run.exit_code, run.errors);
  if (run.errors.find("--memory") == std::string::npos) return "no --memory: " + run.errors;
  return run.peak_bytes <= allowed ? "" : "code 4, over the limit";
}

}  // namespace

arrow::Status BenchHungry(const BenchOptions& options) {
  const testing::TemporaryDirectory directory;
  {
    ARROW_ASSIGN_OR_RAISE(auto connection, sql::OpenConnection({}));
    for (const Source& source : kSources) {
      ARROW_RETURN_NOT_OK(Write(connection.get(), source, directory.File(source.file)));
    }
  }
  const auto run = [&](const Query& query) {
    return RunChild({options.program, "sql", "--memory", query.memory, "--threads",
                     std::to_string(query.threads), "--format", "csv", "-c",
                     fmt::format(fmt::runtime(query.sql), directory.path())});
  };
  constexpr double kMegabyte = 1e6;
  int faults = 0;
  fmt::print("{:<84}{:>8}{:>8}{:>9}{:>6}\n", "query", "limit", "peak", "allowed", "code");
  for (const Query& query : kQueries) {
    ARROW_ASSIGN_OR_RAISE(const ChildRun least, run({query.memory, query.threads, "SELECT 1"}));
    ARROW_ASSIGN_OR_RAISE(const ChildRun measured, run(query));
    const int64_t allowed = least.peak_bytes + BytesOf(query.memory);
    const std::string fault = Fault(measured, allowed);
    faults += fault.empty() ? 0 : 1;
    fmt::print("{:<84}{:>8}{:>8.0f}{:>9.0f}{:>6}  {}\n", query.sql, query.memory,
               static_cast<double>(measured.peak_bytes) / kMegabyte,
               static_cast<double>(allowed) / kMegabyte, measured.exit_code, fault);
    if (measured.exit_code == 4) fmt::print("    {}\n", measured.errors);
    std::fflush(stdout);
  }
  if (faults == 0) return arrow::Status::OK();
  return base::LimitExceeded("{} of {} queries do not keep to their memory", faults,
                             kQueries.size());
}

}  // namespace skyhook::bench
