// The site whose kernel runs in workers, with the program skyhook-worker.
#include "skyhook/site/sandbox/sandbox_site.h"

#include <memory>
#include <string>
#include <utility>

#include "skyhook/lending/host/worker_program.h"
#include "skyhook/site/local/local_site.h"
#include "skyhook/testing/files_fixture.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"
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

struct SandboxHome {
  std::shared_ptr<site::Site> site() const { return sandbox; }
  std::string File(const std::string& name) const { return directory.File(name); }
  std::string NameOf(const std::string& name) const { return directory.File(name); }

  TemporaryDirectory directory;
  std::shared_ptr<site::Site> sandbox = SiteWith(SKYHOOK_WORKER);
};

const SiteParameter kSandbox = FilesSite<SandboxHome>("Sandbox");
const SiteParameter kExtents = FilesSite<SandboxHome>("SandboxedExtentsOfAFile", {"a"});
const SiteParameter kScattered = FilesSite<SandboxHome>("SandboxedScattered", {"a", "b"});

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
