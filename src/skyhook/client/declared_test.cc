#include "skyhook/client/declared.h"

#include <arrow/builder.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/client/scan.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::client {
namespace {

using ::testing::ElementsAre;
using testing::Require;

std::shared_ptr<arrow::Schema> Declared() {
  return arrow::schema(
      {arrow::field("text", arrow::large_utf8()), arrow::field("view", arrow::utf8_view()),
       arrow::field("word", arrow::dictionary(arrow::int8(), arrow::utf8())),
       arrow::field("money", arrow::decimal128(15, 2)),
       arrow::field("small", arrow::decimal64(9, 3)), arrow::field("day", arrow::date64())});
}

TEST(DeclaredTest, PlainColumnsKeepTheirDeclaredTypes) {
  const plan::Pipeline pipeline = testing::ReadAll(*Declared());
  EXPECT_EQ(DeclaredSchema(pipeline, *Declared())->ToString(),
            "text: large_string\nview: string\n"
            "word: dictionary<values=string, indices=int32, ordered=0>\n"
            "money: decimal128(15, 2)\nsmall: decimal128(9, 3)\nday: date64[ms]");
}

TEST(DeclaredTest, MinimumKeepsTheTypeAndSumHasItsOwn) {
  plan::Pipeline pipeline = testing::Read(*Declared(), {"text", "money"});
  pipeline.aggregate = plan::Aggregate{{0},
                                       {{plan::AggregateFunction::kMin, 0, -1, "least"},
                                        {plan::AggregateFunction::kSum, 1, -1, "total"},
                                        {plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  EXPECT_EQ(DeclaredSchema(pipeline, *Declared())->ToString(),
            "text: large_string\nleast: large_string\ntotal: decimal128(38, 2)\nn: int64");
}

TEST(DeclaredTest, BatchesAreShownInDeclaredTypes) {
  arrow::StringViewBuilder text;
  Require(text.Append("a text longer than twelve bytes"));
  Require(text.AppendNull());
  arrow::Decimal64Builder money(arrow::decimal64(15, 2));
  Require(money.Append(arrow::Decimal64(-12345)));
  Require(money.AppendNull());
  arrow::Date32Builder day;
  Require(day.Append(1));
  Require(day.AppendNull());
  const arrow::ArrayVector columns = {Require(text.Finish()), Require(money.Finish()),
                                      Require(day.Finish())};
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema(
          {arrow::field("text", columns[0]->type()), arrow::field("word", columns[0]->type()),
           arrow::field("money", columns[1]->type()), arrow::field("day", columns[2]->type())}),
      2, {columns[0], columns[0], columns[1], columns[2]});
  const auto schema = arrow::schema(
      {arrow::field("text", arrow::large_utf8()),
       arrow::field("word", arrow::dictionary(arrow::int32(), arrow::utf8())),
       arrow::field("money", arrow::decimal128(15, 2)), arrow::field("day", arrow::date64())});
  const auto shown = Require(ToDeclared(*batch, schema));
  Require(shown->ValidateFull());
  EXPECT_TRUE(shown->schema()->Equals(*schema));
  EXPECT_THAT(
      testing::RowsOf(*shown),
      ElementsAre("a text longer than twelve bytes, a text longer than twelve bytes, -123.45, "
                  "1970-01-02",
                  "NULL, NULL, NULL, NULL"));
}

TEST(DeclaredTest, AValueThatDoesNotFitNamesItsColumn) {
  arrow::Int64Builder big;
  Require(big.Append(1000));
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::int64())}), 1,
                                              {Require(big.Finish())});
  EXPECT_THAT(ToDeclared(*batch, arrow::schema({arrow::field("x", arrow::int8())})),
              testing::FailsWith(arrow::StatusCode::Invalid, "column 'x' as int8"));
}

}  // namespace
}  // namespace skyhook::client
