// Options of functions of numbers that SQL does not reach. Pinned rows are those of pyarrow (modes
// of rounding) and of Python's decimal and math modules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using testing::Col;
using testing::Lit;
using testing::Require;
using Domain = CallOptions::DomainError;
using Overflow = CallOptions::Overflow;
using Rounding = CallOptions::Rounding;
using Rows = std::vector<std::string>;
using TypePtr = std::shared_ptr<arrow::DataType>;

// One call over the columns x and y, given as lines of text.
arrow::Result<Rows> Evaluate(const TypePtr& x, const TypePtr& y, const std::string& lines,
                             const std::function<ExpressionPtr(ExpressionPtr, ExpressionPtr)>& of) {
  const auto schema = arrow::schema({arrow::field("x", x), arrow::field("y", y)});
  auto pipeline = testing::ReadAll(*schema);
  pipeline.projection = {{"z", of(Col(pipeline, "x"), Col(pipeline, "y"))}};
  return testing::RunOver(pipeline, *testing::TableOf(schema, lines));
}

arrow::Result<Rows> Binary(const TypePtr& type, const std::string& lines, Function function,
                           const CallOptions& options, const TypePtr& result = nullptr) {
  return Evaluate(type, type, lines, [&](const ExpressionPtr& x, const ExpressionPtr& y) {
    return Require(plan::Call(function, {x, y}, options, result));
  });
}

CallOptions With(Overflow overflow) {
  CallOptions options;
  options.overflow = overflow;
  return options;
}
CallOptions With(Rounding rounding) {
  CallOptions options;
  options.rounding = rounding;
  return options;
}
CallOptions With(Domain domain, CallOptions::LogarithmOfZero zero = {}) {
  CallOptions options;
  options.domain_error = domain;
  options.logarithm_of_zero = zero;
  return options;
}

// Python's integers.
TEST(NumberKernels, DecimalsAroundSixtyFourBitsAreExact) {
  const auto type = arrow::decimal128(38, 0);
  const std::string fitting =
      "9223372036854775807,9223372036854775807\n-9223372036854775808,-9223372036854775808\n"
      "-9223372036854775808,9223372036854775807\n0,-1\nNULL,5\n";
  const std::string one_larger = fitting + "9223372036854775808,1\n";
  const auto rows = [&](Function function, const std::string& lines) {
    return Require(Binary(type, lines, function, {}, type));
  };
  Rows products = {"85070591730234615847396907784232501249",
                   "85070591730234615865843651857942052864",
                   "-85070591730234615856620279821087277056", "0", "NULL"};
  Rows sums = {"18446744073709551614", "-18446744073709551616", "-1", "-1", "NULL"};
  Rows differences = {"0", "0", "-18446744073709551615", "1", "NULL"};
  EXPECT_EQ(rows(Function::kMultiply, fitting), products);
  EXPECT_EQ(rows(Function::kAdd, fitting), sums);
  EXPECT_EQ(rows(Function::kSubtract, fitting), differences);
  products.emplace_back("9223372036854775808");
  sums.emplace_back("9223372036854775809");
  differences.emplace_back("9223372036854775807");
  EXPECT_EQ(rows(Function::kMultiply, one_larger), products);
  EXPECT_EQ(rows(Function::kAdd, one_larger), sums);
  EXPECT_EQ(rows(Function::kSubtract, one_larger), differences);
  const auto seven =
      Require(plan::Literal(std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(7), type)));
  const auto with_seven = [&](bool first) {
    return Require(Evaluate(type, type, fitting, [&](const ExpressionPtr& x, const ExpressionPtr&) {
      return first ? Require(plan::Call(Function::kMultiply, {seven, x}, {}, type))
                   : Require(plan::Call(Function::kMultiply, {x, seven}, {}, type));
    }));
  };
  const Rows sevenfold = {"64563604257983430649", "-64563604257983430656", "-64563604257983430656",
                          "0", "NULL"};
  EXPECT_EQ(with_seven(true), sevenfold);
  EXPECT_EQ(with_seven(false), sevenfold);
}

