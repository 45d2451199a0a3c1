// Columns that are handed out as dictionaries: the same rows, whatever they were stored as.
#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/extension/uuid.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "skyhook/base/status.h"
#include "skyhook/client/scan.h"
#include "skyhook/client/session_testing.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/testing/temporary_directory.h"

namespace skyhook::client {
namespace {

using testing::Col;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;

constexpr int64_t kRows = 70'000;

class DictionariesTest : public ::testing::Test {
 protected:
  /// Three files: words, one of which in eleven is null, days and prices, of which there are few,
  /// and names, of which each is another. The second file has no dictionaries, the third one of
  /// each column.
  void SetUp() override {
    std::string lines;
    for (int64_t row = 0; row < kRows; ++row) {
      const std::string word =
          row % 11 == 3 ? "NULL" : fmt::format("a word with number {}", row % 7);
      lines += fmt::format("{},{},1994-01-{:02},{}.50,name of {}\n", row, word, row % 28 + 1,
                           row % 40, row);
    }
    const auto table = testing::TableOf(Schema(), lines);
    testing::WriteParquet(directory_.File("t/0.parquet"), *table, {.row_group_rows = 12'000});
    testing::WriteParquet(directory_.File("t/1.parquet"), *table, {.dictionary = false});
    testing::WriteParquet(directory_.File("t/2.parquet"), *table);
    table_ = Require(OpenAlone(directory_.path() + "/t"));
  }

  static std::shared_ptr<arrow::Schema> Schema() {
    return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("word", arrow::utf8()),
                          arrow::field("day", arrow::date32()),
                          arrow::field("price", arrow::decimal128(9, 2)),
                          arrow::field("name", arrow::utf8())});
  }

  std::shared_ptr<Scan> Make(plan::Pipeline pipeline, std::vector<std::string> dictionaries) {
    ScanOptions options;
    options.dictionaries = std::move(dictionaries);
    return Require(Scan::Make(table_, std::move(pipeline), options));
  }

  /// All rows, after their dictionaries were looked up.
  static std::vector<std::string> Rows(std::shared_ptr<Scan> scan) {
    auto reader = Require(ToReader(std::move(scan)));
    const auto read = Require(reader->ToTable());
    Require(read->ValidateFull());
    arrow::ChunkedArrayVector columns;
    arrow::FieldVector fields;
    for (int i = 0; i < read->num_columns(); ++i) {
      auto column = read->column(i);
      if (column->type()->id() == arrow::Type::DICTIONARY) {
        const auto& type = static_cast<const arrow::DictionaryType&>(*column->type()).value_type();
        arrow::ArrayVector plain;
        for (const auto& chunk : column->chunks()) {
          const auto& coded = static_cast<const arrow::DictionaryArray&>(*chunk);
          plain.push_back(Require(arrow::compute::Take(*coded.dictionary(), *coded.indices())));
        }
        column = Require(arrow::ChunkedArray::Make(std::move(plain), type));
      }
      fields.push_back(arrow::field(read->field(i)->name(), column->type()));
      columns.push_back(column);
    }
    return testing::RowsOf(*arrow::Table::Make(arrow::schema(fields), columns));
  }

