#include "skyhook/site/local/local_site.h"

#include <filesystem>

#include "skyhook/base/file_source.h"
#include "skyhook/site/local/fragment_cache.h"
#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/files_fixture.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::testing {
namespace {

struct LocalHome {
  std::shared_ptr<site::Site> site() const { return local; }
  std::string File(const std::string& name) const { return directory.File(name); }
  std::string NameOf(const std::string& name) const { return directory.File(name); }

  TemporaryDirectory directory;
  std::shared_ptr<site::Site> local = site::local::MakeLocalSite();
};

struct RefusingHome : LocalHome {
  std::shared_ptr<site::Site> site() const { return std::make_shared<RefusingSite>(local); }
};

const SiteParameter kLocal = FilesSite<LocalHome>("Local");
const SiteParameter kScattered = FilesSite<LocalHome>("Scattered", {"a", "b"});
const SiteParameter kRefusing = FilesSite<RefusingHome>("Refusing");

INSTANTIATE_TEST_SUITE_P(Sites, SiteConformance, ::testing::Values(kLocal, kScattered, kRefusing),
                         SiteName);

}  // namespace
}  // namespace skyhook::testing

namespace skyhook::site::local {
namespace {

using testing::Require;

class OpenFragmentsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& lines) {
    const auto table = testing::TableOf(arrow::schema({arrow::field("x", arrow::int64())}), lines);
    testing::ReplaceFile(directory_.File(name), testing::ParquetBytes(*table)->ToString());
    return directory_.File(name);
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(OpenFragmentsTest, RemembersAFragment) {
  FragmentCache fragments(2, std::make_shared<base::MemoryBudget>(kLocalBudget));
  const std::string a = Write("a.parquet", "1\n2");
  const auto first = Require(fragments.Get({a, ""}, nullptr));
  EXPECT_EQ(first.fragment->num_rows(), 2);
  EXPECT_EQ(Require(fragments.Get({a, ""}, nullptr)).fragment, first.fragment);
}

TEST_F(OpenFragmentsTest, ForgetsTheLeastRecentlyUsed) {
  FragmentCache fragments(2, std::make_shared<base::MemoryBudget>(kLocalBudget));
  const std::string a = Write("a.parquet", "1");
  const std::string b = Write("b.parquet", "1");
  const std::string c = Write("c.parquet", "1");
  const auto open_a = Require(fragments.Get({a, ""}, nullptr));
  const std::weak_ptr<format::Fragment> open_b = Require(fragments.Get({b, ""}, nullptr)).fragment;
  EXPECT_EQ(Require(fragments.Get({a, ""}, nullptr)).fragment, open_a.fragment);
  Require(fragments.Get({c, ""}, nullptr));
  EXPECT_EQ(Require(fragments.Get({a, ""}, nullptr)).fragment, open_a.fragment);
  EXPECT_TRUE(open_b.expired());
}

TEST_F(OpenFragmentsTest, WhatFindsNoRoomIsSharedWhileItIsInUse) {
  FragmentCache fragments(2, std::make_shared<base::MemoryBudget>(1));
  const std::string a = Write("a.parquet", "1");
  const auto open = Require(fragments.Get({a, ""}, nullptr));
  EXPECT_EQ(Require(fragments.Get({a, ""}, nullptr)).fragment, open.fragment);
}

TEST_F(OpenFragmentsTest, AChangedFileIsOpenedAgain) {
  FragmentCache fragments(2, std::make_shared<base::MemoryBudget>(kLocalBudget));
  const std::string a = Write("a.parquet", "1\n2");
  const auto before = Require(fragments.Get({a, ""}, nullptr));
  Write("a.parquet", "1\n2\n3");
  EXPECT_EQ(Require(fragments.Get({a, ""}, nullptr)).fragment->num_rows(), 3);
  EXPECT_THAT(fragments.Get({a, before.fragment->version()}, nullptr),
              testing::FailsWith(base::Code::kStaleObject, "a.parquet"));
}

TEST_F(OpenFragmentsTest, OpeningIsPaidForOnce) {
  FragmentCache fragments(2, std::make_shared<base::MemoryBudget>(kLocalBudget));
  const std::string a = Write("a.parquet", "1\n2");
  Require(fragments.Get({a, ""}, nullptr));
  plan::Cost first;
  Require(fragments.Get({a, ""}, &first));
  EXPECT_GT(first.bytes_read, 0);
  plan::Cost second;
  Require(fragments.Get({a, ""}, &second));
  EXPECT_EQ(second.bytes_read, 0);
}

}  // namespace
}  // namespace skyhook::site::local
