// A session owns what its tables share, within its limits; two of one process share nothing.
#include "skyhook/client/session.h"

#include <arrow/compute/initialize.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "skyhook/client/scan.h"
#include "skyhook/client/table.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using testing::Col;
using testing::Fn;
using testing::Lit;
using testing::Require;

constexpr int kFiles = 20;
constexpr int kRows = 2000;

class ClientSessionTest : public ::testing::Test {
 protected:
  ClientSessionTest() {
    Require(arrow::compute::Initialize());
    for (const std::string store : {"a", "b"}) {
      std::filesystem::create_directories(directory_.File(store));
      for (int file = 0; file < kFiles; ++file) Write(store, file);
    }
  }

  /// Even numbers, so that only bloom filters tell that an odd one is not there.
  void Write(const std::string& store, int file) {
    std::string lines;
    for (int row = 0; row < kRows; ++row) {
      lines += fmt::format("{},{} of {}\n", 2 * (file + row * kFiles), row, store);
    }
    const auto schema =
        arrow::schema({arrow::field("k", arrow::int64()), arrow::field("s", arrow::utf8())});
    testing::WriteParquet(
        directory_.File(fmt::format("{}/{:02}.parquet", store, file)),
        *testing::TableOf(schema, lines),
        {.row_group_rows = 500, .page_rows = 50, .dictionary = false, .bloom_filters = {"k"}});
  }

  static std::vector<std::string> RowsWhere(const std::shared_ptr<const Table>& table, int64_t k) {
    plan::Pipeline pipeline = testing::ReadAll(*table->schema);
    pipeline.filter = {Fn(plan::Function::kEqual, {Col(pipeline, "k"), Lit(k)})};
    const auto scan = Require(Scan::Make(table, std::move(pipeline), {}));
    const auto stream = Require(scan->OpenStream());
    std::vector<std::string> rows;
    while (auto batch = Require(stream->Next())) {
      for (std::string& row : testing::RowsOf(*batch)) rows.push_back(std::move(row));
    }
    return rows;
  }

  // What one session finds of some numbers, odd ones among them.
  static std::vector<std::string> Find(Session* session, const std::string& store) {
    const auto table = Require(OpenTable(session, store));
    std::vector<std::string> found;
    for (const int64_t k : {0, 1, 40'003, 40'004, 79'998, 7777}) {
      for (std::string& row : RowsWhere(table, k)) found.push_back(std::move(row));
    }
    return found;
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(ClientSessionTest, TwoSessionsOverTwoStoresKeepToTheirOwnLimits) {
  constexpr int64_t kLittle = 64 * 1024;
  Session little({.cache_bytes = kLittle, .max_open_files = 4});
  Session large({.cache_bytes = int64_t{64} << 20});
  auto found = std::async(std::launch::async, [&] { return Find(&little, directory_.File("a")); });
  EXPECT_THAT(Find(&large, directory_.File("b")),
              ::testing::ElementsAre("0, 0 of b", "40004, 1000 of b", "79998, 1999 of b"));
  EXPECT_THAT(found.get(),
              ::testing::ElementsAre("0, 0 of a", "40004, 1000 of a", "79998, 1999 of a"));
  EXPECT_LE(little.budget()->taken(), kLittle);
  EXPECT_GT(large.budget()->taken(), kLittle) << "or the limit of the other says nothing";
}

/// Footers, page indexes and bloom filters are counted, whatever order they come in.
TEST_F(ClientSessionTest, NothingIsKeptBeyondTheLimit) {
  Session large({.cache_bytes = int64_t{64} << 20});
  const auto expected = Find(&large, directory_.File("a"));
  for (const int64_t most : {0, 1000, 20'000, 100'000, 500'000}) {
    Session session({.cache_bytes = most});
    EXPECT_EQ(Find(&session, directory_.File("a")), expected) << most;
    EXPECT_LE(session.budget()->taken(), most);
  }
}

TEST_F(ClientSessionTest, GivesBackWhatItKeptWhenItsTablesGo) {
  std::shared_ptr<base::MemoryBudget> budget;
  {
    Session session;
    budget = session.budget();
    Find(&session, directory_.File("a"));
    EXPECT_GT(budget->taken(), 0);
  }
  EXPECT_EQ(budget->taken(), 0);
}

TEST_F(ClientSessionTest, KeepsAQuarterMoreToReadIntoAgain) {
  std::string lines;
  for (int row = 0; row < 100'000; ++row) lines += fmt::format("{},a text of some length\n", row);
  const auto schema =
      arrow::schema({arrow::field("k", arrow::int64()), arrow::field("s", arrow::utf8())});
  testing::WriteParquet(directory_.File("large.parquet"), *testing::TableOf(schema, lines),
                        {.page_rows = 10'000, .dictionary = false});
  constexpr int64_t kCacheBytes = int64_t{1} << 20;
  const int64_t before = arrow::default_memory_pool()->bytes_allocated();
  {
    Session session({.cache_bytes = kCacheBytes});
    RowsWhere(Require(OpenTable(&session, directory_.File("large.parquet"))), 7777);
    const int64_t kept = arrow::default_memory_pool()->bytes_allocated() - before;
    EXPECT_GT(kept, 0);
    EXPECT_LE(kept, kCacheBytes / 2 + session.budget()->taken());
  }
  EXPECT_EQ(arrow::default_memory_pool()->bytes_allocated(), before);
}

TEST(CacheBytesTest, AreASixteenthAndAtMost256MiB) {
  EXPECT_EQ(CacheBytesOf(int64_t{160} << 20), int64_t{10} << 20);
  EXPECT_EQ(CacheBytesOf(int64_t{4} << 30), int64_t{256} << 20);
  EXPECT_EQ(CacheBytesOf(int64_t{1} << 40), int64_t{256} << 20);
}

TEST_F(ClientSessionTest, TablesOutliveIt) {
  std::shared_ptr<const Table> table;
  {
    Session session;
    table = Require(OpenTable(&session, directory_.File("a")));
  }
  EXPECT_THAT(RowsWhere(table, 40'004), ::testing::ElementsAre("40004, 1000 of a"));
}

}  // namespace
}  // namespace skyhook::client
