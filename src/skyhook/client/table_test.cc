#include "skyhook/client/table.h"

#include <arrow/array/util.h>
#include <arrow/scalar.h>
#include <arrow/util/float16.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skyhook/client/scan.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
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
    return Require(OpenAlone(Path(name), options));
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

TEST_F(TableTest, AHalfOfOneFileIsAFloatWhereAnotherHasFloats) {
  const auto halves = testing::Require(
      arrow::MakeArrayFromScalar(arrow::HalfFloatScalar(arrow::util::Float16(0.5F)), 1));
  testing::WriteIpc(
      Path("1.arrow"),
      *arrow::Table::Make(arrow::schema({arrow::field("a", arrow::float16())}), {halves}));
  Write("2.arrow", {{"a", arrow::float32()}}, "1e6");
  EXPECT_EQ(Open("*.arrow")->schema->ToString(), "a: float");
  EXPECT_EQ(Open("1.arrow")->schema->ToString(), "a: halffloat");
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
  const auto opened = OpenAlone(Path("*.parquet"));
  EXPECT_THAT(opened,
              AllOf(FailsWith(StatusCode::Invalid, "column 'a' is int32 in '" + Path("1.parquet")),
                    FailsWith(StatusCode::Invalid, "string in '" + Path("3.parquet"))));
}

// A file whose columns have Parquet field ids; an id of -1 is none.
class FieldIdTest : public TableTest {
 protected:
  struct Column {
    std::string name;
    int id;
    std::shared_ptr<arrow::DataType> type = arrow::int64();
  };
  void WriteIds(const std::string& name, const std::vector<Column>& columns,
                const std::string& lines) {
    arrow::FieldVector fields;
    for (const Column& column : columns) {
      auto field = arrow::field(column.name, column.type);
      const auto id = arrow::key_value_metadata({"PARQUET:field_id"}, {std::to_string(column.id)});
      fields.push_back(column.id < 0 ? field : field->WithMetadata(id));
    }
    const auto schema = arrow::schema(fields);
    const auto table = testing::TableOf(schema, lines);
    testing::WriteParquet(directory_.File(name),
                          *arrow::Table::Make(schema, table->columns(), table->num_rows()));
  }

  std::vector<std::string> Read(const std::string& name, const std::vector<std::string>& columns) {
    const auto table = Open(name);
    auto scan = Require(Scan::Make(table, testing::Read(*table->schema, columns), {}));
    return testing::RowsOf(*Require(Require(ToReader(scan))->ToTable()));
  }
};

