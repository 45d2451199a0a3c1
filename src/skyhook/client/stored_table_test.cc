#include "skyhook/client/stored_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "skyhook/client/scan.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/client/specialisation.h"
#include "skyhook/objects/local/local_store.h"
#include "skyhook/table/table_testing.h"
#include "skyhook/testing/corpus.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using arrow::StatusCode;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::IsOk;
using testing::Require;

/// A table of three files in a directory: of the numbers from 0, 1000 and 2000, 300 each.
class StoredTableTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const int64_t first : {0, 1000, 2000}) Append(first);
  }
  table::Manifest Append(int64_t first) {
    const auto file = table::CountingFile(fmt::format("{}.parquet", first), first, 300, 100);
    return Require(table::Put(store_.get(), "t", {file},
                              table::SmallObjects(first == 0 ? table::Existing::kRefuse
                                                             : table::Existing::kAppend)))
        .snapshot;
  }
  std::string Uri(const std::string& name) const { return directory_.path() + "/" + name; }
  std::string ObjectOf(const table::StoredFragment& fragment) const {
    return Uri(table::ObjectOf("t", fragment.object));
  }
  table::Snapshot Current() { return Require(table::ReadSnapshot(store_.get(), "t", "")); }

  /// The numbers that a scan of `table` returns where `filter` (none: everywhere) holds.
  arrow::Result<std::vector<int64_t>> Numbers(const std::shared_ptr<const Table>& table,
                                              const plan::ExpressionPtr& filter = nullptr) {
    plan::Pipeline pipeline = testing::Read(*table->schema, {"n"});
    if (filter != nullptr) pipeline.filter = {filter};
    ARROW_ASSIGN_OR_RAISE(auto scan, Scan::Make(table, std::move(pipeline), {}));
    ARROW_ASSIGN_OR_RAISE(const auto reader, ToReader(scan));
    std::vector<int64_t> numbers;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) break;
      const auto& column = static_cast<const arrow::Int64Array&>(*batch->column(0));
      for (int64_t i = 0; i < column.length(); ++i) numbers.push_back(column.Value(i));
    }
    cost_ = scan->cost();
    return numbers;
  }
  plan::ExpressionPtr Below(const Table& table, int64_t value) const {
    return testing::Fn(plan::Function::kLess,
                       {testing::Col(testing::ReadAll(*table.schema), "n"), testing::Lit(value)});
  }

  testing::TemporaryDirectory directory_;
  std::shared_ptr<objects::ObjectStore> store_ = objects::local::MakeLocalStore(directory_.path());
  plan::Cost cost_;
};

TEST_F(StoredTableTest, IsADirectoryWithAPointer) {
  EXPECT_TRUE(IsStoredTable(Uri("t")));
  EXPECT_TRUE(IsStoredTable(Uri("t/")));
  EXPECT_TRUE(IsStoredTable(Uri("t@1")));
  EXPECT_TRUE(IsStoredTable("rados://p/t"));
  EXPECT_TRUE(IsStoredTable("rados://p")) << "whatever is wrong with it is said when it is opened";
  EXPECT_FALSE(IsStoredTable(directory_.path()));
  EXPECT_FALSE(IsStoredTable(Uri("other")));
  EXPECT_FALSE(IsStoredTable("s3://bucket/t"));
  EXPECT_FALSE(IsStoredTable(""));
}

TEST_F(StoredTableTest, ItsManifestDescribesIt) {
  const auto snapshot = Current();
  // Nobody looks at the objects.
  for (const auto& fragment : snapshot.fragments) std::filesystem::remove(ObjectOf(fragment));
  const auto table = Require(OpenAlone(Uri("t")));
  EXPECT_EQ(table->name, Uri("t"));
  EXPECT_EQ(table->num_rows(), 900);
  EXPECT_EQ(table->num_bytes(), snapshot.num_bytes());
  EXPECT_THAT(table->schema->field_names(), ElementsAre("n", "t"));
  ASSERT_EQ(table->fragments.size(), 3u);
  const auto& last = table->fragments[2];
  EXPECT_EQ(last.description.id.name, ObjectOf(snapshot.fragments[2]));
  EXPECT_EQ(last.description.id.version, "") << "it is learnt at first touch";
  EXPECT_EQ(last.description.id.bytes, snapshot.fragments[2].bytes);
  EXPECT_THAT(
      last.description.row_groups,
      ElementsAre(plan::RowRange{0, 100}, plan::RowRange{100, 200}, plan::RowRange{200, 300}));
  EXPECT_FALSE(last.site->profile().remote);
}

TEST_F(StoredTableTest, IsScannedInTheOrderOfItsRows) {
  const auto table = Require(OpenAlone(Uri("t")));
  auto expected = table::NumbersFrom(0, 300);
  for (const int64_t first : {1000, 2000}) {
    const auto more = table::NumbersFrom(first, 300);
    expected.insert(expected.end(), more.begin(), more.end());
  }
  EXPECT_EQ(Require(Numbers(table)), expected);
  EXPECT_EQ(Require(Numbers(Require(OpenAlone(Uri("t@1"))))), table::NumbersFrom(0, 300));
}

TEST_F(StoredTableTest, ATableThatWasOpenedStaysAsItWas) {
  const auto table = Require(OpenAlone(Uri("t@1")));
  Append(3000);
  EXPECT_EQ(Require(Numbers(table)).size(), 300u);
  EXPECT_EQ(Require(Numbers(Require(OpenAlone(Uri("t"))))).size(), 1200u);
}

