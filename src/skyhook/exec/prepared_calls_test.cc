// What is made of constants is made once for a scan, whichever call, thread or program asks; and
// whoever brings a function puts its calls into programs in the same way.
#include "skyhook/exec/prepared_calls.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "skyhook/exec/program.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::CallOptions;
using plan::ExpressionPtr;
using plan::Function;
using testing::Col;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kMuch = int64_t{1} << 30;

ExpressionPtr Numbers(int column) { return plan::InputColumn(column, arrow::int64()); }
ExpressionPtr TextColumn(int column) { return plan::InputColumn(column, arrow::utf8_view()); }

ExpressionPtr MultiplesOfThree(const ExpressionPtr& column, int64_t count) {
  std::vector<ExpressionPtr> arguments{column};
  for (int64_t i = 0; i < count; ++i) arguments.push_back(Lit(i * 3));
  return Fn(Function::kIn, std::move(arguments));
}

// Prepares calls of the catalogue, and counts those that something is made for.
struct Counting {
  std::map<Function, int> made;  // by one thread at a time

  std::shared_ptr<PreparedCalls> Calls(int64_t most_bytes = kMuch) {
    return std::make_shared<PreparedCalls>(most_bytes, [this](const ExpressionPtr& call) {
      PreparedCallPtr prepared = PrepareCall(call);
      if (prepared->bytes() > 0) ++made[call->function()];
      return prepared;
    });
  }
};

TEST(Programs, TheLiteralsOfAListAreNoNodes) {
  Program program;
  const int node = program.Add(MultiplesOfThree(Numbers(0), 1000));
  EXPECT_EQ(program.size(), 2) << "the column and the list";
  EXPECT_EQ(program.Add(MultiplesOfThree(Numbers(0), 1000)), node)
      << "an equal list is the same node";
  EXPECT_EQ(program.size(), 2);
}

TEST(Programs, ZerosOfTwoSignsAreTwoNodes) {
  const auto of = [](double value) {
    return Fn(Function::kDivide, {plan::InputColumn(0, arrow::float64()),
                                  Lit(std::make_shared<arrow::DoubleScalar>(value))});
  };
  Program program;
  EXPECT_NE(program.Add(of(0.0)), program.Add(of(-0.0)));
  EXPECT_EQ(program.Add(of(kNan)), program.Add(of(kNan)));
}

TEST(PreparedCalls, CallsOverOtherColumnsShareWhatIsMadeOfTheirConstants) {
  PreparedCalls calls;
  const auto list = MultiplesOfThree(Numbers(0), 100);
  const auto moved = Require(plan::Substitute(list, {Numbers(7)}));
  ASSERT_NE(list, moved);
  EXPECT_EQ(list->listed_values(), moved->listed_values());
  const PreparedCallPtr prepared = calls.Get(list);
  EXPECT_EQ(calls.Get(moved), prepared);
  EXPECT_EQ(calls.Get(MultiplesOfThree(Numbers(3), 100)), prepared) << "of literals of its own";
  const auto like = [](const ExpressionPtr& text) {
    return Fn(Function::kLike, {text, Lit("%a_b%")});
  };
  EXPECT_EQ(calls.Get(like(TextColumn(0))), calls.Get(like(TextColumn(1))));
  EXPECT_EQ(calls.Get(like(TextColumn(0))), calls.Get(like(Fn(Function::kUpper, {TextColumn(0)}))));
}

