#include "skyhook/client/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/temporary_directory.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::client {
namespace {

using ::testing::HasSubstr;
using testing::Require;

std::vector<Finding> FindingsOf(const std::string& pool, const store::RadosOptions& options = {}) {
  return Require(Diagnose(Require(store::ParseStoreUri("rados://" + pool + "/doctor")), options));
}

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() : pool_("replicated", "doctor") {
    for (int i = 0; i < 50; ++i) {
      pool_.Write(fmt::format("object-{}", i), *arrow::Buffer::FromString("x"));
    }
  }
  ~DoctorTest() override { pool_.RemoveAll(); }

  testing::TestPool pool_;
};

TEST_F(DoctorTest, FindsEveryOsdOfAHealthyPoolGood) {
  const auto findings = FindingsOf("replicated");
  ASSERT_EQ(findings.size(), 4u) << "the pool and three OSDs";
  for (const Finding& finding : findings) {
    EXPECT_TRUE(finding.good) << finding.what;
    EXPECT_EQ(finding.mend, "");
  }
  EXPECT_THAT(findings[0].what, HasSubstr("pool 'replicated' is replicated; 16 placement groups"));
  EXPECT_THAT(findings[1].what, HasSubstr("osd.0: class 0.1.0, 2 calls at a time"));
}

TEST_F(DoctorTest, SaysThatAnErasureCodedPoolRunsNothing) {
  const auto findings = FindingsOf("erasure");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_FALSE(findings[0].good);
  EXPECT_THAT(findings[0].what, HasSubstr("pool 'erasure' is erasure-coded"));
  EXPECT_THAT(findings[0].mend, HasSubstr("ceph osd pool create"));
}

TEST_F(DoctorTest, TellsMissingCapabilitiesFromAMissingClass) {
  const testing::TemporaryDirectory directory;
  const std::string key = pool_.AskMonitors(
      R"({"prefix": "auth get-or-create", "entity": "client.doctor", "caps": ["mon", "allow r", "osd", "allow r"]})");
  std::ofstream(directory.File("keyring")) << key;
  store::RadosOptions options;
  options.name = "client.doctor";
  options.keyring = directory.File("keyring");
  const auto findings = FindingsOf("replicated", options);
  ASSERT_EQ(findings.size(), 4u);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_FALSE(findings[i].good);
    EXPECT_THAT(findings[i].what, HasSubstr("client.doctor may not call classes at osd."));
    EXPECT_THAT(
        findings[i].mend,
        HasSubstr("ceph auth caps client.doctor mon 'allow r' osd 'allow r pool=replicated, "
                  "allow pool=replicated class skyhook'"));
  }
}

TEST_F(DoctorTest, HasNobodyToAskInAnEmptyNamespace) {
  pool_.RemoveAll();
  const auto findings = FindingsOf("replicated");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[1].what, HasSubstr("there is no object in 'rados://replicated/doctor'"));
}

}  // namespace
}  // namespace skyhook::client
