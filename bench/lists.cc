// IN lists beside DuckDB's own Parquet reader: lists of 100 to 20,000 values over a million rows in
// one, a hundred and three thousand row groups.
#include <arrow/result.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "bench/answers.h"
#include "bench/suites.h"
#include "skyhook/base/status.h"
#include "skyhook/sql/database.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::bench {
namespace {

constexpr int64_t kRows = 1'000'000;
constexpr std::array kRowGroups = {1, 100, 3000};
constexpr std::array kListSizes = {100, 1000, 20'000};

/// A column, and the values that its list holds: those that `pick` gives for 0, 1, 2 ...
struct Column {
  const char* name;
  const char* made;    ///< of the row's number i
  const char* format;  ///< of a value in a list
  int64_t distinct;
};

constexpr std::array kColumns = {
    Column{"number", "i * 7919 % 1000003", "{}", 1'000'003},
    Column{"text", "'customer#' || (i * 7919 % 1000003)", "'customer#{}'", 1'000'003},
    Column{"encoded", "'kind ' || (i * 7919 % 5003)", "'kind {}'", 5003},
    Column{"sorted", "i", "{}", kRows},
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Values spread over those of the column, and as many again that it lacks.
std::string ListOf(const Column& column, int64_t size) {
  std::string list;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t value = i * 104'729 % (2 * column.distinct);
    list += (i == 0 ? "" : ", ") + fmt::format(fmt::runtime(column.format), value);
  }
  return list;
}

arrow::Status Write(sql::Connection* connection, const std::string& path, int64_t row_groups) {
  std::string columns;
  for (const Column& column : kColumns) {
    columns += fmt::format("{}{} AS {}", columns.empty() ? "" : ", ", column.made, column.name);
  }
  ARROW_ASSIGN_OR_RAISE(
      const auto table,
      Ask(connection, fmt::format("SELECT {} FROM range({}) t(i)", columns, kRows)));
  testing::ParquetLayout layout;
  layout.row_group_rows = (kRows + row_groups - 1) / row_groups;
  testing::WriteParquet(path, *table, layout);
  return arrow::Status::OK();
}

struct Peers {
  std::unique_ptr<sql::Connection> ours;
  std::unique_ptr<sql::Connection> theirs;  ///< with all of DuckDB's own optimizers
};

arrow::Result<Peers> MakePeers() {
  sql::DatabaseOptions options;
  options.threads = 1;
  Peers peers;
  ARROW_ASSIGN_OR_RAISE(peers.ours, sql::OpenConnection(options));
  ARROW_ASSIGN_OR_RAISE(peers.theirs, sql::OpenConnection(options));
  ARROW_RETURN_NOT_OK(Ask(peers.theirs.get(), "SET disabled_optimizers = ''").status());
  return peers;
}

arrow::Result<double> Ratio(const Peers& peers, const Column& column, int64_t size,
                            int64_t row_groups, const std::string& path, int repeats) {
  const auto query = [&](const std::string& table) {
    return fmt::format("SELECT count(*), sum(number) FROM {} WHERE {} IN ({})", table, column.name,
                       ListOf(column, size));
  };
  const std::string ours = query(fmt::format("'{}'", path));
  const std::string theirs = query(fmt::format("read_parquet('{}')", path));
  ARROW_ASSIGN_OR_RAISE(const auto actual, Ask(peers.ours.get(), ours));
  ARROW_ASSIGN_OR_RAISE(const auto expected, Ask(peers.theirs.get(), theirs));
  ARROW_RETURN_NOT_OK(CheckEqual(*actual, *expected));
  std::vector<double> our_ms, their_ms;
  for (int i = 0; i < repeats; ++i) {
    ARROW_ASSIGN_OR_RAISE(our_ms.emplace_back(), Time(peers.ours.get(), ours));
    ARROW_ASSIGN_OR_RAISE(their_ms.emplace_back(), Time(peers.theirs.get(), theirs));
  }
  const double ratio = Median(our_ms) / Median(their_ms);
  fmt::print("{:<10}{:>8}{:>12}{:>12.1f}{:>12.1f}{:>9.2f}\n", column.name, size, row_groups,
             Median(our_ms), Median(their_ms), ratio);
  std::fflush(stdout);
  return ratio;
}

}  // namespace

arrow::Status BenchLists(const BenchOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Peers peers, MakePeers());
  const testing::TemporaryDirectory directory;
  constexpr double kMostRatio = 2;
  double worst = 0;
  fmt::print("IN lists over {} rows, one thread, medians of {}, answers equal\n", kRows,
             options.repeats);
  fmt::print("{:<10}{:>8}{:>12}{:>12}{:>12}{:>9}\n", "column", "values", "row groups", "skyhook ms",
             "duckdb ms", "ratio");
  for (const int64_t row_groups : kRowGroups) {
    const std::string path = directory.File(fmt::format("lists{}.parquet", row_groups));
    ARROW_RETURN_NOT_OK(Write(peers.ours.get(), path, row_groups));
    for (const Column& column : kColumns) {
      for (const int64_t size : kListSizes) {
        ARROW_ASSIGN_OR_RAISE(const double ratio,
                              Ratio(peers, column, size, row_groups, path, options.repeats));
        worst = std::max(worst, ratio);
      }
    }
  }
  fmt::print("the largest ratio is {:.2f}, of {:.0f} at most\n", worst, kMostRatio);
  if (worst <= kMostRatio) return arrow::Status::OK();
  return base::LimitExceeded("an IN list takes {:.2f} times DuckDB's time", worst);
}

}  // namespace skyhook::bench
