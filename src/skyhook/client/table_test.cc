#include "skyhook/client/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using arrow::StatusCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::Require;

using Fields = std::vector<std::pair<std::string, std::shared_ptr<arrow::DataType>>>;

class TableTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  void Write(const std::string& name, const Fields& fields, const std::string& lines) {
    arrow::FieldVector schema;
    for (const auto& [column, type] : fields) schema.push_back(arrow::field(column, type));
    const auto table = testing::TableOf(arrow::schema(schema), lines);
    if (name.ends_with(".arrow")) {
      testing::WriteIpc(directory_.File(name), *table);
    } else {
      testing::WriteParquet(directory_.File(name), *table);
    }
  }

  std::shared_ptr<const Table> Open(const std::string& name, const OpenOptions& options = {}) {
    return Require(OpenTable(Path(name), options));
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(TableTest, OpensAFile) {
  Write("t.parquet", {{"a", arrow::int32()}, {"b", arrow::utf8()}}, "1,x\n2,y\n3,z");
  const auto table = Open("t.parquet");
  EXPECT_EQ(table->name, Path("t.parquet"));
  EXPECT_EQ(table->schema->ToString(), "a: int32\nb: string");
  EXPECT_EQ(table->num_rows(), 3);
  ASSERT_EQ(table->fragments.size(), 1u);
  EXPECT_EQ(table->num_bytes(), table->fragments[0].description.bytes);
  EXPECT_EQ(table->fragments[0].description.id.name, Path("t.parquet"));
}

TEST_F(TableTest, OpensADirectoryOfBothFormatsInOrderOfPaths) {
  Write("d/b.parquet", {{"a", arrow::int32()}}, "1");
  Write("d/a/z.arrow", {{"a", arrow::int32()}}, "2\n3");
  Write("d/_metadata.parquet", {{"other", arrow::int32()}}, "2");
  const auto table = Open("d");
  ASSERT_EQ(table->fragments.size(), 2u);
  EXPECT_EQ(table->fragments[0].description.id.name, Path("d/a/z.arrow"));
  EXPECT_EQ(table->fragments[1].description.id.name, Path("d/b.parquet"));
  EXPECT_EQ(table->num_rows(), 3);
}

TEST_F(TableTest, UnitesSchemasByName) {
  Write("1.parquet", {{"a", arrow::int32()}, {"b", arrow::utf8()}}, "1,x");
  Write("2.parquet", {{"c", arrow::float64()}, {"a", arrow::int32()}}, "0.5,2");
  EXPECT_EQ(Open("*.parquet")->schema->ToString(), "a: int32\nb: string\nc: double");
}

TEST_F(TableTest, DeclarationsOfOneEngineTypeGoTogether) {
  Write("1.parquet", {{"a", arrow::utf8()}}, "x");
  Write("2.parquet", {{"a", arrow::large_utf8()}}, "y");
  EXPECT_EQ(Open("*.parquet")->schema->ToString(), "a: string");
}

TEST_F(TableTest, AColumnOfNullsTakesTheTypeOfTheOthers) {
  Write("1.arrow", {{"a", arrow::null()}}, "NULL");
  Write("2.arrow", {{"a", arrow::int64()}}, "1");
  Write("3.arrow", {{"a", arrow::null()}}, "NULL");
  EXPECT_EQ(Open("*.arrow")->schema->ToString(), "a: int64");
}

TEST_F(TableTest, AConflictOfTypesNamesBothFiles) {
  Write("1.parquet", {{"a", arrow::int32()}}, "1");
  Write("2.parquet", {{"b", arrow::int32()}}, "1");
  Write("3.parquet", {{"a", arrow::utf8()}}, "x");
  const auto opened = OpenTable(Path("*.parquet"));
  EXPECT_THAT(opened,
              AllOf(FailsWith(StatusCode::Invalid, "column 'a' is int32 in '" + Path("1.parquet")),
                    FailsWith(StatusCode::Invalid, "string in '" + Path("3.parquet"))));
}

TEST_F(TableTest, FoldersBecomeColumns) {
  Write("t/year=2023/month=1/a.parquet", {{"x", arrow::int32()}}, "1");
  Write("t/year=2024/month=2/a.parquet", {{"x", arrow::int32()}}, "2");
  const auto table = Open("t");
  EXPECT_EQ(table->schema->ToString(), "x: int32\nyear: int64\nmonth: int64");
  EXPECT_THAT(table->partition_columns, ElementsAre("year", "month"));
  ASSERT_EQ(table->fragments.size(), 2u);
  EXPECT_EQ(table->fragments[1].partition_values[0]->ToString(), "2024");
  EXPECT_EQ(table->fragments[1].partition_values[1]->ToString(), "2");
}

TEST_F(TableTest, AFolderReplacesAColumnOfTheFile) {
  Write("t/k=5/a.parquet", {{"k", arrow::utf8()}, {"x", arrow::int32()}}, "other,1");
  EXPECT_EQ(Open("t")->schema->ToString(), "x: int32\nk: int64");
}

TEST_F(TableTest, FoldersCanBeLeftAlone) {
  Write("t/k=5/a.parquet", {{"x", arrow::int32()}}, "1");
  const auto table = Open("t", {.hive_partitioning = false});
  EXPECT_EQ(table->schema->ToString(), "x: int32");
  EXPECT_TRUE(table->partition_columns.empty());
}

TEST_F(TableTest, MoreFilesThanAProcessMayHoldOpen) {
  Write("one.parquet", {{"x", arrow::int32()}}, "1\n2");
  for (int i = 0; i < 1100; ++i) {
    const std::string link = directory_.File("many/" + std::to_string(i) + ".parquet");
    ASSERT_EQ(::link(Path("one.parquet").c_str(), link.c_str()), 0);
  }
  const auto table = Open("many");
  EXPECT_EQ(table->fragments.size(), 1100u);
  EXPECT_EQ(table->num_rows(), 2200);
}

TEST_F(TableTest, WhatIsNoParquetFileIsNamed) {
  Write("t/a.parquet", {{"x", arrow::int32()}}, "1");
  testing::WriteBytes(directory_.File("t/b.parquet"), "PAR1 and then nothing of the kind");
  EXPECT_THAT(OpenTable(Path("t")),
              AllOf(FailsWith(base::Code::kCorruptData, Path("t/b.parquet")),
                    FailsWith(base::Code::kCorruptData, "opening '" + Path("t") + "'")));
}

TEST_F(TableTest, NothingThereIsTheUsersMistake) {
  EXPECT_THAT(OpenTable(Path("absent.parquet")), FailsWith(StatusCode::IOError, "absent.parquet"));
  EXPECT_THAT(OpenTable(Path("*.parquet")), FailsWith(StatusCode::Invalid, "nothing matches"));
}

TEST_F(TableTest, AFileThatMayNotBeReadIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  Write("secret.parquet", {{"x", arrow::int32()}}, "1");
  ASSERT_EQ(::chmod(Path("secret.parquet").c_str(), 0), 0);
  EXPECT_THAT(OpenTable(Path("secret.parquet")),
              FailsWith(StatusCode::IOError, "secret.parquet': Permission denied"));
}

TEST_F(TableTest, KnowsWhatATableLooksLike) {
  Write("t/sub/a.parquet", {{"x", arrow::int32()}}, "1");
  testing::WriteBytes(directory_.File("u/readme.md"), "");
  EXPECT_TRUE(LooksLikeTable("lineitem.parquet"));
  EXPECT_TRUE(LooksLikeTable("x.feather"));
  EXPECT_TRUE(LooksLikeTable("data/*/x"));
  EXPECT_TRUE(LooksLikeTable(Path("t")));
  EXPECT_FALSE(LooksLikeTable(Path("u")));
  EXPECT_FALSE(LooksLikeTable("lineitem"));
  EXPECT_FALSE(LooksLikeTable("data.csv"));
  EXPECT_FALSE(LooksLikeTable(""));
}

}  // namespace
}  // namespace skyhook::client
