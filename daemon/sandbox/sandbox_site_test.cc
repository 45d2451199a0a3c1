// The site whose kernel runs in workers, with the program skyhook-worker.
#include "skyhook/site/sandbox/sandbox_site.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "skyhook/lending/host/worker_program.h"
#include "skyhook/site/local/local_site.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/site_conformance.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::testing {
namespace {

std::shared_ptr<site::Site> SiteWith(const std::string& worker) {
  lending::HostOptions options;
  options.log = [](const std::string&) {};
  return site::sandbox::MakeSandboxSite(
      std::make_shared<lending::WorkerHost>(options, lending::ProgramOf(worker, /*niceness=*/0)),
      site::local::MakeLocalSite());
}

/// Writes a file, with a later modification time than any it replaces.
void Replace(const std::string& path, const std::string& bytes) {
  const bool existed = std::filesystem::exists(path);
  const auto before =
      existed ? std::filesystem::last_write_time(path) : std::filesystem::file_time_type::min();
  WriteBytes(path, bytes);
  if (existed) std::filesystem::last_write_time(path, before + std::chrono::seconds(1));
}

class SandboxFixture : public SiteFixture {
 public:
  std::shared_ptr<site::Site> site() override { return site_; }
  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    Replace(directory_.File(name), bytes.ToString());
    return {directory_.File(name), ""};
  }

 protected:
  TemporaryDirectory directory_;

 private:
  std::shared_ptr<site::Site> site_ = SiteWith(SKYHOOK_WORKER);
};

/// In pieces of `files`, and its last bytes in none.
class ScatteredFixture : public SandboxFixture {
 public:
  explicit ScatteredFixture(std::vector<std::string> files) : files_(std::move(files)) {}
  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    std::vector<std::string> paths;
    for (const std::string& file : files_) paths.push_back(directory_.File(file));
    std::map<std::string, std::string> held;
    auto layout = std::make_shared<base::Layout>(Scattered(bytes, paths, &held));
    for (const auto& [path, content] : held) Replace(path, content);
    return {name, "", -1, std::move(layout)};
  }

 private:
  const std::vector<std::string> files_;
};

const SiteParameter kSandbox{"Sandbox", [] { return std::make_unique<SandboxFixture>(); }};
const SiteParameter kExtents{
    "SandboxedExtentsOfAFile",
    [] { return std::make_unique<ScatteredFixture>(std::vector<std::string>{"a"}); }};
const SiteParameter kScattered{
    "SandboxedScattered", [] {
      return std::make_unique<ScatteredFixture>(std::vector<std::string>{"a", "b"});
    }};

INSTANTIATE_TEST_SUITE_P(Sandboxed, SiteConformance,
                         ::testing::Values(kSandbox, kExtents, kScattered), SiteName);

TEST(SandboxSiteTest, WhatHasNoWorkerIsDeclined) {
  const TemporaryDirectory directory;
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  WriteBytes(directory.File("x.parquet"), ParquetBytes(*TableOf(schema, "1\n2\n"))->ToString());
  const auto site = SiteWith(directory.File("absent"));
  site::Request request;
  request.pipeline = ReadAll(*schema);
  request.fragment = {directory.File("x.parquet"), ""};
  request.slice.rows = plan::RowRanges::All(2);
  const auto answer = Require(site->Run(std::move(request)));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().stopped_by, plan::StoppedBy::kRefused);
  EXPECT_EQ(answer->outcome().reason, "the worker cannot be started");
  EXPECT_EQ(answer->outcome().remaining.rows, plan::RowRanges::All(2));
}

}  // namespace
}  // namespace skyhook::testing
