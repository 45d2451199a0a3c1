// Single functions over a few rows, with pinned results.
#include "skyhook/exec/kernels/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>

#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::CallOptions;
using plan::Function;
using testing::Col;
using testing::Fn;
using testing::Lit;
using testing::Require;
using Rows = std::vector<std::string>;

// The values of one expression over column `x`, given as lines of text.
arrow::Result<Rows> Evaluate(const std::shared_ptr<arrow::DataType>& type, const std::string& lines,
                             const std::function<plan::ExpressionPtr(plan::ExpressionPtr)>& of) {
  const auto schema = arrow::schema({arrow::field("x", type)});
  auto pipeline = testing::ReadAll(*schema);
  pipeline.projection = {{"y", of(Col(pipeline, "x"))}};
  return testing::RunOver(pipeline, *testing::TableOf(schema, lines));
}

Rows Like(const std::string& lines, const std::string& pattern, char escape = 0) {
  CallOptions options;
  options.escape = escape;
  return Require(Evaluate(arrow::utf8(), lines, [&](const plan::ExpressionPtr& x) {
    return Require(plan::Call(Function::kLike, {x, Lit(pattern)}, options));
  }));
}

TEST(Kernels, LikeMatchesTheWholeText) {
  const std::string lines = "special\nnot special\nspecia\nNULL\n";
  EXPECT_EQ(Like(lines, "special"), (Rows{"true", "false", "false", "NULL"}));
  EXPECT_EQ(Like(lines, "%special%"), (Rows{"true", "true", "false", "NULL"}));
  EXPECT_EQ(Like(lines, "s%l"), (Rows{"true", "false", "false", "NULL"}));
  EXPECT_EQ(Like(lines, "%"), (Rows{"true", "true", "true", "NULL"}));
  EXPECT_EQ(Like(lines, "%ci%al"), (Rows{"true", "true", "false", "NULL"}));
  EXPECT_EQ(Like(lines, "special%special"), (Rows{"false", "false", "false", "NULL"}));
}

TEST(Kernels, LikeCountsCharactersAndEscapes) {
  const std::string lines = "züri\nabcd\na_cd\na%d\n";
  EXPECT_EQ(Like(lines, "z_ri"), (Rows{"true", "false", "false", "false"}));
  EXPECT_EQ(Like(lines, "____"), (Rows{"true", "true", "true", "false"}));
  EXPECT_EQ(Like(lines, "a!_%", '!'), (Rows{"false", "false", "true", "false"}));
  EXPECT_EQ(Like(lines, "%!%d", '!'), (Rows{"false", "false", "false", "true"}));
  EXPECT_EQ(Like(lines, "%_d"), (Rows{"false", "true", "true", "true"}));
}

TEST(Kernels, SubstringCountsCharacters) {
  const auto rows = Require(
      Evaluate(arrow::utf8(), "grüßegott und mehr\nab\nNULL\n", [](const plan::ExpressionPtr& x) {
        return Fn(Function::kSubstring, {x, Lit(3), Lit(3)});
      }));
  EXPECT_EQ(rows, (Rows{"üße", "", "NULL"}));
}

Rows Field(CallOptions::DateField field) {
  CallOptions options;
  options.date_field = field;
  return Require(Evaluate(arrow::date32(),
                          "1970-01-01\n2000-02-29\n1969-12-31\n2021-01-03\n0001-01-01\n",
                          [&](const plan::ExpressionPtr& x) {
                            return Require(plan::Call(Function::kExtract, {x}, options));
                          }));
}

// Values of Python's datetime.date.
TEST(Kernels, FieldsOfDates) {
  using F = CallOptions::DateField;
  EXPECT_EQ(Field(F::kYear), (Rows{"1970", "2000", "1969", "2021", "1"}));
  EXPECT_EQ(Field(F::kMonth), (Rows{"1", "2", "12", "1", "1"}));
  EXPECT_EQ(Field(F::kDay), (Rows{"1", "29", "31", "3", "1"}));
  EXPECT_EQ(Field(F::kIsoDayOfWeek), (Rows{"4", "2", "3", "7", "1"}));
  EXPECT_EQ(Field(F::kDayOfWeek), (Rows{"4", "2", "3", "0", "1"}));
  EXPECT_EQ(Field(F::kWeek), (Rows{"1", "9", "1", "53", "1"}));
  EXPECT_EQ(Field(F::kDayOfYear), (Rows{"1", "60", "365", "3", "1"}));
  EXPECT_EQ(Field(F::kQuarter), (Rows{"1", "1", "4", "1", "1"}));
}

