// skyhook-bench: every figure of `make bench`, or the suites that are named.
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bench/suites.h"

namespace {

using skyhook::bench::BenchOptions;
using Suite = arrow::Status (*)(const BenchOptions&);

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::pair<std::string, Suite>> suites = {
      {"peers", skyhook::bench::BenchPeers},   {"lists", skyhook::bench::BenchLists},
      {"tpch", skyhook::bench::BenchTpch},     {"memory", skyhook::bench::BenchMemory},
      {"hungry", skyhook::bench::BenchHungry}, {"cancel", skyhook::bench::BenchCancel},
      {"append", skyhook::bench::BenchAppend}};
  BenchOptions options;
  std::vector<std::string> wanted;
  CLI::App app("Measures Skyhook beside DuckDB; answers are checked");
  app.add_option("--data", options.data, "TPC-H Parquet files, scale factor 1")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--large", options.large_table, "Parquet file for the memory figures")
      ->check(CLI::ExistingFile);
  app.add_option("--program", options.program, "the skyhook program")->check(CLI::ExistingFile);
  app.add_option("--repeats", options.repeats, "counted runs")->capture_default_str();
  app.add_option("suite", wanted, "peers, lists, tpch, memory, hungry, cancel, append; none: all");
  CLI11_PARSE(app, argc, argv);

  arrow::Status status = arrow::compute::Initialize();
  for (const auto& [name, suite] : suites) {
    const bool chosen =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    if (!chosen || !status.ok()) continue;
    status = suite(options);
    fmt::print("\n");
  }
  if (!status.ok()) fmt::print(stderr, "skyhook-bench: {}\n", status.ToString());
  return status.ok() ? 0 : 1;
}
