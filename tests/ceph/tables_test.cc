// TPC-H out of tables in pools, against DuckDB over its native tables; tables under two writers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <tuple>

#include "skyhook/base/file_source.h"
#include "skyhook/sql/query_testing.h"
#include "skyhook/table/compact.h"
#include "skyhook/table/put.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/table/upkeep.h"
#include "tests/ceph/test_pool.h"

namespace skyhook::sql {
namespace {

using ::testing::HasSubstr;
using testing::Require;

const std::string kNameSpace = "tables-test";

/// Objects of 2 MiB, so that lineitem has several.
void PutTpch(const std::string& pool) {
  const auto objects = Require(objects::OpenRadosPool({}, pool, kNameSpace));
  for (const char* table : kTpchTables) {
    table::PutOptions options;
    options.target_bytes = 2 << 20;
    options.most_bytes = 16 << 20;
    options.existing = table::Existing::kReplace;
    const auto file = Require(base::OpenFile(fmt::format("{}/{}.parquet", TpchDirectory(), table)));
    Require(table::Put(objects.get(), table, {file}, options));
  }
}

std::unique_ptr<Connection> OpenPool(const std::string& pool) {
  DatabaseOptions options;
  options.threads = 2;
  auto connection = TestConnection(options);
  for (const char* table : kTpchTables) {
    Ask(*connection,
        fmt::format("CREATE VIEW {} AS FROM 'rados://{}/{}/{}'", table, pool, kNameSpace, table));
  }
  return connection;
}

class RadosTpchTest : public ::testing::TestWithParam<std::tuple<int, const char*, const char*>> {
 protected:
  static void SetUpTestSuite() {
    oracle_ = OpenTpchOracle();
    for (const char* pool : {"replicated", "erasure"}) {
      PutTpch(pool);
      connections_[pool] = OpenPool(pool);
    }
  }
  static void TearDownTestSuite() {
    oracle_.reset();
    connections_.clear();
    for (const char* pool : {"replicated", "erasure"}) {
      testing::TestPool(pool, kNameSpace).RemoveAll();
    }
  }
  static inline std::unique_ptr<Connection> oracle_;
  static inline std::map<std::string, std::unique_ptr<Connection>> connections_;
};

TEST_P(RadosTpchTest, EqualsDuckDbOverNativeTables) {
  const auto& [number, pool, placement] = GetParam();
  Connection& connection = *connections_.at(pool);
  Ask(connection, fmt::format("SET skyhook_placement = '{}'", placement));
  const Answer answer = Ask(connection, TpchQuery(number));
  const Answer expected = Ask(*oracle_, TpchQuery(number));
  ASSERT_GT(expected.table->num_rows(), 0);
  ExpectSameRows(*answer.table, *expected.table);
  client::Places places;
  for (const auto& account : answer.accounts()) places += account->places();
  ASSERT_GT(places.pushed + places.pulled, 0);
  if (placement == std::string("pull")) {
    EXPECT_EQ(places.pushed, 0);
    EXPECT_TRUE(places.refusals.empty());
  } else if (pool == std::string("erasure")) {
    EXPECT_EQ(places.pushed, 0);
    ASSERT_EQ(places.refusals.size(), 1u);
    EXPECT_THAT(places.refusals.begin()->first, HasSubstr("its pool is erasure-coded"));
  } else {
    EXPECT_EQ(places.pulled, 0) << (places.refusals.empty() ? "" : places.refusals.begin()->first);
  }
}

INSTANTIATE_TEST_SUITE_P(AllQueries, RadosTpchTest,
                         ::testing::Combine(::testing::Range(1, 23),
                                            ::testing::Values("replicated", "erasure"),
                                            ::testing::Values("push", "pull")),
                         [](const auto& info) {
                           return fmt::format("Q{}_{}_{}", std::get<0>(info.param),
                                              std::get<1>(info.param), std::get<2>(info.param));
                         });

class RadosTableTest : public ::testing::TestWithParam<const char*> {
 protected:
  RadosTableTest()
      : pool_(GetParam(), "table-test"),
        store_(Require(objects::OpenRadosPool({}, GetParam(), "table-test"))) {}
  ~RadosTableTest() override { pool_.RemoveAll(); }

  testing::TestPool pool_;
  std::shared_ptr<objects::RadosPool> store_;
};

TEST_P(RadosTableTest, WritersAtOnceAllSucceedOnce) {
  constexpr int kWriters = 4;
  constexpr int kFiles = 5;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([this, writer] {
      for (int i = 0; i < kFiles; ++i) {
        const auto file = table::CountingFile(fmt::format("{}-{}.parquet", writer, i),
                                              (writer * kFiles + i) * 10, 10, 10);
        EXPECT_THAT(
            table::Put(store_.get(), "t", {file}, table::SmallObjects(table::Existing::kAppend)),
            testing::IsOk());
      }
    });
  }
  for (auto& writer : writers) writer.join();
  auto snapshot = Require(table::ReadSnapshot(store_.get(), "t", ""));
  EXPECT_EQ(snapshot.sequence, kWriters * kFiles);
  auto numbers = table::NumbersIn(store_.get(), "t", snapshot);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers, table::NumbersFrom(0, kWriters * kFiles * 10));
  EXPECT_TRUE(Require(table::Verify(store_.get(), "t", snapshot, nullptr)).problems.empty());
}

TEST_P(RadosTableTest, CompactVacuumAndRemove) {
  for (int i = 0; i < 5; ++i) {
    const auto file = table::CountingFile(fmt::format("{}.parquet", i), i * 100, 100, 50);
    Require(table::Put(store_.get(), "t", {file}, table::SmallObjects(table::Existing::kAppend)));
  }
  EXPECT_EQ(Require(table::Compact(store_.get(), "t", {})).objects_after, 1);
  table::VacuumOptions all;
  all.keep = std::chrono::seconds(0);
  EXPECT_GT(Require(table::Vacuum(store_.get(), "t", all)).removed.size(), 10u);
  const auto snapshot = Require(table::ReadSnapshot(store_.get(), "t", ""));
  EXPECT_EQ(table::NumbersIn(store_.get(), "t", snapshot), table::NumbersFrom(0, 500));
  EXPECT_EQ(Require(table::FilesOf(store_.get(), "t", snapshot)).size(), 5u);
  EXPECT_TRUE(Require(table::RemoveTable(store_.get(), "t")));
  EXPECT_TRUE(Require(store_->List("")).empty());
}

TEST_P(RadosTableTest, VerifyFindsOneChangedByte) {
  Require(table::Put(store_.get(), "t", {table::CountingFile("a", 0, 1000, 100)},
                     table::SmallObjects()));
  const auto snapshot = Require(table::ReadSnapshot(store_.get(), "t", ""));
  EXPECT_TRUE(Require(table::Verify(store_.get(), "t", snapshot, nullptr)).problems.empty());
  const std::string object = table::ObjectOf("t", snapshot.fragments[1].object);
  const auto source = Require(store_->OpenObject(object));
  std::string bytes = table::ContentOf(source.get());
  bytes[100] ^= 1;
  pool_.Write(object, *arrow::Buffer::FromString(bytes));
  const auto report = Require(table::Verify(store_.get(), "t", snapshot, nullptr));
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_THAT(report.problems[0], HasSubstr(object + "' has checksum"));
}

INSTANTIATE_TEST_SUITE_P(Pools, RadosTableTest, ::testing::Values("replicated", "erasure"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace skyhook::sql
