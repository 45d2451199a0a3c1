// What every site has to do alike: one suite that each adapter instantiates with its own fixture.
#pragma once

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "skyhook/base/layout.h"
#include "skyhook/site/site.h"

namespace skyhook::testing {

/// A site with room for fragments, made anew for each test.
class SiteFixture {
 public:
  virtual ~SiteFixture() = default;
  virtual std::shared_ptr<site::Site> site() = 0;
  /// Stores a fragment, in place of the one of that name if there is one, and returns its id
  /// without a version. A replaced fragment has another version than before.
  virtual site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) = 0;
};

/// Cuts a fragment in five pieces of `objects`, with other bytes between them, and a tail that lies
/// in none. `objects` receives what each of them holds.
base::Layout Scattered(const arrow::Buffer& bytes, const std::vector<std::string>& names,
                       std::map<std::string, std::string>* objects);

struct SiteParameter {
  std::string name;  ///< of the adapter, for the tests' names
  std::function<std::unique_ptr<SiteFixture>()> make;

  friend void PrintTo(const SiteParameter& parameter, std::ostream* out) { *out << parameter.name; }
};

/// INSTANTIATE_TEST_SUITE_P(Local, SiteConformance, ::testing::Values(parameter), SiteName).
/// A site that refuses passes too: what it refuses is answered from its bytes.
class SiteConformance : public ::testing::TestWithParam<SiteParameter> {
 protected:
  SiteConformance() : fixture_(GetParam().make()), site_(fixture_->site()) {}

  std::unique_ptr<SiteFixture> fixture_;
  std::shared_ptr<site::Site> site_;
};

std::string SiteName(const ::testing::TestParamInfo<SiteParameter>& info);

}  // namespace skyhook::testing
