// The site of a daemon's files, against a daemon.
#include "skyhook/site/flight/flight_site.h"

#include <memory>
#include <string>

#include "daemon/running_testing.h"
#include "skyhook/testing/files_fixture.h"

namespace skyhook::testing {
namespace {

struct FlightHome {
  std::shared_ptr<site::Site> site() const { return flight; }
  std::string File(const std::string& name) const { return daemon.File(name); }
  std::string NameOf(const std::string& name) const { return "t/" + name; }

  daemon::RunningDaemon daemon;
  std::shared_ptr<site::Site> flight =
      site::flight::MakeFlightSite(daemon.address(), {}, std::make_shared<base::Timer>());
};

const SiteParameter kFlight = FilesSite<FlightHome>("Flight");
const SiteParameter kExtents = FilesSite<FlightHome>("ExtentsOfAFile", {"a.parquet"});
const SiteParameter kScattered = FilesSite<FlightHome>("Scattered", {"a.parquet", "b.parquet"});

INSTANTIATE_TEST_SUITE_P(Sites, SiteConformance, ::testing::Values(kFlight, kExtents, kScattered),
                         SiteName);

}  // namespace
}  // namespace skyhook::testing
