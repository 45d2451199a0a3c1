// What is made of constants: sets and patterns once for a call, and nodes of a program by value.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <cmath>
#include <limits>

#include "skyhook/exec/kernels/call_testing.h"
#include "skyhook/exec/program.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"
#include "skyhook/vector/text_like.h"
#include "skyhook/vector/value_set.h"

namespace skyhook::exec {
namespace {

using plan::ExpressionPtr;
using plan::Function;
using testing::Col;
using testing::Fn;
using testing::Lit;
using testing::Require;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

ExpressionPtr NumbersUpTo(const ExpressionPtr& column, int64_t end) {
  std::vector<ExpressionPtr> arguments{column};
  for (int64_t i = 0; i < end; ++i) arguments.push_back(Lit(i * 3));
  return Fn(Function::kIn, std::move(arguments));
}

TEST(PreparedCalls, TheLiteralsOfAListAreNoNodesOfAProgram) {
  const auto list = NumbersUpTo(plan::InputColumn(0, arrow::int64()), 1000);
  Program program;
  const int node = program.Add(list);
  EXPECT_EQ(program.size(), 2) << "the column and the list";
  EXPECT_EQ(program.Add(NumbersUpTo(plan::InputColumn(0, arrow::int64()), 1000)), node)
      << "an equal list is the same node";
  EXPECT_EQ(program.size(), 2);
}

TEST(PreparedCalls, ZerosOfTwoSignsAreTwoNodes) {
  const auto of = [](double value) {
    return Fn(Function::kDivide, {plan::InputColumn(0, arrow::float64()),
                                  Lit(std::make_shared<arrow::DoubleScalar>(value))});
  };
  Program program;
  EXPECT_NE(program.Add(of(0.0)), program.Add(of(-0.0)));
  EXPECT_EQ(program.Add(of(kNan)), program.Add(of(kNan)));
}

TEST(PreparedCalls, CallsOverOtherColumnsShareWhatIsMadeOfTheirConstants) {
  const auto list = NumbersUpTo(plan::InputColumn(0, arrow::int64()), 100);
  const auto moved = Require(plan::Substitute(list, {plan::InputColumn(7, arrow::int64())}));
  ASSERT_NE(list, moved);
  EXPECT_EQ(&list->prepared(), &moved->prepared());
  std::vector<ExpressionPtr> others = list->arguments();
  others[5] = Lit(-1);
  EXPECT_NE(&list->prepared(), &plan::WithArguments(*list, others)->prepared());
}

TEST(PreparedCalls, APatternIsCompiledOnceForAllChunksOfAScan) {
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += fmt::format("row {}\n", i);
  const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
  testing::ParquetLayout layout;
  layout.row_group_rows = 1000;
  layout.dictionary = false;
  const auto fragment = testing::OpenParquet(*testing::TableOf(schema, lines), layout);
  auto pipeline = testing::ReadAll(*fragment->schema());
  pipeline.filter = {Fn(Function::kRegexpMatches, {Col(pipeline, "text"), Lit("^row 1?7$")}),
                     Fn(Function::kLike, {Col(pipeline, "text"), Lit("row%7")})};
  EXPECT_EQ(testing::RunKernel(pipeline, fragment).rows(),
            (std::vector<std::string>{"row 7", "row 17"}));
  const auto is_kept = [](const auto* none, const ExpressionPtr& call) {
    using Made = std::remove_cv_t<std::remove_pointer_t<decltype(none)>>;
    return call->prepared()
        .Get<Made>([]() -> arrow::Result<std::shared_ptr<const Made>> {
          return arrow::Status::KeyError("not made yet");
        })
        .ok();
  };
  EXPECT_TRUE(is_kept(static_cast<const re2::RE2*>(nullptr), pipeline.filter[0]));
  EXPECT_TRUE(is_kept(static_cast<const vector::LikePattern*>(nullptr), pipeline.filter[1]));
}

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

TEST(ValueSet, HasWhatWasPutIn) {
  std::vector<vector::Int128> wide;
  for (int i = -500; i < 500; ++i) wide.push_back(vector::Int128{i} << 70);
  const vector::ValueSet<vector::Int128> set(wide);
  for (int i = -600; i < 600; ++i) {
    EXPECT_EQ(set.Has(vector::Int128{i} << 70), i >= -500 && i < 500) << i;
    EXPECT_FALSE(set.Has((vector::Int128{i} << 70) + 1)) << i;
  }
  EXPECT_FALSE(vector::ValueSet<int64_t>({}).Has(0));
  EXPECT_TRUE(vector::ValueSet<int64_t>({0}).Has(0));
}

}  // namespace
}  // namespace skyhook::exec
