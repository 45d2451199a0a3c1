// The program killed between any two operations that change a pool: what is left is read, listed,
// put again and vacuumed each time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <map>
#include <thread>

#include "skyhook/objects/rados_pool.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/temporary_directory.h"
#include "tests/ceph/test_pool.h"
#include "tests/crash/cut_off_verb.h"

namespace skyhook::crash {
namespace {

using testing::Require;

const std::string kNameSpace = "crash-test";

class PoolPlace : public Place {
 public:
  ~PoolPlace() override { pool_.RemoveAll(); }
  std::string Uri() const override { return "rados://replicated/" + kNameSpace + "/t"; }
  std::string FileNamed(const std::string& name) const override { return directory_.File(name); }
  std::shared_ptr<objects::ObjectStore> Open() const override {
    return Require(objects::OpenRadosPool({}, "replicated", kNameSpace));
  }
  void Save() override {
    for (auto object = pool_.io().nobjects_begin(); object != pool_.io().nobjects_end(); ++object) {
      Saved& saved = saved_[object->get_oid()];
      ASSERT_GE(pool_.io().read(object->get_oid(), saved.content, 0, 0), 0);
      ASSERT_GE(pool_.io().getxattrs(object->get_oid(), saved.attributes), 0);
    }
  }
  void Restore() override {
    pool_.RemoveAll();
    for (auto& [object, saved] : saved_) {
      librados::ObjectWriteOperation operation;
      operation.create(true);
      operation.write_full(saved.content);
      for (const auto& [name, value] : saved.attributes) operation.setxattr(name.c_str(), value);
      ASSERT_EQ(pool_.io().operate(object, &operation), 0);
    }
  }
  std::string Preloaded() const override { return SKYHOOK_CUT_OFF_RADOS; }

 private:
  struct Saved {
    librados::bufferlist content;
    std::map<std::string, librados::bufferlist> attributes;
  };
  testing::TestPool pool_{"replicated", kNameSpace};
  testing::TemporaryDirectory directory_;
  std::map<std::string, Saved> saved_;
};

class RadosCrashTest : public ::testing::TestWithParam<Verb> {};

TEST_P(RadosCrashTest, LeavesNoWrongCountAndNoBlockedStore) {
  PoolPlace place;
  const int cut_off = CutOffEverywhere(&place, GetParam());
  EXPECT_GE(cut_off, GetParam().least_steps);
}

INSTANTIATE_TEST_SUITE_P(Verbs, RadosCrashTest, ::testing::ValuesIn(Verbs()),
                         [](const auto& info) { return info.param.name; });

TEST(RadosPresenceTest, EndsWithWhoShowsIt) {
  testing::TestPool pool("replicated", kNameSpace);
  pool.RemoveAll();
  const auto store = Require(objects::OpenRadosPool({}, "replicated", kNameSpace));
  const std::string name = "t/.live-0123456789abcdef01234567";
  EXPECT_FALSE(Require(store->IsPresent(name)));
  {
    const auto presence = Require(store->ShowPresence(name));
    EXPECT_TRUE(Require(store->IsPresent(name)));
    EXPECT_THAT(store->ShowPresence(name),
                skyhook::testing::FailsWith(arrow::StatusCode::IOError, "cannot write"));
    EXPECT_TRUE(Require(store->IsPresent(name)));
  }
  EXPECT_FALSE(Require(store->IsPresent(name)));
  EXPECT_TRUE(Require(store->List("")).empty());
  pool.Write(name, *arrow::Buffer::FromString("as a writer that is gone leaves it"));
  EXPECT_FALSE(Require(store->IsPresent(name)));
  pool.RemoveAll();
}

TEST(RadosConcurrentPutTest, TheSameFileFromManyThreadsIsThereAsManyTimes) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 3;
  testing::TestPool pool("replicated", kNameSpace);
  pool.RemoveAll();
  const auto objects = Require(objects::OpenRadosPool({}, "replicated", kNameSpace));
  const auto file = table::CountingFile("f.parquet", 0, 10, 10);
  std::barrier together(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        together.arrive_and_wait();
        EXPECT_THAT(
            table::Put(objects.get(), "t", {file}, table::SmallObjects(table::Existing::kAppend)),
            testing::IsOk());
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(Require(table::ReadSnapshot(objects.get(), "t", "")).num_rows(),
            10 * kThreads * kRounds);
  for (const std::string& name : Require(objects->List("t/"))) {
    EXPECT_THAT(name, ::testing::Not(::testing::HasSubstr("_put-")));
    EXPECT_THAT(name, ::testing::Not(::testing::HasSubstr(".live-")));
  }
  pool.RemoveAll();
}

TEST(RadosNameSpacesTest, ThoseWithTablesAreNamed) {
  testing::TestPool pool("replicated", kNameSpace);
  pool.RemoveAll();
  const auto whole = Require(objects::OpenRadosPool({}, "replicated", ""));
  EXPECT_THAT(Require(whole->NameSpacesWithTables()),
              ::testing::Not(::testing::Contains(kNameSpace)));
  const auto objects = Require(objects::OpenRadosPool({}, "replicated", kNameSpace));
  Require(table::Put(objects.get(), "t", {table::CountingFile("f.parquet", 0, 10, 10)}, {}));
  EXPECT_THAT(Require(whole->NameSpacesWithTables()), ::testing::Contains(kNameSpace));
  pool.RemoveAll();
}

}  // namespace
}  // namespace skyhook::crash