TEST_F(FieldIdTest, ARenamedColumnIsFoundByItsId) {
  WriteIds("1.parquet", {{"a", 1}, {"b", 2}}, "1,10\n2,20");
  WriteIds("2.parquet", {{"b", 2}, {"renamed", 1}, {"c", 3}}, "30,3,300");
  WriteIds("3.parquet", {{"b", -1}, {"a", -1}}, "40,4");
  EXPECT_EQ(Open("*.parquet")->schema->field_names(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_THAT(Read("*.parquet", {"a", "b", "c"}),
              ElementsAre("1, 10, NULL", "2, 20, NULL", "3, 30, 300", "4, 40, NULL"));
  EXPECT_THAT(Read("*.parquet", {"c", "a"}),
              ElementsAre("NULL, 1", "NULL, 2", "300, 3", "NULL, 4"));
}

TEST_F(FieldIdTest, AnIdThatIsLearntLaterCountsFromThen) {
  WriteIds("1.parquet", {{"a", -1}}, "1");
  WriteIds("2.parquet", {{"a", 7}}, "2");
  WriteIds("3.parquet", {{"renamed", 7}}, "3");
  EXPECT_EQ(Open("*.parquet")->schema->field_names(), (std::vector<std::string>{"a"}));
  EXPECT_THAT(Read("*.parquet", {"a"}), ElementsAre("1", "2", "3"));
}

TEST_F(FieldIdTest, FiltersAndStatisticsFollowTheRenamedColumn) {
  WriteIds("1.parquet", {{"a", 1}, {"x", 5}}, "1,7\n2,8");
  WriteIds("2.parquet", {{"renamed", 1}, {"x", 5}}, "3,9\n4,6");
  const auto table = Open("*.parquet");
  auto pipeline = testing::Read(*table->schema, {"a", "x"});
  pipeline.filter = {
      testing::Fn(plan::Function::kGreater, {testing::Col(pipeline, "a"), testing::Lit(2)})};
  auto scan = Require(Scan::Make(table, pipeline, {}));
  EXPECT_THAT(testing::RowsOf(*Require(Require(ToReader(scan))->ToTable())),
              ElementsAre("3, 9", "4, 6"));
  EXPECT_EQ(scan->cost().row_groups_skipped_statistics, 1);
  pipeline.filter.clear();
  pipeline.top_k = plan::TopK{{{0, true, false}}, 2};
  scan = Require(Scan::Make(table, pipeline, {}));
  EXPECT_THAT(testing::RowsOf(*Require(Require(ToReader(scan))->ToTable())),
              ElementsAre("4, 6", "3, 9"));
  EXPECT_FALSE(Require(MayHoldNull(*table, "a")));
}

TEST_F(FieldIdTest, IdsAndNamesThatContradictEachOtherNameBothFiles) {
  WriteIds("same/1.parquet", {{"a", 1}}, "1");
  WriteIds("same/2.parquet", {{"a", 2}}, "2");
  EXPECT_THAT(OpenAlone(Path("same")),
              AllOf(FailsWith(StatusCode::Invalid, "field id 1 in '" + Path("same/1.parquet")),
                    FailsWith(StatusCode::Invalid, "but 2 in '" + Path("same/2.parquet"))));
  WriteIds("swapped/1.parquet", {{"a", 1}, {"b", 2}}, "1,2");
  WriteIds("swapped/2.parquet", {{"b", 1}, {"a", 2}}, "3,4");
  EXPECT_THAT(OpenAlone(Path("swapped")),
              FailsWith(StatusCode::Invalid, "column 'b' of '" + Path("swapped/2.parquet")));
  // The name that the first column has in the second file is another column's in the third.
  WriteIds("reused/1.parquet", {{"a", 1}}, "1");
  WriteIds("reused/2.parquet", {{"b", 1}}, "2");
  WriteIds("reused/3.parquet", {{"b", 2}}, "3");
  EXPECT_THAT(OpenAlone(Path("reused")), FailsWith(StatusCode::Invalid, "column 'b' has field id"));
  WriteIds("twice/1.parquet", {{"a", 1}, {"b", 1}}, "1,2");
  EXPECT_THAT(OpenAlone(Path("twice")), FailsWith(StatusCode::Invalid, "'b' and another column"));
}

TEST_F(FieldIdTest, AConflictOfTypesNamesBothFilesAcrossNames) {
  WriteIds("1.parquet", {{"a", 1}}, "1");
  WriteIds("2.parquet", {{"b", 1, arrow::utf8()}}, "x");
  EXPECT_THAT(OpenAlone(Path("*.parquet")),
              AllOf(FailsWith(StatusCode::Invalid, "column 'a' is int64 in '" + Path("1.parquet")),
                    FailsWith(StatusCode::Invalid, "string in '" + Path("2.parquet"))));
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
  EXPECT_THAT(OpenAlone(Path("t")),
              AllOf(FailsWith(base::Code::kCorruptData, Path("t/b.parquet")),
                    FailsWith(base::Code::kCorruptData, "opening '" + Path("t") + "'")));
}

TEST_F(TableTest, NothingThereIsTheUsersMistake) {
  EXPECT_THAT(OpenAlone(Path("absent.parquet")), FailsWith(StatusCode::IOError, "absent.parquet"));
  EXPECT_THAT(OpenAlone(Path("*.parquet")), FailsWith(StatusCode::IOError, "nothing matches"));
}

TEST_F(TableTest, AFileThatMayNotBeReadIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  Write("secret.parquet", {{"x", arrow::int32()}}, "1");
  ASSERT_EQ(::chmod(Path("secret.parquet").c_str(), 0), 0);
  EXPECT_THAT(OpenAlone(Path("secret.parquet")),
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