TEST(NumberKernels, OverflowFollowsItsOption) {
  const std::string lines = "127,1\n-128,-1\n100,20\nNULL,1\n127,NULL\n";
  const auto sum = [&](Overflow overflow) {
    return Binary(arrow::int8(), lines, Function::kAdd, With(overflow));
  };
  EXPECT_EQ(Require(sum(Overflow::kWrap)), (Rows{"-128", "127", "120", "NULL", "NULL"}));
  EXPECT_EQ(Require(sum(Overflow::kSaturate)), (Rows{"127", "-128", "120", "NULL", "NULL"}));
  EXPECT_EQ(Require(sum(Overflow::kNull)), (Rows{"NULL", "NULL", "120", "NULL", "NULL"}));
  EXPECT_THAT(sum(Overflow::kError),
              testing::FailsWith(arrow::StatusCode::Invalid, "add(127, 1) does not fit int8"));
}

TEST(NumberKernels, TheNearestValueHasTheSignOfTheTrueResult) {
  const auto rows = [](const TypePtr& type, Function function, const std::string& lines) {
    return Require(Binary(type, lines, function, With(Overflow::kSaturate)));
  };
  EXPECT_EQ(rows(arrow::int8(), Function::kSubtract, "-128,1\n127,-1\n"), (Rows{"-128", "127"}));
  EXPECT_EQ(rows(arrow::int8(), Function::kMultiply, "-128,2\n-128,-128\n16,16\n"),
            (Rows{"-128", "127", "127"}));
  EXPECT_EQ(rows(arrow::uint8(), Function::kSubtract, "3,5\n5,3\n"), (Rows{"0", "2"}));
  EXPECT_EQ(Require(Binary(arrow::decimal128(10, 0), "5,-900\n-5,900\n-5,7\n", Function::kAdd,
                           With(Overflow::kSaturate), arrow::decimal64(2, 0))),
            (Rows{"-99", "99", "2"}));
  EXPECT_EQ(rows(arrow::uint8(), Function::kAdd, "200,100\n"), (Rows{"255"}));
  EXPECT_EQ(rows(arrow::int8(), Function::kIntegerDivide, "-128,-1\n"), (Rows{"127"}));
  EXPECT_EQ(
      rows(arrow::decimal128(38, 0), Function::kAdd,
           "99999999999999999999999999999999999999,1\n"
           "-99999999999999999999999999999999999999,-1\n"),
      (Rows{"99999999999999999999999999999999999999", "-99999999999999999999999999999999999999"}));
}

TEST(NumberKernels, EveryRoundingModeOfFloats) {
  const auto round = [](Rounding mode) {
    return Require(Evaluate(arrow::float64(), arrow::float64(),
                            "2.5,0\n-2.5,0\n3.5,0\n-3.5,0\n2.4,0\n-2.6,0\n0.5,0\n",
                            [&](const ExpressionPtr& x, const ExpressionPtr&) {
                              return Require(plan::Call(Function::kRound, {x}, With(mode)));
                            }));
  };
  EXPECT_EQ(round(Rounding::kHalfAwayFromZero), (Rows{"3", "-3", "4", "-4", "2", "-3", "1"}));
  EXPECT_EQ(round(Rounding::kHalfToEven), (Rows{"2", "-2", "4", "-4", "2", "-3", "0"}));
  EXPECT_EQ(round(Rounding::kHalfTowardsZero), (Rows{"2", "-2", "3", "-3", "2", "-3", "0"}));
  EXPECT_EQ(round(Rounding::kHalfUp), (Rows{"3", "-2", "4", "-3", "2", "-3", "1"}));
  EXPECT_EQ(round(Rounding::kHalfDown), (Rows{"2", "-3", "3", "-4", "2", "-3", "0"}));
  EXPECT_EQ(round(Rounding::kHalfToOdd), (Rows{"3", "-3", "3", "-3", "2", "-3", "1"}));
  EXPECT_EQ(round(Rounding::kTowardsZero), (Rows{"2", "-2", "3", "-3", "2", "-2", "0"}));
  EXPECT_EQ(round(Rounding::kAwayFromZero), (Rows{"3", "-3", "4", "-4", "3", "-3", "1"}));
  EXPECT_EQ(round(Rounding::kDown), (Rows{"2", "-3", "3", "-4", "2", "-3", "0"}));
  EXPECT_EQ(round(Rounding::kUp), (Rows{"3", "-2", "4", "-3", "3", "-2", "1"}));
}

