// The site of a daemon's files, against a daemon.
#include "skyhook/site/flight/flight_site.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "daemon/running_testing.h"
#include "skyhook/base/status.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/site_conformance.h"

namespace skyhook::testing {
namespace {

/// Writes a file, with a later modification time than any it replaces.
void Replace(const std::string& path, const std::string& bytes) {
  const bool existed = std::filesystem::exists(path);
  const auto before =
      existed ? std::filesystem::last_write_time(path) : std::filesystem::file_time_type::min();
  WriteBytes(path, bytes);
  if (existed) std::filesystem::last_write_time(path, before + std::chrono::seconds(1));
}

class FlightFixture : public SiteFixture {
 public:
  std::shared_ptr<site::Site> site() override { return site_; }
  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    Replace(daemon_.File(name), bytes.ToString());
    return {"t/" + name, ""};
  }

 protected:
  daemon::RunningDaemon daemon_;

 private:
  std::shared_ptr<site::Site> site_ =
      site::flight::MakeFlightSite(daemon_.address(), {}, std::make_shared<base::Timer>());
};

/// In pieces of `files`, and its last bytes in none.
class ScatteredFixture : public FlightFixture {
 public:
  explicit ScatteredFixture(std::vector<std::string> files) : files_(std::move(files)) {}
  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    std::vector<std::string> names;
    for (const std::string& file : files_) names.push_back("t/" + file);
    std::map<std::string, std::string> held;
    auto layout = std::make_shared<base::Layout>(Scattered(bytes, names, &held));
    for (const auto& [file, content] : held) Replace(daemon_.File(file.substr(2)), content);
    return {name, "", -1, std::move(layout)};
  }

 private:
  const std::vector<std::string> files_;
};

const SiteParameter kFlight{"Flight", [] { return std::make_unique<FlightFixture>(); }};
const SiteParameter kExtents{
    "ExtentsOfAFile",
    [] { return std::make_unique<ScatteredFixture>(std::vector<std::string>{"a.parquet"}); }};
const SiteParameter kScattered{
    "Scattered", [] {
      return std::make_unique<ScatteredFixture>(std::vector<std::string>{"a.parquet", "b.parquet"});
    }};

INSTANTIATE_TEST_SUITE_P(Sites, SiteConformance, ::testing::Values(kFlight, kExtents, kScattered),
                         SiteName);

}  // namespace
}  // namespace skyhook::testing