TEST_F(StoredTableTest, FragmentsAreSkippedByTheManifest) {
  const auto snapshot = Current();
  for (size_t i = 1; i < 3; ++i) std::filesystem::remove(ObjectOf(snapshot.fragments[i]));
  const auto table = Require(OpenAlone(Uri("t")));
  EXPECT_EQ(Require(Numbers(table, Below(*table, 500))), table::NumbersFrom(0, 300));
  EXPECT_EQ(cost_.fragments, 3);
  EXPECT_EQ(cost_.fragments_skipped, 2);
  EXPECT_THAT(Numbers(table, Below(*table, 1001)),
              FailsWith(StatusCode::IOError, snapshot.fragments[1].object));
}

TEST_F(StoredTableTest, WhatAlwaysHoldsIsNotEvaluated) {
  const auto table = Require(OpenAlone(Uri("t")));
  plan::Pipeline pipeline = testing::Read(*table->schema, {"n"});
  pipeline.filter = {Below(*table, 1150)};
  const auto conjuncts = [&](size_t fragment) {
    const auto made = Require(Specialisation::Make(pipeline, *table, table->fragments[fragment]));
    return std::make_pair(made->pipeline()->filter.size(), made->skips());
  };
  EXPECT_EQ(conjuncts(0), std::make_pair(size_t{0}, false));
  EXPECT_EQ(conjuncts(1), std::make_pair(size_t{1}, false));
  EXPECT_TRUE(conjuncts(2).second);
}

TEST_F(StoredTableTest, StatisticsAreThoseOfTheManifest) {
  const auto table = Require(OpenAlone(Uri("t")));
  const auto groups = Require(StatisticsOf(*table, table->fragments[1], "n"));
  ASSERT_EQ(groups.size(), 3u);
  for (const auto& group : groups) {
    ASSERT_TRUE(group.has_value());
    EXPECT_EQ(group->min->ToString(), "1000");
    EXPECT_EQ(group->max->ToString(), "1299");
    EXPECT_EQ(group->num_rows, 100);
    EXPECT_EQ(group->null_count, 0);
  }
  EXPECT_FALSE(Require(MayHoldNull(*table, "n")));
  EXPECT_TRUE(Require(StatisticsOf(*table, table->fragments[1], "nothing")).empty());
}

TEST_F(StoredTableTest, NullsOfSomeRowsAreOfNoCertainRowGroup) {
  const auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  testing::ParquetLayout layout;
  layout.row_group_rows = 2;
  const auto rows = testing::TableOf(schema, "1\n2\nNULL\n4");
  const auto file = base::MakeBufferSource(testing::ParquetBytes(*rows, layout), "f.parquet");
  Require(table::Put(store_.get(), "nulls", {file}, {}));
  const auto table = Require(OpenAlone(Uri("nulls")));
  const auto groups = Require(StatisticsOf(*table, table->fragments[0], "n"));
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0]->null_count, std::nullopt);
  EXPECT_TRUE(Require(MayHoldNull(*table, "n")));
}

TEST_F(StoredTableTest, WhatIsNotThereIsNamed) {
  EXPECT_THAT(OpenAlone(Uri("t@9")),
              FailsWith(StatusCode::IOError, "keeps no snapshot 9; its newest is 3"));
  Session session;
  EXPECT_THAT(OpenStoredTable(&session, Uri("other"), arrow::StopToken::Unstoppable()),
              FailsWith(StatusCode::IOError, "there is no table '" + Uri("other")));
  EXPECT_THAT(OpenAlone("rados://p"),
              FailsWith(StatusCode::Invalid, "not of the form rados://POOL[/NAMESPACE]/TABLE"));
  testing::WriteBytes(Uri(table::ManifestOf("t", Current().id())), "no manifest");
  EXPECT_THAT(OpenAlone(Uri("t")), FailsWith(base::Code::kCorruptData, "_manifest-"));
}

TEST_F(StoredTableTest, AnObjectOfAnotherSizeIsStale) {
  const auto table = Require(OpenAlone(Uri("t")));
  const auto& fragment = table->fragments[0];
  std::filesystem::resize_file(fragment.description.id.name, fragment.description.bytes - 1);
  EXPECT_THAT(Numbers(table), FailsWith(base::Code::kStaleObject, fragment.description.id.name));
}

TEST_F(StoredTableTest, AnObjectThatChangesUnderAScanIsStale) {
  const auto table = Require(OpenAlone(Uri("t")));
  EXPECT_EQ(Require(Numbers(table)).size(), 900u);
  const std::string& path = table->fragments[0].description.id.name;
  const auto copy = directory_.File("copy");
  std::filesystem::copy_file(path, copy);
  std::filesystem::rename(copy, path);
  EXPECT_THAT(Numbers(table), FailsWith(base::Code::kStaleObject, path));
  EXPECT_EQ(Require(Numbers(Require(OpenAlone(Uri("t"))))).size(), 900u)
      << "opened anew, it is what it is";
}

TEST_F(StoredTableTest, ColumnsThatCannotBeReadCannotBeQueried) {
  const std::string name = "incorrect_map_schema.parquet";
  const auto file = base::MakeBufferSource(testing::CorpusBytes("good", name), name);
  Require(table::Put(store_.get(), "maps", {file}, {}));
  EXPECT_THAT(OpenAlone(Uri("maps")),
              FailsWith(base::Code::kUnsupportedPlan, "has no columns that can be read"));
}

}  // namespace
}  // namespace skyhook::client