TEST(PreparedCalls, WhatDiffersIsNotShared) {
  CallOptions ieee, escape, insensitive;
  ieee.nan = CallOptions::Nan::kIeee;
  escape.escape = '!';
  insensitive.text_case = CallOptions::Case::kInsensitive;
  const auto floats = plan::InputColumn(0, arrow::float64());
  const auto one = Lit(std::make_shared<arrow::DoubleScalar>(0.0));
  const auto other = Lit(std::make_shared<arrow::DoubleScalar>(-0.0));
  const auto call = [](Function function, const std::vector<ExpressionPtr>& arguments,
                       const CallOptions& options = {}) {
    return Require(plan::Call(function, arguments, options));
  };
  const auto text = TextColumn(0);
  const std::vector<ExpressionPtr> all = {
      MultiplesOfThree(Numbers(0), 100),
      MultiplesOfThree(Numbers(0), 101),
      MultiplesOfThree(Lit(3), 100),
      MultiplesOfThree(Lit(4), 100),
      call(Function::kIn, {Numbers(0), Lit(1), plan::NullLiteral(arrow::int64())}),
      call(Function::kIn, {Numbers(0), Lit(1)}),
      call(Function::kIn, {floats, one}),
      call(Function::kIn, {floats, other}),
      call(Function::kIn, {floats, one}, ieee),
      call(Function::kLike, {text, Lit("a%")}),
      call(Function::kLike, {text, Lit("b%")}),
      call(Function::kLike, {text, Lit("a%")}, escape),
      call(Function::kLike, {Lit("a"), Lit("a%")}),
      call(Function::kILike, {text, Lit("a%")}),
      call(Function::kRegexpMatches, {text, Lit("a%")}),
      call(Function::kRegexpMatches, {text, Lit("a%")}, insensitive),
      call(Function::kRegexpFullMatch, {text, Lit("a%")}),
      call(Function::kRegexpReplace, {text, Lit("a%"), Lit("b")}),
      call(Function::kRegexpReplace, {text, Lit("a%"), Lit("c")}),
      call(Function::kRegexpExtract, {text, Lit("(a)%"), Lit(0)}),
      call(Function::kRegexpExtract, {text, Lit("(a)%"), Lit(1)}),
  };
  PreparedCalls calls(kMuch);
  std::set<PreparedCallPtr> different;
  for (const auto& one_call : all) different.insert(calls.Get(one_call));
  EXPECT_EQ(different.size(), all.size());
  for (const auto& one_call : all) {
    EXPECT_TRUE(different.contains(calls.Get(one_call))) << one_call->ToString();
  }
}

TEST(PreparedCalls, PatternsOfRowsAndOfConstantsToBeComputedAreNotShared) {
  PreparedCalls calls;
  const auto of_rows = Fn(Function::kLike, {TextColumn(0), TextColumn(1)});
  EXPECT_NE(calls.Get(of_rows), calls.Get(of_rows));
  const auto computed = Fn(Function::kLike, {TextColumn(0), Fn(Function::kUpper, {Lit("a%")})});
  EXPECT_NE(calls.Get(computed), calls.Get(computed));
}

TEST(PreparedCalls, ConstantsToBeComputedAreNotTakenForOneAnother) {
  PreparedCalls calls(
      kMuch, [](const ExpressionPtr&) { return PrepareCall(MultiplesOfThree(Numbers(0), 10)); });
  const auto of = [&](const ExpressionPtr& constant) {
    return calls.Get(
        Require(plan::OpenCall(Function{1000}, {Numbers(0), constant}, arrow::int64())));
  };
  EXPECT_EQ(of(Lit("A")), of(Lit("A")));
  EXPECT_NE(of(Fn(Function::kUpper, {Lit("a")})), of(Fn(Function::kUpper, {Lit("b")})));
}

TEST(PreparedCalls, WhatWasAskedForLongAgoGoesWhenThereIsNoRoom) {
  Counting counting;
  const auto calls = counting.Calls(1 << 20);
  const auto small = MultiplesOfThree(Numbers(0), 10);
  const auto large = MultiplesOfThree(Numbers(0), 1500);
  calls->Get(small);
  calls->Get(large);
  calls->Get(small);
  EXPECT_EQ(counting.made[Function::kIn], 2) << "both have room";
  calls->Get(MultiplesOfThree(Numbers(0), 1501));
  calls->Get(small);
  EXPECT_EQ(counting.made[Function::kIn], 3) << "the one asked for last stays";
  calls->Get(large);
  EXPECT_EQ(counting.made[Function::kIn], 4);
  const auto huge = MultiplesOfThree(Numbers(0), 5000);
  calls->Get(huge);
  calls->Get(huge);
  EXPECT_EQ(counting.made[Function::kIn], 5) << "more than there is room for, alone";
}

