#include "skyhook/site/local/local_site.h"

#include <filesystem>

#include "skyhook/base/file_source.h"
#include "skyhook/site/local/fragment_cache.h"
#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/site_conformance.h"
#include "skyhook/testing/temporary_directory.h"

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

class LocalFixture : public SiteFixture {
 public:
  std::shared_ptr<site::Site> site() override { return site_; }
  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    Replace(directory_.File(name), bytes.ToString());
    return {directory_.File(name), ""};
  }

 protected:
  TemporaryDirectory directory_;

 private:
  std::shared_ptr<site::Site> site_ = site::local::MakeLocalSite();
};

/// A fragment in pieces of two files, and its last bytes in none.
class ScatteredFixture : public LocalFixture {
 public:
  site::FragmentId Put(const std::string& name, const arrow::Buffer& bytes) override {
    std::map<std::string, std::string> files;
    auto layout = std::make_shared<base::Layout>(
        Scattered(bytes, {directory_.File("a"), directory_.File("b")}, &files));
    for (const auto& [path, held] : files) Replace(path, held);
    return {name, "", -1, std::move(layout)};
  }
};

class RefusingFixture : public LocalFixture {
 public:
  std::shared_ptr<site::Site> site() override {
    return std::make_shared<RefusingSite>(LocalFixture::site());
  }
};

const SiteParameter kLocal{"Local", [] { return std::make_unique<LocalFixture>(); }};
const SiteParameter kScattered{"Scattered", [] { return std::make_unique<ScatteredFixture>(); }};
const SiteParameter kRefusing{"Refusing", [] { return std::make_unique<RefusingFixture>(); }};

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
    testing::Replace(directory_.File(name), testing::ParquetBytes(*table)->ToString());
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
