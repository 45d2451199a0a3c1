// From the request to stop until the query has ended.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "bench/suites.h"
#include "skyhook/base/status.h"
#include "skyhook/sql/database.h"

namespace skyhook::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

// Reads until the query fails; an error when it comes to its end instead.
arrow::Status ReadUntilStopped(sql::Connection* connection, const std::string& query,
                               const sql::QueryOptions& options) {
  auto stream = connection->Query(query, options);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (stream.ok()) {
    const arrow::Status status = (*stream)->ReadNext(&batch);
    if (!status.ok()) return arrow::Status::OK();
    if (batch == nullptr) return base::Invalid("{}: ended before it was stopped", query);
  }
  return arrow::Status::OK();
}

arrow::Result<double> CancelAfter(sql::Connection* connection, const std::string& query,
                                  std::chrono::milliseconds delay) {
  arrow::StopSource source;
  Clock::time_point requested;
  std::thread canceller([&] {
    std::this_thread::sleep_for(delay);
    requested = Clock::now();
    source.RequestStop();
  });
  sql::QueryOptions options;
  options.stop = source.token();
  const arrow::Status status = ReadUntilStopped(connection, query, options);
  const auto ended = Clock::now();
  canceller.join();
  ARROW_RETURN_NOT_OK(status);
  return Milliseconds(ended - requested).count();
}

arrow::Result<double> TimeOutAfter(sql::Connection* connection, const std::string& query,
                                   std::chrono::milliseconds delay) {
  sql::QueryOptions options;
  options.timeout = delay;
  const auto begin = Clock::now();
  ARROW_RETURN_NOT_OK(ReadUntilStopped(connection, query, options));
  return Milliseconds(Clock::now() - begin - delay).count();
}

}  // namespace

arrow::Status BenchCancel(const BenchOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto connection, sql::OpenConnection({.threads = 2}));
  const std::string table = fmt::format("'{}/lineitem.parquet'", options.data);
  const std::vector<std::string> queries = {
      fmt::format("SELECT * FROM {}", table),
      fmt::format("SELECT l_orderkey, l_comment, count(*), sum(l_tax) FROM {} GROUP BY ALL", table),
      fmt::format("SELECT * FROM {} ORDER BY l_comment, l_orderkey", table),
      fmt::format("SELECT a.l_orderkey, b.l_partkey FROM {0} a JOIN {0} b USING (l_suppkey)",
                  table)};
  fmt::print("milliseconds a query goes on after it was stopped, at the worst of {} moments\n",
             options.repeats);
  fmt::print("{:<60}{:>10}{:>10}\n", "query", "cancelled", "timed out");
  for (const std::string& query : queries) {
    double cancelled = 0, timed_out = 0;
    for (int i = 1; i <= options.repeats; ++i) {
      const std::chrono::milliseconds delay(37 * i);
      ARROW_ASSIGN_OR_RAISE(const double a, CancelAfter(connection.get(), query, delay));
      ARROW_ASSIGN_OR_RAISE(const double b, TimeOutAfter(connection.get(), query, delay));
      cancelled = std::max(cancelled, a);
      timed_out = std::max(timed_out, b);
    }
    const size_t from = query.find(table);
    fmt::print("{:<60}{:>10.1f}{:>10.1f}\n", query.substr(0, from) + "lineitem ..", cancelled,
               timed_out);
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::bench
