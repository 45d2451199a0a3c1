#include "skyhook/client/declared.h"

#include <arrow/builder.h>
#include <arrow/json/from_string.h>
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

TEST(DeclaredTest, HalvesFixedBytesAndWideDecimalsComeBack) {
  const auto declared = arrow::schema(
      {arrow::field("half", arrow::float16()), arrow::field("id", arrow::fixed_size_binary(2)),
       arrow::field("code", arrow::dictionary(arrow::int8(), arrow::fixed_size_binary(2))),
       arrow::field("wide", arrow::decimal256(20, 2)),
       arrow::field("wider", arrow::decimal256(40, 2))});
  auto pipeline = testing::ReadAll(*declared);
  EXPECT_EQ(pipeline.input->ToString(),
            "half: float\nid: binary_view\ncode: binary_view\nwide: decimal128(20, 2)\n"
            "wider: decimal256(40, 2)");
  const auto schema = DeclaredSchema(pipeline, *declared);
  EXPECT_EQ(schema->ToString(),
            "half: halffloat\nid: fixed_size_binary[2]\n"
            "code: dictionary<values=fixed_size_binary[2], indices=int32, ordered=0>\n"
            "wide: decimal256(20, 2)\nwider: decimal256(40, 2)");
  arrow::ArrayVector columns;
  const std::vector<std::string> json = {"[1.5, null]", R"(["ab", null])", R"(["cd", null])",
                                         R"(["-1.25", null])", R"(["1.25", null])"};
  for (int i = 0; i < pipeline.input->num_fields(); ++i) {
    columns.push_back(Require(arrow::json::ArrayFromJSONString(pipeline.input->field(i)->type(),
                                                               json[static_cast<size_t>(i)])));
  }
  const auto shown =
      Require(ToDeclared(*arrow::RecordBatch::Make(pipeline.input, 2, columns), schema));
  Require(shown->ValidateFull());
  EXPECT_THAT(testing::RowsOf(*shown),
              ElementsAre("1.5, ab, cd, -1.25, 1.25", "NULL, NULL, NULL, NULL, NULL"));
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
