// Queries through the front door, as their Python peers run them (bench/ceph/peer.py).
#include <arrow/compute/api.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <iostream>

#include "bench/ceph/suites.h"
#include "skyhook/sql/database.h"

namespace skyhook::bench::ceph {

using arrow::Datum;
using arrow::Result;
using arrow::Status;

namespace {

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The sum of a column: of its numbers, of the lengths of its texts; 0 for other types.
Result<double> SumOf(const std::shared_ptr<arrow::ChunkedArray>& column) {
  Datum numbers = column;
  if (arrow::is_base_binary_like(column->type()->id())) {
    ARROW_ASSIGN_OR_RAISE(numbers, arrow::compute::CallFunction("binary_length", {column}));
  } else if (!arrow::is_numeric(column->type()->id()) && !arrow::is_decimal(column->type()->id())) {
    return 0;
  }
  ARROW_ASSIGN_OR_RAISE(numbers, arrow::compute::Cast(numbers, arrow::float64()));
  ARROW_ASSIGN_OR_RAISE(const Datum sum, arrow::compute::Sum(numbers));
  const auto& scalar = sum.scalar_as<arrow::DoubleScalar>();
  return scalar.is_valid ? scalar.value : 0;
}

// The number of rows, and of each column the sum.
Result<std::string> CheckOf(const arrow::Table& table) {
  std::string sums;
  for (const auto& column : table.columns()) {
    ARROW_ASSIGN_OR_RAISE(const double sum, SumOf(column));
    sums += fmt::format("{}{:.17g}", sums.empty() ? "" : ", ", sum);
  }
  return fmt::format("\"rows\": {}, \"sums\": [{}]", table.num_rows(), sums);
}

Status RunOnce(sql::Connection* connection, const std::string& query) {
  const double cpu = CpuSeconds();
  const auto begin = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const auto stream, connection->Query(query));
  ARROW_ASSIGN_OR_RAISE(const auto table, stream->ToTable());
  const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - begin;
  const double used = CpuSeconds() - cpu;
  ARROW_ASSIGN_OR_RAISE(const std::string check, CheckOf(*table));
  fmt::print("{{\"ms\": {:.3f}, \"cpu_s\": {:.4f}, {}}}\n", ms.count(), used, check);
  std::fflush(stdout);
  return Status::OK();
}

}  // namespace

Status RunQueries(const std::string& query, const std::string& placement, int threads) {
  sql::DatabaseOptions options;
  options.threads = threads;
  options.placement = placement;
  // Each run does all of the work: peers remember nothing of it.
  client::SessionOptions session;
  session.remember_predicates = false;
  ARROW_ASSIGN_OR_RAISE(
      const auto connection,
      sql::OpenConnection(options, std::make_shared<client::Session>(std::move(session))));
  for (std::string line; std::getline(std::cin, line);) {
    ARROW_RETURN_NOT_OK(RunOnce(connection.get(), query));
  }
  return Status::OK();
}

}  // namespace skyhook::bench::ceph
