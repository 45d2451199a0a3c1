// Columns that are put behind each other.
#include "skyhook/vector/column.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::vector {
namespace {

using testing::Require;

std::shared_ptr<arrow::Array> Numbers(const std::vector<std::optional<int64_t>>& values) {
  arrow::Int64Builder builder;
  for (const auto& value : values) Require(builder.AppendOrNull(value));
  return Require(builder.Finish());
}

Column ColumnOf(const std::shared_ptr<arrow::Array>& array) {
  return Require(Column::FromArray(array));
}

TEST(JoinedColumns, HoldTheRowsOfAllAsArrowConcatenatesThem) {
  const std::vector<arrow::ArrayVector> cases = {
      {Numbers({1, 2, 3}), Numbers({4}), Numbers({})},
      {Numbers({1, 2}), Numbers({std::nullopt, 4}), Numbers({5})},
      {Numbers({std::nullopt}), Numbers({std::nullopt, 4})},
  };
  for (const arrow::ArrayVector& arrays : cases) {
    std::vector<Column> columns;
    for (const auto& array : arrays) columns.push_back(ColumnOf(array));
    for (size_t i = 1; i < columns.size(); ++i) EXPECT_TRUE(columns[i - 1].Joins(columns[i]));
    const auto joined = Require(Require(Column::Joined(columns)).ToArray());
    EXPECT_TRUE(joined->Equals(*Require(arrow::Concatenate(arrays)))) << joined->ToString();
  }
}

TEST(JoinedColumns, KeepTheirDictionary) {
  const auto dictionary = std::make_shared<const Column>(ColumnOf(Numbers({10, 20})));
  const auto codes = [&](const std::vector<int32_t>& values) {
    arrow::Int32Builder builder;
    Require(builder.AppendValues(values));
    return Require(Column::FromIndices(*Require(builder.Finish())->data(), dictionary));
  };
  const std::vector<Column> columns = {codes({0, 1}), codes({1})};
  ASSERT_TRUE(columns[0].Joins(columns[1]));
  const Column joined = Require(Column::Joined(columns));
  EXPECT_EQ(joined.dictionary(), dictionary);
  EXPECT_TRUE(Require(Require(joined.Flatten()).ToArray())->Equals(*Numbers({10, 20, 20})));
}

TEST(JoinedColumns, OthersDoNotJoin) {
  const Column numbers = ColumnOf(Numbers({1, 2}));
  const Column text = ColumnOf(Require(arrow::MakeArrayOfNull(arrow::utf8_view(), 2)));
  EXPECT_FALSE(text.Joins(text)) << "its views count the buffers of one column";
  EXPECT_FALSE(numbers.Joins(text));
  EXPECT_FALSE(numbers.Joins(Column::Constant(arrow::MakeScalar(int64_t{1}), 2)));
  const auto of = [&](const Column& values) {
    arrow::Int32Builder builder;
    Require(builder.AppendValues({0, 0}));
    return Require(Column::FromIndices(*Require(builder.Finish())->data(),
                                       std::make_shared<const Column>(values)));
  };
  EXPECT_FALSE(of(numbers).Joins(of(numbers))) << "each has a dictionary of its own";
  EXPECT_FALSE(of(numbers).Joins(numbers));
}

}  // namespace
}  // namespace skyhook::vector
