// Nested values of many rows in SQL, as DuckDB's native table of the same rows has them.
#include "skyhook/sql/query_testing.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::sql {
namespace {

// More than one chunk of the kernel, and than one batch of a reader.
constexpr int kRows = 10'000;

/// A name for each shape, and what has it of row i. As text where DuckDB does not write the type to
/// Parquet.
const std::vector<std::pair<std::string, std::string>> kShapes = {
    {"one", "{'a': i, 't': 'text ' || i}"},
    {"two", "{'b': {'c': i, 't': 'text ' || i}}"},
    {"three", "{'a': {'b': {'c': i, 'd': i * 0.5::DOUBLE}}, 'x': i + 1}"},
    {"nulls",
     "CASE WHEN i % 7 <> 0 THEN {'b': CASE WHEN i % 5 <> 0 THEN {'c': CASE WHEN i % 3 <> 0 THEN i "
     "END, 'f': i % 2 = 0} END} END"},
    {"list", "CASE WHEN i % 11 <> 0 THEN range(i, i + i % 4) END"},
    {"list_in", "{'a': {'b': CASE WHEN i % 5 <> 0 THEN range(i, i + i % 3) END, 'c': i}}"},
    {"of_structs", "[{'a': i, 'b': {'c': i * 2}}, {'a': -i, 'b': {'c': -i * 2}}]"},
    {"in_lists", "{'l': [{'s': {'a': i, 'l': ['x' || i, NULL]}}, NULL]}"},
    {"map", "MAP {'k' || i % 3: {'b': {'c': i}}}"},
    {"in_map", "{'m': {'n': MAP {i: 'v' || i}}}"},
    {"fixed", "{'a': {'b': [i, i + 1, i + 2]::INTEGER[3]}}"},
};

class NestedValuesTest : public ::testing::Test {
 protected:
  NestedValuesTest() {
    std::string columns = "i AS id";
    for (const auto& [name, value] : kShapes) columns += fmt::format(", {} AS {}", value, name);
    Do(fmt::format("CREATE TABLE native AS SELECT {} FROM range({}) r(i)", columns, kRows));
    Do(fmt::format("COPY native TO '{}' (ROW_GROUP_SIZE {})", directory_.File("t.parquet"), kRows));
    skyhook::testing::WriteIpc(directory_.File("t.arrow"),
                               *Ask(*connection_, "FROM native ORDER BY id").table, kRows);
  }

  void Do(const std::string& sql) { Ask(*connection_, sql); }
  /// Over both files, with and without pushdown, as over the native table.
  void ExpectNative(const std::string& select, const std::string& rest) {
    const auto over = [&](const std::string& table) {
      return Rows(*Ask(*connection_, fmt::format("{} FROM {} {}", select, table, rest)).table);
    };
    const auto expected = over("native");
    for (const std::string file : {"t.parquet", "t.arrow"}) {
      for (const std::string pushdown : {"true", "false"}) {
        Do("SET skyhook_pushdown = " + pushdown);
        ASSERT_EQ(over(fmt::format("'{}'", directory_.File(file))), expected)
            << file << ", pushdown " << pushdown << ": " << select << " " << rest;
      }
    }
  }

  testing::TemporaryDirectory directory_;
  std::unique_ptr<Connection> connection_ = TestConnection();
};

TEST_F(NestedValuesTest, AreThoseOfTheirRows) {
  for (const auto& [name, value] : kShapes) {
    const std::string select =
        fmt::format("SELECT id, {}{}", name, name == "fixed" ? "::VARCHAR" : "");
    for (const std::string where : {"true", "id % 97 = 3"}) {
      ExpectNative(select, "WHERE " + where + " ORDER BY id");
    }
    ExpectNative(select, "ORDER BY id DESC LIMIT 5");
  }
}

TEST_F(NestedValuesTest, AreCountedAndCompared) {
  ExpectNative("SELECT sum(two.b.c), max(three.a.b.c), count(nulls.b.c), count(two)", "");
  ExpectNative("SELECT count(DISTINCT two), count(DISTINCT of_structs)", "");
  ExpectNative("SELECT id", "WHERE two = {'b': {'c': 7000, 't': 'text 7000'}}");
}

TEST_F(NestedValuesTest, UnionsAreThoseOfTheirRows) {
  constexpr int kUnions = 6000;
  arrow::Int64Builder ids;
  arrow::Int8Builder types;
  arrow::StringBuilder texts;
  for (int i = 0; i < kUnions; ++i) {
    Require(ids.Append(i));
    Require(types.Append(static_cast<int8_t>(i % 2)));
    Require(texts.Append(fmt::format("text {}", i)));
  }
  const auto numbers = Require(ids.Finish());
  const auto values = Require(arrow::SparseUnionArray::Make(
      *Require(types.Finish()), arrow::ArrayVector{numbers, Require(texts.Finish())},
      std::vector<std::string>{"n", "t"}));
  const auto within =
      Require(arrow::StructArray::Make(arrow::ArrayVector{values}, std::vector<std::string>{"u"}));
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("u", values->type()),
                     arrow::field("s", within->type())});
  const auto path = directory_.File("unions.arrow");
  skyhook::testing::WriteIpc(path, *arrow::Table::Make(schema, {numbers, values, within}), kUnions);
  EXPECT_EQ(
      Ask(*connection_, fmt::format("SELECT id FROM '{}' WHERE u::VARCHAR <> s.u::VARCHAR OR "
                                    "u::VARCHAR <> if(id % 2 = 0, id::VARCHAR, 'text ' || id)",
                                    path))
          .table->num_rows(),
      0);
}

// As Polars writes them to Arrow files.
TEST_F(NestedValuesTest, ViewsAreTakenFromStructsAndLists) {
  arrow::StringViewBuilder texts;
  arrow::Int32Builder offsets;
  arrow::Int64Builder ids;
  for (int i = 0; i < 6000; ++i) {
    Require(texts.Append(fmt::format("a text of some length, {}", i)));
    Require(offsets.Append(i));
    Require(ids.Append(i));
  }
  Require(offsets.Append(6000));
  const auto values = Require(texts.Finish());
  const arrow::ArrayVector columns = {
      Require(ids.Finish()),
      Require(arrow::StructArray::Make({values}, std::vector<std::string>{"b"})),
      Require(arrow::ListArray::FromArrays(*Require(offsets.Finish()), *values))};
  const auto schema =
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("st", columns[1]->type()),
                     arrow::field("l", columns[2]->type())});
  skyhook::testing::WriteIpc(directory_.File("views.arrow"), *arrow::Table::Make(schema, columns),
                             6000);
  const auto rows = Rows(*Ask(*connection_, fmt::format("SELECT st.b AS b, l[1] AS l FROM '{}' "
                                                        "WHERE id <> 5998 ORDER BY id DESC LIMIT 2",
                                                        directory_.File("views.arrow")))
                              .table);
  EXPECT_THAT(rows,
              ::testing::ElementsAre("a text of some length, 5999, a text of some length, 5999",
                                     "a text of some length, 5997, a text of some length, 5997"));
}

}  // namespace
}  // namespace skyhook::sql
