// Who may connect, and what is said to who may not.
#include <gtest/gtest.h>

#include <fstream>

#include "skyhook/base/status.h"
#include "skyhook/objects/rados_pool.h"
#include "skyhook/site/rados/rados_site.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"
#include "tests/ceph/client.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::objects {
namespace {

using testing::FailsWith;
using testing::Require;

class ConnectionTest : public ::testing::Test {
 protected:
  objects::RadosOptions WithKeyring(const std::string& name, const std::string& content) {
    auto options = testing::WithKeyring(name, content, directory_.path());
    options.timeout_s = 5;
    return options;
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(ConnectionTest, AMissingPoolIsNamed) {
  EXPECT_THAT(objects::OpenRadosPool({}, "no-such-pool", ""),
              FailsWith(arrow::StatusCode::IOError, "cannot open pool 'no-such-pool'"));
}

TEST_F(ConnectionTest, AConfigurationThatIsNotThereIsNamed) {
  objects::RadosOptions options;
  options.configuration = "/nowhere/ceph.conf";
  EXPECT_THAT(objects::OpenRadosPool(options, "replicated", ""),
              FailsWith(arrow::StatusCode::IOError, "configuration '/nowhere/ceph.conf'"));
}

TEST_F(ConnectionTest, ANameThatIsNoneIsNamed) {
  objects::RadosOptions options;
  options.name = "everybody";
  EXPECT_THAT(objects::OpenRadosPool(options, "replicated", ""),
              FailsWith(arrow::StatusCode::Invalid, "'everybody' is no name of a Ceph client"));
}

TEST_F(ConnectionTest, AKeyThatIsRefusedIsTriedUntilTheTimeIsOver) {
  auto options = WithKeyring("client.nobody",
                             "[client.nobody]\n\tkey = AQBDdQdrY20wHxAAu5bt2xQZJtWgu11z+/IOZA==\n");
  options.timeout_s = 2;
  EXPECT_THAT(objects::OpenRadosPool(options, "replicated", ""),
              FailsWith(base::Code::kUnreachable, "let client.nobody in within 2 s"));
}

TEST_F(ConnectionTest, WhoMayOnlyReadIsDeclinedAndReads) {
  const auto schema = arrow::schema({arrow::field("x", arrow::int64())});
  const auto bytes = testing::ParquetBytes(*testing::TableOf(schema, "1\n2\n"));
  testing::TestPool owner("replicated", "readers");
  owner.Write("x.parquet", *bytes);
  const auto pool = Require(objects::OpenRadosPool(
      testing::NewClient("client.reader", "allow r", directory_.path()), "replicated", "readers"));
  const auto site = site::rados::MakeRadosSite(pool, std::make_shared<base::Timer>());
  const auto described = Require(site->Describe({"x.parquet", ""}));
  EXPECT_EQ(described.num_rows, 2);
  site::Request request;
  request.pipeline = testing::ReadAll(*schema);
  request.fragment = described.id;
  request.slice.rows = plan::RowRanges::All(2);
  const auto answer = Require(site->Run(request));
  EXPECT_EQ(Require(answer->Next()), nullptr);
  EXPECT_EQ(answer->outcome().reason,
            "the OSD does not load the class skyhook, or the client's capabilities lack x");
  EXPECT_EQ(answer->outcome().remaining.rows, request.slice.rows);
  owner.RemoveAll();
}

}  // namespace
}  // namespace skyhook::objects
