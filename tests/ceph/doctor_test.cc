#include "skyhook/client/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/temporary_directory.h"
#include "tests/ceph/cluster_control.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::client {
namespace {

using ::testing::HasSubstr;
using testing::Require;

std::vector<Finding> FindingsOf(const std::string& pool,
                                const objects::RadosOptions& options = {}) {
  return Require(Diagnose(Require(table::ParseStoreUri("rados://" + pool + "/doctor")), options));
}

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() : pool_("replicated", "doctor") {
    for (int i = 0; i < 50; ++i) {
      pool_.Write(fmt::format("object-{}", i), *arrow::Buffer::FromString("x"));
    }
  }
  ~DoctorTest() override { pool_.RemoveAll(); }

  /// A client of these capabilities on OSDs.
  objects::RadosOptions Client(const std::string& name, const std::string& osd) {
    std::ofstream(directory_.File(name))
        << pool_.AskMonitors(R"({"prefix": "auth get-or-create", "entity": ")" + name +
                             R"(", "caps": ["mon", "allow r", "osd", ")" + osd + R"("]})");
    objects::RadosOptions options;
    options.name = name;
    options.keyring = directory_.File(name);
    return options;
  }
  /// Starts osd.0 anew, with these arguments: lists of classes are read when an OSD starts.
  void Restart(const std::string& arguments) {
    testing::Cluster("stop-osd 0");
    testing::Cluster("start-osd 0", "CEPH_ARGS='" + arguments + "'");
    EXPECT_TRUE(testing::WaitUntil([this] {
      return pool_.AskMonitors(R"({"prefix": "osd stat", "format": "json"})")
                 .find("\"num_up_osds\":3") != std::string::npos;
    }));
  }
  /// What is said of osd.0.
  static Finding OfFirst(const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
      if (finding.what.find("osd.0") != std::string::npos) return finding;
    }
    return {};
  }

  const testing::TemporaryDirectory directory_;
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

TEST_F(DoctorTest, NamesCapabilitiesThatAreMissing) {
  const auto findings = FindingsOf("replicated", Client("client.doctor", "allow r"));
  ASSERT_EQ(findings.size(), 4u);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_FALSE(findings[i].good);
    EXPECT_THAT(findings[i].what,
                HasSubstr("client.doctor may not call the class skyhook at osd."));
    EXPECT_THAT(
        findings[i].mend,
        HasSubstr("ceph auth caps client.doctor mon 'allow r' osd 'allow r pool=replicated, "
                  "allow pool=replicated class skyhook'"));
  }
}

/// Also where the client may call no other class, which would tell what it may.
TEST_F(DoctorTest, TellsAClassThatIsNotLoadedFromOneThatMayNotBeCalled) {
  const auto only_skyhook = Client("client.doctor-skyhook", "allow r, allow class skyhook");
  const auto all = Client("client.doctor-all", "allow rx");
  Restart("--osd-class-load-list=version");
  for (const auto& client : {only_skyhook, all}) {
    const Finding finding = OfFirst(FindingsOf("replicated", client));
    EXPECT_THAT(finding.what, HasSubstr("osd.0 does not load the class skyhook"));
    EXPECT_THAT(finding.mend, HasSubstr("osd_class_load_list"));
  }
  Restart("--osd-class-default-list=version");
  EXPECT_TRUE(OfFirst(FindingsOf("replicated", only_skyhook)).good);
  const Finding finding = OfFirst(FindingsOf("replicated", all));
  EXPECT_THAT(finding.what, HasSubstr("osd.0 loads the class skyhook"));
  EXPECT_THAT(finding.mend, HasSubstr("osd_class_default_list"));
  Restart("");
  EXPECT_TRUE(OfFirst(FindingsOf("replicated", all)).good);
}

TEST_F(DoctorTest, HasNobodyToAskInAnEmptyNamespace) {
  pool_.RemoveAll();
  const auto findings = FindingsOf("replicated");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_THAT(findings[1].what, HasSubstr("there is no object in 'rados://replicated/doctor'"));
}

}  // namespace
}  // namespace skyhook::client