Rows CastTo(const std::shared_ptr<arrow::DataType>& from, const std::string& lines,
            const std::shared_ptr<arrow::DataType>& to) {
  return Require(Evaluate(from, lines, [&](const plan::ExpressionPtr& x) {
    return Require(plan::Call(Function::kTryCast, {x}, {}, to));
  }));
}

TEST(Kernels, CastsRoundAndReject) {
  EXPECT_EQ(
      CastTo(arrow::decimal128(10, 2), "1.25\n-1.25\n1.24\n99.95\nNULL\n", arrow::decimal64(2, 1)),
      (Rows{"1.3", "-1.3", "1.2", "NULL", "NULL"}));
  EXPECT_EQ(CastTo(arrow::float64(), "0.5\n1.5\n-2.5\n3e9\nnan\n", arrow::int32()),
            (Rows{"0", "2", "-2", "NULL", "NULL"}));
  EXPECT_EQ(CastTo(arrow::int64(), "127\n128\n-129\n", arrow::int8()),
            (Rows{"127", "NULL", "NULL"}));
  EXPECT_EQ(CastTo(arrow::int64(), "12\n1000\n", arrow::decimal64(5, 2)), (Rows{"12.00", "NULL"}));
}

TEST(Kernels, DivisionByZeroFollowsItsOption) {
  const auto quotient = [](CallOptions::DivisionByZero option) {
    CallOptions options;
    options.division_by_zero = option;
    return Evaluate(arrow::int64(), "7\n-7\nNULL\n", [&](const plan::ExpressionPtr& x) {
      const auto zero_at_seven = Fn(Function::kSubtract, {x, Lit(7)});
      return Require(plan::Call(Function::kIntegerDivide, {x, zero_at_seven}, options));
    });
  };
  EXPECT_EQ(Require(quotient(CallOptions::DivisionByZero::kNull)), (Rows{"NULL", "0", "NULL"}));
  EXPECT_THAT(quotient(CallOptions::DivisionByZero::kError),
              testing::FailsWith(arrow::StatusCode::Invalid, "division of 7 by zero"));
}

TEST(Kernels, CaseEvaluatesOnlyTheBranchTaken) {
  CallOptions error;
  error.division_by_zero = CallOptions::DivisionByZero::kError;
  const auto rows =
      Require(Evaluate(arrow::int64(), "0\n2\nNULL\n-3\n", [&](const plan::ExpressionPtr& x) {
        const auto inverse = Require(plan::Call(Function::kIntegerDivide, {Lit(6), x}, error));
        return Require(plan::Case({Fn(Function::kNotEqual, {x, Lit(0)}), inverse, Lit(-1)}));
      }));
  EXPECT_EQ(rows, (Rows{"-1", "3", "-1", "-2"}));
}

TEST(Kernels, InWithAListedNullIsNeverFalse) {
  const auto rows =
      Require(Evaluate(arrow::int64(), "1\n2\nNULL\n", [](const plan::ExpressionPtr& x) {
        return Fn(Function::kIn, {x, Lit(1), plan::NullLiteral(arrow::int64())});
      }));
  EXPECT_EQ(rows, (Rows{"true", "NULL", "NULL"}));
}

TEST(Kernels, NanEqualsItselfAndIsGreatest) {
  const auto nan = Lit(std::make_shared<arrow::DoubleScalar>(std::nan("")));
  const auto compare = [&](Function function, CallOptions::Nan order) {
    CallOptions options;
    options.nan = order;
    return Require(Evaluate(arrow::float64(), "nan\n1\ninf\n", [&](const plan::ExpressionPtr& x) {
      return Require(plan::Call(function, {x, nan}, options));
    }));
  };
  using Nan = CallOptions::Nan;
  EXPECT_EQ(compare(Function::kEqual, Nan::kTotal), (Rows{"true", "false", "false"}));
  EXPECT_EQ(compare(Function::kLess, Nan::kTotal), (Rows{"false", "true", "true"}));
  EXPECT_EQ(compare(Function::kGreaterEqual, Nan::kTotal), (Rows{"true", "false", "false"}));
  EXPECT_EQ(compare(Function::kEqual, Nan::kIeee), (Rows{"false", "false", "false"}));
  EXPECT_EQ(compare(Function::kLessEqual, Nan::kIeee), (Rows{"false", "false", "false"}));
}

}  // namespace
}  // namespace skyhook::exec