TEST(NumberKernels, EveryRoundingModeOfDecimals) {
  const auto round = [](Rounding mode) {
    return Require(Evaluate(arrow::decimal128(5, 2), arrow::int32(),
                            "1.25,0\n-1.25,0\n1.35,0\n1.24,0\n-1.26,0\n9.95,0\n",
                            [&](const ExpressionPtr& x, const ExpressionPtr&) {
                              const auto digits = Lit(std::make_shared<arrow::Int32Scalar>(1));
                              return Require(plan::Call(Function::kRound, {x, digits}, With(mode)));
                            }));
  };
  EXPECT_EQ(round(Rounding::kHalfAwayFromZero),
            (Rows{"1.3", "-1.3", "1.4", "1.2", "-1.3", "10.0"}));
  EXPECT_EQ(round(Rounding::kHalfToEven), (Rows{"1.2", "-1.2", "1.4", "1.2", "-1.3", "10.0"}));
  EXPECT_EQ(round(Rounding::kHalfTowardsZero), (Rows{"1.2", "-1.2", "1.3", "1.2", "-1.3", "9.9"}));
  EXPECT_EQ(round(Rounding::kHalfUp), (Rows{"1.3", "-1.2", "1.4", "1.2", "-1.3", "10.0"}));
  EXPECT_EQ(round(Rounding::kHalfDown), (Rows{"1.2", "-1.3", "1.3", "1.2", "-1.3", "9.9"}));
  EXPECT_EQ(round(Rounding::kHalfToOdd), (Rows{"1.3", "-1.3", "1.3", "1.2", "-1.3", "9.9"}));
  EXPECT_EQ(round(Rounding::kTowardsZero), (Rows{"1.2", "-1.2", "1.3", "1.2", "-1.2", "9.9"}));
  EXPECT_EQ(round(Rounding::kAwayFromZero), (Rows{"1.3", "-1.3", "1.4", "1.3", "-1.3", "10.0"}));
  EXPECT_EQ(round(Rounding::kDown), (Rows{"1.2", "-1.3", "1.3", "1.2", "-1.3", "9.9"}));
  EXPECT_EQ(round(Rounding::kUp), (Rows{"1.3", "-1.2", "1.4", "1.3", "-1.2", "10.0"}));
}

TEST(NumberKernels, DecimalsDivideExactlyAndRoundOnce) {
  const auto quotient = [](int scale, Rounding mode) {
    return Require(Evaluate(
        arrow::decimal128(10, 2), arrow::decimal128(4, 3),
        "10.00,3.000\n-10.00,3.000\n0.01,0.300\n99999999.99,0.001\n1.00,8.000\n-1.00,8.000\n"
        "1.00,0.000\nNULL,1.000\n",
        [&](const ExpressionPtr& x, const ExpressionPtr& y) {
          return Require(
              plan::Call(Function::kDivide, {x, y}, With(mode), arrow::decimal128(38, scale)));
        }));
  };
  EXPECT_EQ(quotient(6, Rounding::kHalfAwayFromZero),
            (Rows{"3.333333", "-3.333333", "0.033333", "99999999990.000000", "0.125000",
                  "-0.125000", "NULL", "NULL"}));
  EXPECT_EQ(quotient(2, Rounding::kHalfToEven),
            (Rows{"3.33", "-3.33", "0.03", "99999999990.00", "0.12", "-0.12", "NULL", "NULL"}));
}