  testing::TemporaryDirectory directory_;
  std::shared_ptr<const Table> table_;
};

const std::vector<std::string> kFew{"word", "day", "price"};

TEST_F(DictionariesTest, TheRowsAreTheSame) {
  const auto expected = Rows(Make(testing::ReadAll(*Schema()), {}));
  ASSERT_EQ(expected.size(), 3 * kRows);
  const auto scan = Make(testing::ReadAll(*Schema()), {"word", "day", "price", "name"});
  EXPECT_EQ(scan->declared_schema()->ToString(),
            "id: int64\n"
            "word: dictionary<values=string, indices=int32, ordered=0>\n"
            "day: dictionary<values=date32[day], indices=int32, ordered=0>\n"
            "price: dictionary<values=decimal128(9, 2), indices=int32, ordered=0>\n"
            "name: dictionary<values=string, indices=int32, ordered=0>");
  EXPECT_EQ(Rows(scan), expected);
}

TEST_F(DictionariesTest, AFilterAndFewRowsOfEachDictionary) {
  for (const int64_t one_in : {2, 100, 1'000, 4'000}) {
    plan::Pipeline pipeline = testing::ReadAll(*Schema());
    const auto modulus = Fn(plan::Function::kModulo, {Col(pipeline, "id"), Lit(one_in)});
    pipeline.filter = {Fn(plan::Function::kEqual, {modulus, Lit(int64_t{1})})};
    const auto expected = Rows(Make(pipeline, {}));
    ASSERT_EQ(expected.size(), static_cast<size_t>(3 * ((kRows + one_in - 2) / one_in)));
    EXPECT_EQ(Rows(Make(pipeline, kFew)), expected) << "one in " << one_in;
  }
}

TEST_F(DictionariesTest, WhatIsStoredWithADictionaryComesWithIt) {
  const auto scan = Make(testing::Read(*Schema(), {"word", "name", "price"}), {"word", "name"});
  const auto stream = Require(scan->OpenStream());
  int64_t rows_of_words = 0;
  while (const auto batch = Require(stream->Next())) {
    Require(batch->ValidateFull());
    const auto& type = batch->column(0)->type();
    EXPECT_TRUE(batch->schema()->field(0)->type()->Equals(type));
    if (type->Equals(arrow::dictionary(arrow::int32(), arrow::utf8_view()))) {
      rows_of_words += batch->num_rows();
    } else {
      EXPECT_TRUE(type->Equals(arrow::utf8_view()));
    }
    EXPECT_TRUE(batch->column(1)->type()->Equals(arrow::utf8_view()))
        << "a dictionary of as many values as there are rows";
    EXPECT_TRUE(batch->column(2)->type()->Equals(arrow::decimal64(9, 2)));
  }
  EXPECT_EQ(rows_of_words, 2 * kRows) << "those of the first file and the third";
}

TEST_F(DictionariesTest, WhereRowsDoNotComeAsTheyAreStored) {
  plan::Pipeline limited = testing::Read(*Schema(), {"word", "id"});
  limited.limit = plan::Limit{20};
  EXPECT_EQ(Rows(Make(limited, {"word"})), Rows(Make(limited, {})));
  plan::Pipeline grouped = testing::Read(*Schema(), {"word"});
  grouped.aggregate = plan::Aggregate{{0}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  const auto scan = Make(grouped, {"word"});
  EXPECT_EQ(scan->declared_schema()->field(0)->type()->id(), arrow::Type::DICTIONARY);
  auto groups = Rows(scan);
  auto expected = Rows(Make(grouped, {}));
  std::sort(groups.begin(), groups.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(groups, expected);
  EXPECT_EQ(groups.size(), 8u);
}

TEST_F(DictionariesTest, NamesOfNoColumnAreRefused) {
  ScanOptions options;
  options.dictionaries = {"colour"};
  EXPECT_THAT(Scan::Make(table_, testing::ReadAll(*Schema()), options),
              FailsWith(arrow::StatusCode::Invalid, "no one column 'colour'"));
  const auto lists = arrow::schema({arrow::field("x", arrow::list(arrow::int64()))});
  const auto values = Require(arrow::MakeArrayOfNull(lists->field(0)->type(), 3));
  testing::WriteIpc(directory_.File("l/0.arrow"), *arrow::Table::Make(lists, {values}));
  options.dictionaries = {"x"};
  EXPECT_THAT(
      Scan::Make(Require(OpenAlone(directory_.path() + "/l")), testing::ReadAll(*lists), options),
      FailsWith(arrow::StatusCode::Invalid, "column 'x' is list<item: int64>, of which"));
}

// Arrow makes no dictionaries of them: the scan would fail in its midst.
TEST_F(DictionariesTest, ExtensionTypesAreRefused) {
  const auto schema = arrow::schema({arrow::field("id", arrow::extension::uuid())});
  const auto values = Require(arrow::MakeArrayOfNull(schema->field(0)->type(), 3));
  testing::WriteIpc(directory_.File("u/0.arrow"), *arrow::Table::Make(schema, {values}));
  ScanOptions options;
  options.dictionaries = {"id"};
  EXPECT_THAT(
      Scan::Make(Require(OpenAlone(directory_.path() + "/u")), testing::ReadAll(*schema), options),
      FailsWith(arrow::StatusCode::Invalid, "column 'id' is extension<arrow.uuid>, of which"));
}

}  // namespace
}  // namespace skyhook::client
