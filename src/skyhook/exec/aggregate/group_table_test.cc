// Groups are numbered as a map of the keys' texts numbers them, whatever types and layouts keys
// have.
#include "skyhook/exec/aggregate/group_table.h"

#include <arrow/compute/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <string>

#include "skyhook/testing/matchers.h"

namespace skyhook::exec {
namespace {

using testing::Require;
using Key = std::vector<std::string>;
using TypePtr = std::shared_ptr<arrow::DataType>;
using ArrayPtr = std::shared_ptr<arrow::Array>;

const TypePtr kTypes[] = {
    arrow::boolean(),         arrow::int8(),     arrow::uint16(),  arrow::int32(),
    arrow::int64(),           arrow::float32(),  arrow::float64(), arrow::decimal128(20, 0),
    arrow::decimal256(40, 0), arrow::utf8_view()};

/// Numbers below `range`, and now and then NULL, as values of `type`.
ArrayPtr RandomKeys(const TypePtr& type, int64_t rows, int range, bool nulls,
                    std::mt19937* random) {
  arrow::Int64Builder numbers;
  for (int64_t i = 0; i < rows; ++i) {
    const bool null = nulls && (*random)() % 10 == 0;
    Require(null ? numbers.AppendNull() : numbers.Append((*random)() % range));
  }
  const ArrayPtr array = Require(numbers.Finish());
  const bool text = type->id() == arrow::Type::STRING_VIEW;
  const auto options = arrow::compute::CastOptions::Unsafe(text ? arrow::utf8() : type);
  const ArrayPtr cast = Require(arrow::compute::Cast(*array, options.to_type, options));
  return text ? Require(arrow::compute::Cast(*cast, type)) : cast;
}

ArrayPtr Encoded(const ArrayPtr& array) {
  const bool views = array->type_id() == arrow::Type::STRING_VIEW;
  const ArrayPtr plain = views ? Require(arrow::compute::Cast(*array, arrow::utf8())) : array;
  const ArrayPtr encoded = Require(arrow::compute::DictionaryEncode(plain)).make_array();
  if (!views) return encoded;
  const auto& texts = static_cast<const arrow::DictionaryArray&>(*encoded);
  return Require(arrow::DictionaryArray::FromArrays(
      arrow::dictionary(arrow::int32(), array->type()), texts.indices(),
      Require(arrow::compute::Cast(*texts.dictionary(), array->type()))));
}

Key KeyAt(const std::vector<ArrayPtr>& columns, int64_t row) {
  Key key;
  for (const ArrayPtr& column : columns) key.push_back(Require(column->GetScalar(row))->ToString());
  return key;
}

std::vector<vector::Column> ColumnsOf(const std::vector<ArrayPtr>& arrays) {
  std::vector<vector::Column> out;
  for (const ArrayPtr& array : arrays) out.push_back(Require(vector::Column::FromArray(array)));
  return out;
}

TEST(GroupTableTest, NumbersKeysOfAllTypesInTheOrderOfTheirFirstRows) {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<TypePtr> types(1 + random() % 10);
    for (TypePtr& type : types) type = kTypes[random() % std::size(kTypes)];
    const int range = std::vector<int>{2, 40, 127}[random() % 3];
    const bool nulls = random() % 2 == 0;
    GroupTable table(types);
    std::map<Key, uint32_t> expected;
    std::vector<Key> by_group;
    for (int call = 0; call < 3; ++call) {
      const auto rows = static_cast<int64_t>(random() % 3000);
      std::vector<ArrayPtr> keys;
      std::vector<ArrayPtr> given;
      for (const TypePtr& type : types) {
        keys.push_back(RandomKeys(type, rows, range, nulls, &random));
        given.push_back(random() % 2 == 0 ? keys.back() : Encoded(keys.back()));
      }
      std::vector<uint32_t> groups(static_cast<size_t>(rows));
      Require(table.Assign(ColumnsOf(given), rows, groups.data()));
      const auto hashes = Require(GroupTable::HashesOf(ColumnsOf(given), rows));
      for (int64_t row = 0; row < rows; ++row) {
        const Key key = KeyAt(keys, row);
        const auto [known, is_new] = expected.emplace(key, static_cast<uint32_t>(expected.size()));
        if (is_new) by_group.push_back(key);
        ASSERT_EQ(groups[static_cast<size_t>(row)], known->second) << "row " << row;
        ASSERT_EQ(hashes[static_cast<size_t>(row)], table.HashOf(known->second));
      }
    }
    ASSERT_EQ(table.size(), static_cast<int64_t>(by_group.size()));
    std::vector<int32_t> all(by_group.size());
    std::iota(all.begin(), all.end(), 0);
    std::shuffle(all.begin(), all.end(), random);
    std::vector<ArrayPtr> columns;
    for (const vector::Column& column : Require(table.Keys(all))) {
      columns.push_back(Require(column.ToArray()));
    }
    for (size_t i = 0; i < all.size(); ++i) {
      ASSERT_EQ(KeyAt(columns, static_cast<int64_t>(i)), by_group[static_cast<size_t>(all[i])]);
    }
  }
}

TEST(GroupTableTest, ManyGroupsGrowTheTable) {
  constexpr int64_t kRows = 300'000;
  for (const bool text : {false, true}) {
    std::mt19937 random(7);
    const std::vector<ArrayPtr> keys = {
        RandomKeys(arrow::int64(), kRows, 100'000, true, &random),
        RandomKeys(text ? arrow::utf8_view() : arrow::int32(), kRows, 3, false, &random)};
    GroupTable table({keys[0]->type(), keys[1]->type()});
    std::vector<uint32_t> groups(kRows);
    Require(table.Assign(ColumnsOf(keys), kRows, groups.data()));
    std::map<Key, uint32_t> expected;
    for (int64_t row = 0; row < kRows; ++row) {
      const auto known =
          expected.emplace(KeyAt(keys, row), static_cast<uint32_t>(expected.size())).first;
      ASSERT_EQ(groups[static_cast<size_t>(row)], known->second) << "row " << row;
    }
    std::vector<uint32_t> again(kRows);
    Require(table.Assign(ColumnsOf(keys), kRows, again.data()));
    EXPECT_EQ(again, groups);
  }
}

TEST(GroupTableTest, FloatsThatAreEqualAreOneKey) {
  const double nan = std::nan("");
  const double other_nan = std::copysign(std::nan("7"), -1.0);
  arrow::DoubleBuilder values;
  Require(values.AppendValues({0.0, -0.0, nan, other_nan, 1.0, nan}));
  const auto array = Require(values.Finish());
  GroupTable table({arrow::float64()});
  std::vector<uint32_t> groups(6);
  Require(table.Assign(ColumnsOf({array}), 6, groups.data()));
  EXPECT_THAT(groups, ::testing::ElementsAre(0, 0, 1, 1, 2, 1));
}

TEST(GroupTableTest, ConstantKeysStandForAllRows) {
  const auto seven = vector::Column::Constant(arrow::MakeScalar(int64_t{7}), 5);
  const auto null = vector::Column::Constant(arrow::MakeNullScalar(arrow::int32()), 5);
  GroupTable table({arrow::int64(), arrow::int32()});
  std::vector<uint32_t> groups(5, 9);
  Require(table.Assign({seven, null}, 5, groups.data()));
  EXPECT_THAT(groups, ::testing::Each(0u));
  const std::vector<int32_t> first = {0};
  const auto keys = Require(table.Keys(first));
  EXPECT_EQ(keys[0].values<int64_t>()[0], 7);
  EXPECT_FALSE(keys[1].IsValid(0));
}

}  // namespace
}  // namespace skyhook::exec
