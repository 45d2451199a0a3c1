// skyhook-bench-ceph: parts of `make bench-ceph`; bench/ceph/*.py run it.
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "bench/ceph/suites.h"

int main(int argc, char** argv) {
  namespace suites = skyhook::bench::ceph;
  arrow::Status status = arrow::compute::Initialize();
  const auto run = [&](const arrow::Status& outcome) { status &= outcome; };
  std::string text, placement = "auto", pool, name_space, object;
  int threads = 2;
  int count = 1;
  double seconds = 1;
  double rate = 1;
  CLI::App app("Parts of make bench-ceph");
  app.require_subcommand(1);
  auto* query = app.add_subcommand("query", "runs a query for each line of standard input");
  query->add_option("--placement", placement);
  query->add_option("--threads", threads);
  query->add_option("sql", text)->required();
  query->callback([&] { run(suites::RunQueries(text, placement, threads)); });
  auto* calls = app.add_subcommand("calls", "times calls that read nothing");
  calls->add_option("pool", pool)->required();
  calls->add_option("object", object, "NAMESPACE/NAME")->required();
  calls->add_option("calls", count)->required();
  calls->callback([&] { run(suites::TimeCalls(pool, object, count)); });
  auto* reads = app.add_subcommand("reads", "times small reads at a fixed rate");
  reads->add_option("pool", pool)->required();
  reads->add_option("namespace", name_space)->required();
  reads->add_option("seconds", seconds)->required();
  reads->add_option("rate", rate)->required();
  reads->callback([&] { run(suites::TimeReads(pool, name_space, seconds, rate)); });
  CLI11_PARSE(app, argc, argv);
  if (!status.ok()) fmt::print(stderr, "skyhook-bench-ceph: {}\n", status.ToString());
  return status.ok() ? 0 : 1;
}