// Fragment number i has the numbers from 5000 i on, in a column that comes first in every other
// fragment, and texts with them.
std::shared_ptr<format::Fragment> FragmentOf(int fragment) {
  const auto number = arrow::field("number", arrow::int64());
  const auto text = arrow::field("text", arrow::utf8());
  const bool numbers_first = fragment % 2 == 0;
  std::string lines;
  for (int i = fragment * 5000; i < (fragment + 1) * 5000; ++i) {
    lines += numbers_first ? fmt::format("{0},row {0}\n", i) : fmt::format("row {0},{0}\n", i);
  }
  testing::ParquetLayout layout;
  layout.row_group_rows = 1250;
  layout.dictionary = fragment % 4 < 2;
  const auto schema = numbers_first ? arrow::schema({number, text}) : arrow::schema({text, number});
  return testing::OpenParquet(*testing::TableOf(schema, lines), layout);
}

// Expressions of its own each time, as for a call of its own.
plan::Pipeline Sevens(const arrow::Schema& schema) {
  plan::Pipeline pipeline = testing::Read(schema, {"text"});
  const auto text = Col(pipeline, "text");
  pipeline.filter = {Fn(Function::kRegexpMatches, {text, Lit("^row [0-9]*7$")}),
                     Fn(Function::kLike, {text, Lit("row%00_")}),
                     MultiplesOfThree(Col(pipeline, "number"), 14'000)};
  pipeline.projection.push_back(
      {"x", Fn(Function::kRegexpReplace, {text, Lit("^row (.*)$"), Lit("x\\1")})});
  return pipeline;
}

// Those that end in 007 and are multiples of three.
std::vector<std::string> SevensOf(int fragment) {
  std::vector<std::string> rows;
  for (int i = fragment * 5000; i < (fragment + 1) * 5000; ++i) {
    if (i % 1000 == 7 && i % 3 == 0) rows.push_back(fmt::format("row {0}, x{0}", i));
  }
  return rows;
}

TEST(PreparedCalls, ThreadsAndCallsOfAScanShareWhatIsMadeOnce) {
  constexpr int kFragments = 8;
  constexpr int kThreads = 4;
  ASSERT_EQ(SevensOf(0), (std::vector<std::string>{"row 2007, x2007"}));
  ASSERT_EQ(SevensOf(1), (std::vector<std::string>{"row 5007, x5007", "row 8007, x8007"}));
  std::vector<std::shared_ptr<format::Fragment>> fragments;
  for (int i = 0; i < kFragments; ++i) fragments.push_back(FragmentOf(i));
  Counting counting;
  const auto calls = counting.Calls();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 3 * kFragments; ++i) {
        const int fragment = (i + thread) % kFragments;
        const auto& open = fragments[static_cast<size_t>(fragment)];
        RunRequest request = testing::AllRowsOf(*open);
        request.prepared_calls = calls;
        const auto run = testing::RunKernel(Sevens(*open->schema()), open, std::move(request));
        EXPECT_EQ(run.rows(), SevensOf(fragment)) << fragment;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counting.made, (std::map<Function, int>{{Function::kIn, 1},
                                                    {Function::kLike, 1},
                                                    {Function::kRegexpMatches, 1},
                                                    {Function::kRegexpReplace, 1}}));
}

// Holds for no row.
class Never : public PreparedCall {
 public:
  arrow::Result<vector::Column> Run(const Arguments&, int64_t length) const override {
    return vector::Column::Constant(plan::BoolLiteral(false)->literal(), length);
  }
};

TEST(PreparedCalls, DictionariesAreAskedByThemToo) {
  const auto fragment = FragmentOf(0);
  plan::Pipeline pipeline = testing::Read(*fragment->schema(), {"text"});
  pipeline.filter = {Fn(Function::kLike, {Col(pipeline, "text"), Lit("%7")})};
  RunRequest request = testing::AllRowsOf(*fragment);
  EXPECT_EQ(testing::RunKernel(pipeline, fragment, request).rows().size(), 500u);
  request.prepared_calls = std::make_shared<PreparedCalls>(
      kMuch, [](const ExpressionPtr&) { return std::make_shared<const Never>(); });
  const auto run = testing::RunKernel(pipeline, fragment, request);
  EXPECT_EQ(run.rows(), std::vector<std::string>());
  EXPECT_EQ(run.outcome.cost.row_groups_skipped_dictionary, 4);
}

// CASE WHEN text = `text` THEN text LIKE <a pattern that is none> ELSE false END
plan::Pipeline BadPatternWhere(const std::string& text, const arrow::Schema& schema) {
  plan::Pipeline pipeline = testing::Read(schema, {"text"});
  CallOptions escape;
  escape.escape = '!';
  const auto bad = Require(plan::Call(Function::kLike, {Col(pipeline, "text"), Lit("a!")}, escape));
  pipeline.filter = {Require(plan::Case(
      {Fn(Function::kEqual, {Col(pipeline, "text"), Lit(text)}), bad, plan::BoolLiteral(false)}))};
  return pipeline;
}

TEST(PreparedCalls, APatternThatIsNoneFailsWhereARowIsCompared) {
  const auto fragment = FragmentOf(0);
  EXPECT_EQ(testing::RunKernel(BadPatternWhere("none", *fragment->schema()), fragment).rows(),
            std::vector<std::string>());
  EXPECT_THAT(testing::TryKernel(BadPatternWhere("row 1", *fragment->schema()), fragment,
                                 testing::AllRowsOf(*fragment)),
              FailsWith(arrow::StatusCode::Invalid, "LIKE pattern 'a!' ends in its escape"));
}

// A function that the catalogue does not have, as a module of a user could bring it.
constexpr Function kOutside{100'000};

// outside(number, literal): the number, times the literal's length.
class TimesLength : public PreparedCall {
 public:
  explicit TimesLength(const plan::Expression& call)
      : length_(static_cast<const arrow::BaseBinaryScalar&>(*call.arguments()[1]->literal())
                    .value->size()) {}

  arrow::Result<vector::Column> Run(const Arguments& arguments, int64_t length) const override {
    ARROW_ASSIGN_OR_RAISE(auto out, vector::AllocateValues<int64_t>(length));
    for (int64_t i = 0; i < length; ++i) {
      vector::MutableValues<int64_t>(out)[i] = arguments[0].values<int64_t>()[i] * length_;
    }
    return vector::Column::Flat(arrow::int64(), length, std::move(out), nullptr);
  }
  int64_t bytes() const override { return sizeof(TimesLength); }

 private:
  const int64_t length_;
};

ExpressionPtr Outside(const ExpressionPtr& number) {
  return Require(plan::OpenCall(kOutside, {number, Lit("four")}, arrow::int64()));
}

TEST(OpenFunctions, WhoeverBringsOnePutsItsCallsIntoPrograms) {
  int made = 0;
  RunRequest request;
  request.slice.rows = plan::RowRanges::All(5000);
  request.prepared_calls = std::make_shared<PreparedCalls>(kMuch, [&](const ExpressionPtr& call) {
    if (call->function() != kOutside) return PrepareCall(call);
    ++made;
    return PreparedCallPtr(std::make_shared<const TimesLength>(*call));
  });
  for (const int number : {0, 1}) {
    const auto fragment = FragmentOf(number);
    plan::Pipeline pipeline = testing::Read(*fragment->schema(), {"number"});
    const auto outside = Outside(Col(pipeline, "number"));
    pipeline.projection.push_back({"outside", outside});
    pipeline.filter = {Fn(Function::kEqual, {Fn(Function::kModulo, {outside, Lit(4000)}), Lit(4)})};
    std::vector<std::string> expected;
    for (int i = number * 5000; i < (number + 1) * 5000; ++i) {
      if (i % 1000 == 1) expected.push_back(fmt::format("{}, {}", i, 4 * i));
    }
    ASSERT_EQ(expected.size(), 5u);
    EXPECT_EQ(testing::RunKernel(pipeline, fragment, request).rows(), expected);
  }
  EXPECT_EQ(made, 1) << "found by its constants, as the catalogue's are";
}

TEST(OpenFunctions, AKernelThatDoesNotKnowOneRefusesItByName) {
  const auto fragment = FragmentOf(0);
  plan::Pipeline pipeline = testing::Read(*fragment->schema(), {"number"});
  pipeline.projection.push_back({"outside", Outside(Col(pipeline, "number"))});
  EXPECT_THAT(testing::TryKernel(pipeline, fragment, testing::AllRowsOf(*fragment)),
              FailsWith(base::Code::kUnsupportedPlan, "function#100000(#0, 'four') has no kernel"));
}

}  // namespace
}  // namespace skyhook::exec