TEST(NumberKernels, RemaindersOfDecimalsHaveTheDividendsSign) {
  EXPECT_EQ(Require(Binary(arrow::decimal128(10, 3),
                           "10.000,3.000\n-10.000,3.000\n10.000,-3.000\n0.010,0.300\n1.000,0.000\n",
                           Function::kModulo, {})),
            (Rows{"1.000", "-1.000", "1.000", "0.010", "NULL"}));
}

// DuckDB fails so at every width; DataFusion wraps to 0.
TEST(NumberKernels, TheRemainderOfTheSmallestIntegerByMinusOneOverflows) {
  const auto remainder = [](const TypePtr& type, const std::string& lines, Overflow overflow) {
    return Binary(type, lines, Function::kModulo, With(overflow));
  };
  EXPECT_THAT(
      remainder(arrow::int8(), "-128,-1\n", Overflow::kError),
      testing::FailsWith(arrow::StatusCode::Invalid, "modulus(-128, -1) does not fit int8"));
  EXPECT_THAT(remainder(arrow::int16(), "-32768,-1\n", Overflow::kError),
              testing::FailsWith(arrow::StatusCode::Invalid, "does not fit int16"));
  EXPECT_THAT(remainder(arrow::int32(), "-2147483648,-1\n", Overflow::kError),
              testing::FailsWith(arrow::StatusCode::Invalid, "does not fit int32"));
  EXPECT_THAT(remainder(arrow::int64(), "-9223372036854775808,-1\n", Overflow::kError),
              testing::FailsWith(arrow::StatusCode::Invalid, "does not fit int64"));
  const std::string lines = "-128,-1\n-127,-1\n-128,NULL\nNULL,-1\n-128,0\n-128,3\n-7,-3\n";
  const Rows rest{"0", "NULL", "NULL", "NULL", "-2", "-1"};
  const auto rows = [&](Overflow overflow, const std::string& first) {
    Rows expected{first};
    expected.insert(expected.end(), rest.begin(), rest.end());
    EXPECT_EQ(Require(remainder(arrow::int8(), lines, overflow)), expected);
  };
  rows(Overflow::kWrap, "0");
  rows(Overflow::kSaturate, "0");
  rows(Overflow::kNull, "NULL");
}

TEST(NumberKernels, DomainErrorsFollowTheirOption) {
  const auto logarithm = [](const CallOptions& options) {
    return Evaluate(arrow::float64(), arrow::float64(), "-1,0\n0,0\n1,0\ninf,0\nnan,0\nNULL,0\n",
                    [&](const ExpressionPtr& x, const ExpressionPtr&) {
                      return Require(plan::Call(Function::kLn, {x}, options));
                    });
  };
  using Zero = CallOptions::LogarithmOfZero;
  EXPECT_EQ(Require(logarithm(With(Domain::kNan, Zero::kMinusInfinity))),
            (Rows{"nan", "-inf", "0", "inf", "nan", "NULL"}));
  EXPECT_EQ(Require(logarithm(With(Domain::kNull, Zero::kNull))),
            (Rows{"NULL", "NULL", "0", "inf", "nan", "NULL"}));
  EXPECT_THAT(logarithm(With(Domain::kError, Zero::kNan)),
              testing::FailsWith(arrow::StatusCode::Invalid, "ln(-1) is not defined"));
  EXPECT_THAT(logarithm(With(Domain::kNan, Zero::kError)),
              testing::FailsWith(arrow::StatusCode::Invalid, "ln(0) is not defined"));
}

