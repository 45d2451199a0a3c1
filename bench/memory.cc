// Peak resident size of whole processes, as the system accounts for them.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>

#include "bench/child.h"
#include "bench/suites.h"
#include "skyhook/base/status.h"

namespace skyhook::bench {
namespace {

// The peak resident size of a command that has to succeed, in bytes.
arrow::Result<int64_t> PeakBytes(const std::vector<std::string>& command) {
  ARROW_ASSIGN_OR_RAISE(const ChildRun run, RunChild(command));
  if (run.exit_code == 0) return run.peak_bytes;
  return base::Invalid("{}: ended with code {}: {}", command.back(), run.exit_code, run.errors);
}

}  // namespace

arrow::Status BenchMemory(const BenchOptions& options) {
  std::error_code error;
  const auto file_bytes =
      static_cast<int64_t>(std::filesystem::file_size(options.large_table, error));
  if (error) {
    return arrow::Status::IOError(
        fmt::format("cannot look at '{}' (--large): {}", options.large_table, error.message()));
  }
  const int64_t limit = file_bytes / 10;
  const auto run = [&](const std::string& query) {
    return PeakBytes({options.program, "sql", "--threads", "2", "--memory",
                      fmt::format("{}B", limit), "--format", "arrow", "-c", query});
  };
  constexpr double kMegabyte = 1e6;
  ARROW_ASSIGN_OR_RAISE(const int64_t base, run("SELECT 1"));
  fmt::print("{:.0f} MB of Parquet, --memory {:.0f} MB, --threads 2; SELECT 1 peaks at {:.0f} MB\n",
             static_cast<double>(file_bytes) / kMegabyte, static_cast<double>(limit) / kMegabyte,
             static_cast<double>(base) / kMegabyte);
  fmt::print("{:<52}{:>10}{:>10}\n", "query", "peak MB", "allowed");
  for (const std::string& query :
       {fmt::format("SELECT * FROM '{}'", options.large_table),
        fmt::format("SELECT l_orderkey, count(*), sum(l_quantity) FROM '{}' GROUP BY l_orderkey",
                    options.large_table)}) {
    ARROW_ASSIGN_OR_RAISE(const int64_t peak, run(query));
    fmt::print("{:<52}{:>10.0f}{:>10.0f}\n", query.substr(0, 50),
               static_cast<double>(peak) / kMegabyte,
               static_cast<double>(base + limit) / kMegabyte);
    std::fflush(stdout);
    if (peak > base + limit) return base::LimitExceeded("{}: more than is allowed", query);
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::bench
