// skyhook-bench-scan: runs a Substrait plan over a file through client::Scan, on one thread, and
// prints how many milliseconds each run took until all rows were there as Arrow batches. The same
// for all rows of a file, and for decompressing them.
#include <arrow/compute/initialize.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/scan/all_rows.h"
#include "skyhook/client/foreign_query.h"
#include "skyhook/client/session.h"
#include "skyhook/client/table.h"
#include "skyhook/substrait/foreign/plan.h"

namespace {

using arrow::Result;
using arrow::Status;

Status RunOnce(const std::string& bytes, const std::string& file,
               skyhook::client::Session* session) {
  const auto begin = std::chrono::steady_clock::now();
  ARROW_ASSIGN_OR_RAISE(const auto plan, skyhook::substrait::ReadForeignPlan(bytes));
  ARROW_ASSIGN_OR_RAISE(auto table, skyhook::client::OpenTable(session, file, {}));
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        skyhook::client::RunForeignPlan(plan, std::move(table), {}));
  std::shared_ptr<arrow::RecordBatch> batch;
  do {
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
  } while (batch != nullptr);
  const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - begin;
  fmt::print("{:.3f}\n", ms.count());
  return Status::OK();
}

Status Run(const std::string& plan, const std::string& file, int runs) {
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  std::ifstream stream(plan, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  skyhook::client::SessionOptions options;
  options.remember_predicates = false;
  skyhook::client::Session session(std::move(options));
  for (int i = 0; i < runs; ++i) ARROW_RETURN_NOT_OK(RunOnce(bytes, file, &session));
  return Status::OK();
}

}  // namespace

int main(int argc, char** argv) {
  std::string plan;
  std::string file;
  std::vector<std::string> dictionaries;
  int runs = 2;
  CLI::App app("Times scans of a file");
  app.require_subcommand(1);
  app.add_option("--runs", runs);
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("file", file)->required()->check(CLI::ExistingFile);
    return command;
  };
  CLI::App* of_plan = add("plan", "Runs a Substrait plan");
  of_plan->add_option("plan", plan)->required()->check(CLI::ExistingFile);
  CLI::App* all_rows = add("rows", "Reads all rows");
  all_rows->add_option("--dictionaries", dictionaries, "Columns handed out as such");
  add("pages", "Decompresses all pages, and copies what comes out");
  CLI11_PARSE(app, argc, argv);
  const auto run = [&]() -> Status {
    if (of_plan->parsed()) return Run(plan, file, runs);
    for (int i = 0; i < runs; ++i) {
      ARROW_ASSIGN_OR_RAISE(const double ms, all_rows->parsed()
                                                 ? skyhook::bench::ReadAllRows(file, dictionaries)
                                                 : skyhook::bench::DecompressAndCopy(file));
      fmt::print("{:.3f}\n", ms);
    }
    return Status::OK();
  };
  const Status status = run();
  if (!status.ok()) fmt::print(stderr, "skyhook-bench-scan: {}\n", status.ToString());
  return status.ok() ? 0 : 1;
}