TEST(NumberKernels, PowersOfIntegersAreExact) {
  const auto power = [](const std::string& lines, Overflow overflow) {
    return Binary(arrow::int64(), lines, Function::kPower, With(overflow));
  };
  EXPECT_EQ(Require(power("13,10\n-2,63\n-3,3\n7,0\n0,0\n2,-1\n-1,-3\n1,-9\n", Overflow::kError)),
            (Rows{"137858491849", "-9223372036854775808", "-27", "1", "1", "0", "-1", "1"}));
  EXPECT_THAT(power("2,63\n", Overflow::kError),
              testing::FailsWith(arrow::StatusCode::Invalid, "power(2, 63) does not fit int64"));
  EXPECT_EQ(Require(power("2,63\n-2,65\n0,-1\n", Overflow::kNull)), (Rows{"NULL", "NULL", "NULL"}));
}

TEST(NumberKernels, FactorialsStopAtTheTypesEnd) {
  const auto factorial = [](const TypePtr& type, const std::string& lines) {
    return Evaluate(type, arrow::int32(), lines, [&](const ExpressionPtr& x, const ExpressionPtr&) {
      return Require(plan::Call(Function::kFactorial, {x}));
    });
  };
  EXPECT_EQ(Require(factorial(arrow::int64(), "0,0\n1,0\n20,0\n")),
            (Rows{"1", "1", "2432902008176640000"}));
  EXPECT_THAT(factorial(arrow::int64(), "21,0\n"),
              testing::FailsWith(arrow::StatusCode::Invalid, "factorial(21) does not fit"));
  EXPECT_THAT(factorial(arrow::int32(), "-1,0\n"),
              testing::FailsWith(arrow::StatusCode::Invalid, "-1 is negative"));
  EXPECT_EQ(Require(factorial(arrow::decimal128(20, 0), "33,0\n")),
            (Rows{"8683317618811886495518194401280000000"}));
  EXPECT_THAT(factorial(arrow::decimal128(20, 0), "34,0\n"),
              testing::FailsWith(arrow::StatusCode::Invalid, "factorial(34) does not fit"));
}

TEST(NumberKernels, ShiftsWrapOrStayInTheType) {
  const auto shift = [](Function function, const std::string& lines, Overflow overflow) {
    return Binary(arrow::int32(), lines, function, With(overflow));
  };
  EXPECT_EQ(Require(shift(Function::kShiftLeft, "-3,1\n511,8\n1,33\n", Overflow::kWrap)),
            (Rows{"-6", "130816", "2"}));
  EXPECT_EQ(Require(shift(Function::kShiftRightUnsigned, "-1,28\n8,1\n", Overflow::kWrap)),
            (Rows{"15", "4"}));
  EXPECT_EQ(Require(shift(Function::kShiftRight, "-8,1\n8,40\n8,-1\n", Overflow::kError)),
            (Rows{"-4", "0", "0"}));
  EXPECT_THAT(shift(Function::kShiftLeft, "1073741824,1\n", Overflow::kError),
              testing::FailsWith(arrow::StatusCode::Invalid, "shift_left(1073741824, 1)"));
}

TEST(NumberKernels, ExtremesPassOverNullAndNanAsTold) {
  const auto greatest = [](CallOptions options) {
    return Require(
        Binary(arrow::float64(), "1,NULL\nnan,2\nNULL,NULL\n3,-3\n", Function::kGreatest, options));
  };
  CallOptions options;
  EXPECT_EQ(greatest(options), (Rows{"1", "nan", "NULL", "3"}));
  options.nan = CallOptions::Nan::kIeee;
  EXPECT_EQ(greatest(options), (Rows{"1", "2", "NULL", "3"}));
  options.nulls = CallOptions::Nulls::kPropagate;
  EXPECT_EQ(greatest(options), (Rows{"NULL", "2", "NULL", "3"}));
}

}  // namespace
}  // namespace skyhook::exec
