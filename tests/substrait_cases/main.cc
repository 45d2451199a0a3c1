// skyhook-substrait-cases DIR...: runs Substrait's public function tests (files *.test below the
// folders) and prints what passed, failed and is unsupported, by function.
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/substrait_cases/case_run.h"

namespace skyhook::cases {
namespace {

using Kind = Verdict::Kind;

struct Tally {
  int passed = 0;
  int failed = 0;
  int unsupported = 0;
  std::map<std::string, int> reasons;  ///< of unsupported ones

  void Add(const Verdict& verdict) {
    passed += verdict.kind == Kind::kPassed ? 1 : 0;
    failed += verdict.kind == Kind::kFailed ? 1 : 0;
    if (verdict.kind != Kind::kUnsupported) return;
    ++unsupported;
    ++reasons[verdict.reason];
  }
};

std::vector<std::filesystem::path> TestFiles(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

arrow::Status RunAll(const std::vector<std::string>& directories, Tally* all) {
  fmt::print("{:<44}{:>8}{:>8}{:>13}\n", "function", "passed", "failed", "unsupported");
  for (const std::string& directory : directories) {
    for (const auto& path : TestFiles(directory)) {
      ARROW_ASSIGN_OR_RAISE(const auto cases, ReadCases(path));
      std::map<std::string, Tally> by_function;
      std::vector<std::string> failures;
      for (const Case& one : cases) {
        const Verdict verdict = RunCase(one);
        by_function[one.function].Add(verdict);
        all->Add(verdict);
        if (verdict.kind == Kind::kFailed) {
          failures.push_back(
              fmt::format("  FAILED {}: {}\n         {}", one.where, one.line, verdict.reason));
        }
      }
      for (const auto& [function, tally] : by_function) {
        fmt::print("{:<44}{:>8}{:>8}{:>13}\n",
                   path.parent_path().filename().string() + "/" + function, tally.passed,
                   tally.failed, tally.unsupported);
        for (const auto& [reason, count] : tally.reasons) {
          fmt::print("  {} unsupported: {}\n", count, reason);
        }
      }
      for (const std::string& failure : failures) fmt::print("{}\n", failure);
    }
  }
  return arrow::Status::OK();
}

int Main(const std::vector<std::string>& directories) {
  if (directories.empty()) {
    fmt::print(stderr, "usage: skyhook-substrait-cases DIR...\n");
    return 2;
  }
  for (const std::string& directory : directories) {
    if (std::filesystem::is_directory(directory)) continue;
    fmt::print(stderr, "error: '{}' is no folder\n", directory);
    return 2;
  }
  Tally all;
  arrow::Status status = arrow::compute::Initialize();
  if (status.ok()) status = RunAll(directories, &all);
  if (!status.ok()) {
    fmt::print(stderr, "error: {}\n", status.message());
    return 1;
  }
  fmt::print("{} passed, {} failed, {} unsupported\n", all.passed, all.failed, all.unsupported);
  return all.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace skyhook::cases

int main(int argc, char** argv) {
  return skyhook::cases::Main(std::vector<std::string>(argv + 1, argv + argc));
}
