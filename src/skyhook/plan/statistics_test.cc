#include "skyhook/plan/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "skyhook/plan/listed_values.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::plan {
namespace {

using testing::Fn;
using testing::Lit;
using testing::Require;

ExpressionPtr Int() { return InputColumn(0, arrow::int64()); }
ExpressionPtr Text() { return InputColumn(0, arrow::utf8_view()); }
ExpressionPtr Double() { return InputColumn(0, arrow::float64()); }
ExpressionPtr Real(double value) { return Lit(std::make_shared<arrow::DoubleScalar>(value)); }

template <typename Value>
ColumnStatistics Between(Value min, Value max, std::optional<int64_t> nulls = 0) {
  ColumnStatistics out;
  out.min = Lit(min)->literal();
  out.max = Lit(max)->literal();
  out.num_rows = 100;
  out.null_count = nulls;
  out.may_have_nan = false;
  return out;
}

Verdict Of(const ExpressionPtr& predicate, const ColumnStatistics& statistics) {
  return Decide(*predicate, [&](int) { return statistics; });
}

TEST(CompareScalars, OrdersTheValuesOfEveryType) {
  const auto expect_order = [](const arrow::Scalar& less, const arrow::Scalar& greater) {
    EXPECT_LT(CompareScalars(less, greater), 0) << less.type->ToString();
    EXPECT_GT(CompareScalars(greater, less), 0) << less.type->ToString();
    EXPECT_EQ(CompareScalars(less, less), 0) << less.type->ToString();
  };
  for (const auto& type :
       {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64(), arrow::float32(),
        arrow::float64(), arrow::duration(arrow::TimeUnit::SECOND)}) {
    expect_order(*Require(arrow::Scalar::Parse(type, "-2")),
                 *Require(arrow::Scalar::Parse(type, "1")));
  }
  // The greater of these is negative where its bits are taken as signed.
  expect_order(arrow::UInt8Scalar(1), arrow::UInt8Scalar(0xff));
  expect_order(arrow::UInt16Scalar(1), arrow::UInt16Scalar(0xffff));
  expect_order(arrow::UInt32Scalar(1), arrow::UInt32Scalar(0xffffffff));
  expect_order(arrow::UInt64Scalar(1), arrow::UInt64Scalar(~uint64_t{0}));
  expect_order(arrow::BooleanScalar(false), arrow::BooleanScalar(true));
  expect_order(arrow::Date32Scalar(-1), arrow::Date32Scalar(1));
  expect_order(arrow::Time32Scalar(1, arrow::TimeUnit::SECOND),
               arrow::Time32Scalar(2, arrow::TimeUnit::SECOND));
  expect_order(arrow::Decimal64Scalar(arrow::Decimal64(-2), arrow::decimal64(9, 2)),
               arrow::Decimal64Scalar(arrow::Decimal64(1), arrow::decimal64(9, 2)));
  expect_order(arrow::Decimal128Scalar(arrow::Decimal128(-2), arrow::decimal128(30, 2)),
               arrow::Decimal128Scalar(arrow::Decimal128(1), arrow::decimal128(30, 2)));
  expect_order(arrow::Decimal256Scalar(arrow::Decimal256(-2), arrow::decimal256(60, 2)),
               arrow::Decimal256Scalar(arrow::Decimal256(1), arrow::decimal256(60, 2)));
  expect_order(arrow::StringViewScalar("Z"), arrow::StringViewScalar("\xc3\xa4"));
  expect_order(arrow::BinaryViewScalar("Z"), arrow::BinaryViewScalar("\xff"));
}

TEST(Decide, ComparesWithBounds) {
  const auto ten_to_twenty = Between(int64_t{10}, int64_t{20});
  EXPECT_EQ(Of(Fn(Function::kLess, {Int(), Lit(10)}), ten_to_twenty), Verdict::kNever);
  EXPECT_EQ(Of(Fn(Function::kLess, {Int(), Lit(11)}), ten_to_twenty), Verdict::kMaybe);
  EXPECT_EQ(Of(Fn(Function::kLess, {Int(), Lit(21)}), ten_to_twenty), Verdict::kAlways);
  EXPECT_EQ(Of(Fn(Function::kLess, {Lit(20), Int()}), ten_to_twenty), Verdict::kNever);
  EXPECT_EQ(Of(Fn(Function::kLessEqual, {Lit(10), Int()}), ten_to_twenty), Verdict::kAlways);
  EXPECT_EQ(Of(Fn(Function::kEqual, {Int(), Lit(9)}), ten_to_twenty), Verdict::kNever);
  EXPECT_EQ(Of(Fn(Function::kNotEqual, {Int(), Lit(9)}), ten_to_twenty), Verdict::kAlways);
  EXPECT_EQ(Of(Fn(Function::kIn, {Int(), Lit(5), Lit(25)}), ten_to_twenty), Verdict::kNever);
  EXPECT_EQ(Of(Fn(Function::kIn, {Int(), Lit(5), Lit(15)}), ten_to_twenty), Verdict::kMaybe);
}

TEST(Decide, NullsAreNeitherTrueNorFalse) {
  const auto some_null = Between(int64_t{10}, int64_t{20}, 5);
  const auto is_small = Fn(Function::kLess, {Int(), Lit(21)});
  EXPECT_EQ(Of(is_small, some_null), Verdict::kMaybe) << "NULL rows do not pass";
  EXPECT_EQ(Of(Fn(Function::kNot, {is_small}), some_null), Verdict::kNever);
  EXPECT_EQ(Of(Fn(Function::kIsNull, {Int()}), some_null), Verdict::kMaybe);
  EXPECT_EQ(Of(Fn(Function::kIsNull, {Int()}), Between(int64_t{1}, int64_t{2})), Verdict::kNever);
  ColumnStatistics all_null;
  all_null.num_rows = 100;
  all_null.null_count = 100;
  EXPECT_EQ(Of(Fn(Function::kEqual, {Int(), Lit(1)}), all_null), Verdict::kNever);
  EXPECT_EQ(Of(Fn(Function::kIsNull, {Int()}), all_null), Verdict::kAlways);
}

TEST(Decide, NothingIsKnownWithoutStatistics) {
  const auto nothing = [](int) { return std::optional<ColumnStatistics>(); };
  EXPECT_EQ(Decide(*Fn(Function::kEqual, {Int(), Lit(1)}), nothing), Verdict::kMaybe);
  EXPECT_EQ(Decide(*Fn(Function::kIsNull, {Int()}), nothing), Verdict::kMaybe);
  EXPECT_EQ(Decide(*BoolLiteral(false), nothing), Verdict::kNever);
  EXPECT_EQ(Decide(*BoolLiteral(true), nothing), Verdict::kAlways);
}

TEST(Decide, NanIsGreatestUnlessTheCallSaysIeee) {
  ColumnStatistics one_to_two;
  one_to_two.num_rows = 100;
  one_to_two.null_count = 0;
  one_to_two.min = std::make_shared<arrow::DoubleScalar>(1.0);
  one_to_two.max = std::make_shared<arrow::DoubleScalar>(2.0);
  one_to_two.may_have_nan = true;
  const auto greater = Fn(Function::kGreater, {Double(), Real(100)});
  EXPECT_EQ(Of(greater, one_to_two), Verdict::kMaybe) << "NaN > 100";
  EXPECT_EQ(Of(Fn(Function::kLess, {Double(), Real(100)}), one_to_two), Verdict::kMaybe);
  const auto is_nan = Fn(Function::kEqual, {Double(), Real(std::nan(""))});
  EXPECT_EQ(Of(is_nan, one_to_two), Verdict::kMaybe);
  CallOptions ieee;
  ieee.nan = CallOptions::Nan::kIeee;
  const auto ieee_greater = Require(Call(Function::kGreater, {Double(), Real(100)}, ieee));
  EXPECT_EQ(Of(ieee_greater, one_to_two), Verdict::kNever);
  one_to_two.may_have_nan = false;
  EXPECT_EQ(Of(greater, one_to_two), Verdict::kNever);
  EXPECT_EQ(Of(is_nan, one_to_two), Verdict::kNever);
}

TEST(Decide, PrefixesOfText) {
  const auto m_to_p = Between(std::string("mango"), std::string("peach"));
  EXPECT_EQ(Of(Fn(Function::kStartsWith, {Text(), Lit("q")}), m_to_p), Verdict::kNever);
  EXPECT_EQ(Of(Fn(Function::kStartsWith, {Text(), Lit("mam")}), m_to_p), Verdict::kNever);
  EXPECT_EQ(Of(Fn(Function::kStartsWith, {Text(), Lit("man")}), m_to_p), Verdict::kMaybe);
  EXPECT_EQ(Of(Fn(Function::kLike, {Text(), Lit("z%")}), m_to_p), Verdict::kNever);
  // Bounds say nothing of the other case.
  CallOptions any_case;
  any_case.text_case = CallOptions::Case::kInsensitive;
  const auto in_any_case = Require(Call(Function::kStartsWith, {Text(), Lit("MAN")}, any_case));
  EXPECT_EQ(Of(in_any_case, m_to_p), Verdict::kMaybe);
  EXPECT_EQ(Of(Fn(Function::kLike, {Text(), Lit("_z%")}), m_to_p), Verdict::kMaybe);
  EXPECT_EQ(Of(Fn(Function::kLike, {Text(), Lit("%")}), m_to_p), Verdict::kMaybe);
}

TEST(Decide, ConnectivesFollowKleene) {
  const auto ten_to_twenty = Between(int64_t{10}, int64_t{20}, std::nullopt);
  const auto never = Fn(Function::kLess, {Int(), Lit(5)});
  const auto maybe = Fn(Function::kLess, {Int(), Lit(15)});
  EXPECT_EQ(Of(Require(And({maybe, never})), ten_to_twenty), Verdict::kNever);
  EXPECT_EQ(Of(Require(Or({maybe, never})), ten_to_twenty), Verdict::kMaybe);
  EXPECT_EQ(Of(Require(Or({never, never})), ten_to_twenty), Verdict::kNever);
}

TEST(Decide, PredicatesThatCanFailAreLeftToEvaluation) {
  const auto sum = Fn(Function::kAdd, {Int(), Lit(std::numeric_limits<int64_t>::max())});
  const auto fails =
      Require(And({Fn(Function::kLess, {Int(), Lit(5)}), Fn(Function::kEqual, {sum, Lit(0)})}));
  EXPECT_EQ(Of(fails, Between(int64_t{10}, int64_t{20})), Verdict::kMaybe);
}

// An IN list against each of its values as an equality.
TEST(Decide, LongListsAsTheirValuesOneByOne) {
  std::vector<ExpressionPtr> arguments{Int()};
  for (int64_t value = 999; value > 0; value -= 37) arguments.push_back(Lit(value));
  const auto list = Fn(Function::kIn, arguments);
  for (int64_t min = -50; min < 1100; min += 13) {
    for (const int64_t width : {0, 5, 20, 60}) {
      const auto within = Between(min, min + width);
      bool any = false;
      for (size_t i = 1; i < arguments.size(); ++i) {
        any |= Of(Fn(Function::kEqual, {Int(), arguments[i]}), within) != Verdict::kNever;
      }
      EXPECT_EQ(Of(list, within), any ? Verdict::kMaybe : Verdict::kNever) << min << "+" << width;
    }
  }
}

TEST(EqualityProbe, ValuesWithinBounds) {
  const auto list = Fn(Function::kIn, {Int(), Lit(30), Lit(10), Lit(20), Lit(10)});
  const auto probe = EqualityProbeOf(*list);
  ASSERT_TRUE(probe.has_value());
  ASSERT_EQ(probe->values.size(), 4u);
  const auto texts = [&](const std::optional<ColumnStatistics>& statistics) {
    std::string out;
    for (const auto& value : ValuesWithin(*probe, statistics)) out += value->ToString() + " ";
    return out;
  };
  EXPECT_EQ(texts(std::nullopt), "10 10 20 30 ");
  EXPECT_EQ(texts(Between(int64_t{10}, int64_t{20})), "10 10 20 ");
  EXPECT_EQ(texts(Between(int64_t{11}, int64_t{19})), "");
  EXPECT_EQ(texts(Between(int64_t{30}, int64_t{99})), "30 ");
}

TEST(EqualityProbe, IsWhatABloomFilterCanBeAsked) {
  const auto list = Fn(Function::kIn, {Int(), Lit(1), Lit(2)});
  const auto probe = EqualityProbeOf(*list);
  ASSERT_TRUE(probe.has_value());
  EXPECT_EQ(probe->values.size(), 2u);
  EXPECT_FALSE(EqualityProbeOf(*Fn(Function::kLess, {Int(), Lit(1)})).has_value());
  EXPECT_TRUE(EqualityProbeOf(*Fn(Function::kEqual, {Lit(1), Int()})).has_value());
}

TEST(ListedValues, AreSortedOnceForAllCallsOverOtherColumns) {
  const auto in = Fn(Function::kIn, {Double(), Real(std::nan("")), Real(2),
                                     NullLiteral(arrow::float64()), Real(1), Real(-3)});
  const ListedValues& listed = *in->listed_values();
  std::vector<std::string> sorted;
  for (const auto& value : listed.sorted) sorted.push_back(value->ToString());
  EXPECT_EQ(sorted, (std::vector<std::string>{"-3", "1", "2", "nan"}));
  EXPECT_EQ(listed.numbers, 3u);
  EXPECT_TRUE(listed.null);
  for (const auto& other : {InputColumn(4, arrow::float64()), Real(1)}) {
    EXPECT_EQ(Require(Substitute(in, {other}))->listed_values(), in->listed_values());
  }
  const auto arguments = in->arguments();
  const auto fewer = WithArguments(*in, {arguments[0], arguments[2]});
  EXPECT_EQ(fewer->listed_values()->sorted.size(), 1u);
  EXPECT_EQ(Fn(Function::kEqual, {Double(), Double()})->listed_values(), nullptr);
}

}  // namespace
}  // namespace skyhook::plan
