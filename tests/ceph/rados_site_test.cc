// The conformance suite over real OSDs (tools/cluster): on a replicated pool, where they run what
// is asked of them, and on an erasure-coded one, where they must decline.
#include "skyhook/site/rados/rados_site.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <rados/librados.hpp>

#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/result_rows.h"
#include "skyhook/testing/site_conformance.h"

namespace skyhook::testing {
namespace {

using store::rados::Pool;

/// Objects of a namespace of the test's own, which are removed with it.
class RadosFixture : public SiteFixture {
 public:
  explicit RadosFixture(const std::string& pool)
      : pool_(Require(Pool::Open({}, pool, NameSpace()))) {}
  ~RadosFixture() override {
    for (auto object = pool_->io().nobjects_begin(); object != pool_->io().nobjects_end();
         ++object) {
      pool_->io().remove(object->get_oid());
    }
  }

  std::shared_ptr<site::Site> site() override { return site_; }
  std::string Put(const std::string& name, const arrow::Buffer& bytes) override {
    librados::bufferlist content;
    content.append(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<unsigned>(bytes.size()));
    EXPECT_EQ(pool_->io().write_full(name, content), 0);
    return name;
  }

 private:
  static std::string NameSpace() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return fmt::format("{}-{}", test == nullptr ? "test" : test->name(), ::getpid());
  }

  std::shared_ptr<Pool> pool_;
  std::shared_ptr<site::Site> site_ = site::rados::MakeRadosSite(pool_);
};

/// Fails where a site declines that was expected to answer.
class AnsweringSite : public ForwardingSite {
 public:
  using ForwardingSite::ForwardingSite;
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request request) override {
    ARROW_ASSIGN_OR_RAISE(auto answer, ForwardingSite::Run(std::move(request)));
    EXPECT_NE(answer->outcome().stopped_by, plan::StoppedBy::kRefused) << answer->outcome().reason;
    return answer;
  }
};

class AnsweringFixture : public RadosFixture {
 public:
  AnsweringFixture() : RadosFixture("replicated") {}
  std::shared_ptr<site::Site> site() override {
    return std::make_shared<AnsweringSite>(RadosFixture::site());
  }
};

const SiteParameter kReplicated{"Replicated", [] { return std::make_unique<AnsweringFixture>(); }};
const SiteParameter kErasure{"Erasure", [] { return std::make_unique<RadosFixture>("erasure"); }};

INSTANTIATE_TEST_SUITE_P(Rados, SiteConformance, ::testing::Values(kReplicated, kErasure),
                         SiteName);

TEST(RadosSite, AnErasureCodedPoolSaysWhyItDeclines) {
  RadosFixture fixture("erasure");
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  const auto name = fixture.Put("x.parquet", *ParquetBytes(*TableOf(schema, "1\n2\n")));
  site::Request request;
  request.pipeline = ReadAll(*schema);
  request.fragment = {name, ""};
  request.rows = plan::RowRanges::All(2);
  const auto answer = Require(fixture.site()->Run(request));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().stopped_by, plan::StoppedBy::kRefused);
  EXPECT_EQ(answer->outcome().reason, "the OSD has no class skyhook, or its pool is erasure-coded");
}

}  // namespace
}  // namespace skyhook::testing
