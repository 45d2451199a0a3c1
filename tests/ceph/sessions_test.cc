// Two sessions of one process: two pools, two principals, two limits.
#include <arrow/compute/initialize.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "skyhook/client/scan.h"
#include "skyhook/client/session.h"
#include "skyhook/table/put.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"
#include "tests/ceph/client.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::client {
namespace {

using testing::Require;

constexpr int64_t kRows = 20'000;
const std::string kNameSpace = "sessions-test";

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() {
    Require(arrow::compute::Initialize());
    for (const char* pool : {"replicated", "erasure"}) {
      const auto store = Require(objects::OpenRadosPool({}, pool, kNameSpace));
      Require(table::Put(store.get(), "t", {table::CountingFile("n.parquet", 0, kRows, 1000)},
                         table::SmallObjects(table::Existing::kReplace)));
    }
  }
  ~SessionsTest() override {
    for (const char* pool : {"replicated", "erasure"}) {
      testing::TestPool(pool, kNameSpace).RemoveAll();
    }
  }

  struct Found {
    int64_t rows = 0;
    Places places;
  };
  static Found Read(Session* session, const std::string& pool) {
    const auto table = Require(OpenTable(session, "rados://" + pool + "/" + kNameSpace + "/t"));
    ScanOptions options;
    options.placement = placement::Mode::kPush;
    const auto scan = Require(Scan::Make(table, testing::ReadAll(*table->schema), options));
    const auto stream = Require(scan->OpenStream());
    Found found;
    while (auto batch = Require(stream->Next())) found.rows += batch->num_rows();
    found.places = scan->places();
    return found;
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(SessionsTest, EachHasItsPrincipalItsStoreAndItsLimit) {
  Session owner({.cache_bytes = int64_t{64} << 20});
  // It may read and not run classes.
  const auto may_read = testing::NewClient("client.sessions-reader", "allow r", directory_.path());
  Session reader({.rados = may_read, .cache_bytes = 1000});
  for (const std::string pool : {"replicated", "erasure"}) {
    auto other = std::async(std::launch::async, [&] { return Read(&reader, pool); });
    const Found owned = Read(&owner, pool);
    const Found read = other.get();
    EXPECT_EQ(owned.rows, kRows);
    EXPECT_EQ(read.rows, kRows);
    EXPECT_EQ(read.places.pushed, 0) << "who may only read is declined";
    EXPECT_EQ(owned.places.pushed > 0, pool == "replicated") << "and who may do more is not";
    EXPECT_LE(reader.budget()->taken(), 1000);
  }
}

}  // namespace
}  // namespace skyhook::client
