// IN: few and many literals of every type, NaN, zeros and NULL; and the sets behind it.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "skyhook/exec/kernels/call_testing.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/vector/value_set.h"

namespace skyhook::exec {
namespace {

using plan::ExpressionPtr;
using plan::Function;
using testing::Lit;
using testing::Require;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Whether each number up to 100 is found in an IN list of the multiples of three below `end`.
void ExpectMultiplesOfThree(const std::shared_ptr<arrow::DataType>& type, int64_t end) {
  std::string json = "[null";
  for (int64_t i = 0; i < 100; ++i) json += fmt::format(", {}", i);
  const auto values = ArrayOf(type, json + "]");
  std::vector<ExpressionPtr> literals;
  for (int64_t i = 0; i < end; i += 3) {
    const auto literal = arrow::MakeScalar(i);
    literals.push_back(Lit(Require(literal->CastTo(type))));
  }
  const auto found = Require(CallOver(Function::kIn, values, literals));
  ASSERT_EQ(found.size(), 101u);
  EXPECT_EQ(found[0], "NULL");
  for (int64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(found[static_cast<size_t>(i) + 1], i < end && i % 3 == 0 ? "true" : "false")
        << i << " of " << type->ToString() << " among " << literals.size();
  }
}

TEST(InLists, FewAndManyValuesAreFound) {
  for (const auto& type : {arrow::int8(), arrow::uint16(), arrow::int32(), arrow::int64(),
                           arrow::uint64(), arrow::float32(), arrow::float64()}) {
    for (int64_t end : {3, 24, 27, 96}) ExpectMultiplesOfThree(type, end);
  }
}

TEST(InLists, LongListsOfTextsOfAllLengths) {
  std::vector<ExpressionPtr> literals;
  Texts rows;
  for (size_t size = 0; size < 200; ++size) {
    rows.push_back(std::string(size, 'a'));
    rows.push_back(std::string(size, 'b'));
    literals.push_back(Lit(std::string(size, 'a')));
  }
  const auto found = Require(CallOver(Function::kIn, TextsOf(rows), literals));
  ASSERT_EQ(found.size(), 400u);
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i], i < 2 || i % 2 == 0 ? "true" : "false") << rows[i].size();
  }
}

TEST(InLists, ManyFloatsKeepTheRulesOfNanAndZero) {
  std::vector<ExpressionPtr> literals;
  for (int i = 1; i <= 20; ++i) {
    literals.push_back(Lit(std::make_shared<arrow::DoubleScalar>(i)));
  }
  const auto values = ArrayOf(arrow::float64(), "[0.0, -0.0, 5, NaN, null]");
  EXPECT_EQ(Require(CallOver(Function::kIn, values, literals)),
            (Texts{"false", "false", "true", "false", "NULL"}));
  literals.push_back(Lit(std::make_shared<arrow::DoubleScalar>(-0.0)));
  literals.push_back(Lit(std::make_shared<arrow::DoubleScalar>(kNan)));
  EXPECT_EQ(Require(CallOver(Function::kIn, values, literals)),
            (Texts{"true", "true", "true", "true", "NULL"}));
  plan::CallOptions ieee;
  ieee.nan = plan::CallOptions::Nan::kIeee;
  EXPECT_EQ(Require(CallOver(Function::kIn, values, literals, ieee)),
            (Texts{"true", "true", "true", "false", "NULL"}));
  literals.push_back(plan::NullLiteral(arrow::float64()));
  const auto six = ArrayOf(arrow::float64(), "[5, 5.5]");
  EXPECT_EQ(Require(CallOver(Function::kIn, six, literals)), (Texts{"true", "NULL"}));
}

template <typename T>
bool Has(const vector::ValueSet<T>& set, T value) {
  uint8_t out = 2;
  set.Has({&value, 1}, &out);
  return out == 1;
}

TEST(ValueSet, HasWhatWasPutIn) {
  std::vector<vector::Int128> wide;
  for (int i = -500; i < 500; ++i) wide.push_back(vector::Int128{i} << 70);
  const vector::ValueSet<vector::Int128> set(wide);
  for (int i = -600; i < 600; ++i) {
    EXPECT_EQ(Has(set, vector::Int128{i} << 70), i >= -500 && i < 500) << i;
    EXPECT_FALSE(Has(set, (vector::Int128{i} << 70) + 1)) << i;
  }
  EXPECT_FALSE(Has(vector::ValueSet<int64_t>({}), int64_t{0}));
  EXPECT_TRUE(Has(vector::ValueSet<int64_t>({0}), int64_t{0}));
}

// Values close to each other are kept in another way than others; both of all integers.
template <typename T>
void CheckIntegers() {
  std::mt19937_64 random(20261130);
  constexpr T kLeast = std::numeric_limits<T>::min();
  constexpr T kMost = std::numeric_limits<T>::max();
  for (const T base : {kLeast, T{0}, static_cast<T>(kMost - 100)}) {
    for (const uint64_t range : {uint64_t{1}, uint64_t{50}, uint64_t{100}, uint64_t{200'000},
                                 uint64_t{300'000}, ~uint64_t{0}}) {
      std::set<T> expected;
      for (int i = 0; i < 40; ++i) expected.insert(static_cast<T>(base + random() % range));
      const vector::ValueSet<T> set(std::vector<T>(expected.begin(), expected.end()));
      std::vector<T> asked(expected.begin(), expected.end());
      for (const T value : expected) {
        asked.push_back(static_cast<T>(value + 1));
        asked.push_back(static_cast<T>(value - 1));
        asked.push_back(static_cast<T>(random()));
      }
      asked.insert(asked.end(), {kLeast, kMost, T{0}});
      for (const T value : asked) {
        ASSERT_EQ(Has(set, value), expected.contains(value)) << +value << " from " << +base;
      }
    }
  }
}

TEST(ValueSet, HasIntegersFarFromEachOtherAndClose) {
  CheckIntegers<int8_t>();
  CheckIntegers<uint8_t>();
  CheckIntegers<int32_t>();
  CheckIntegers<uint32_t>();
  CheckIntegers<int64_t>();
  CheckIntegers<uint64_t>();
}

}  // namespace
}  // namespace skyhook::exec
