// What a place is asked for is what it can do, and as much of it as gives the same rows.
#include "skyhook/plan/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::plan {
namespace {

using testing::Col;
using testing::Fn;
using testing::Lit;
using testing::Require;

std::shared_ptr<arrow::Schema> Schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("word", arrow::utf8()),
                        arrow::field("part", arrow::int64())});
}

/// SELECT id WHERE word starts with 'a' AND part < 4
Pipeline Both() {
  Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.filter = {Fn(Function::kStartsWith, {Col(pipeline, "word"), Lit("a")}),
                     Fn(Function::kLess, {Col(pipeline, "part"), Lit(4)})};
  return pipeline;
}

Capabilities OnlyIntegers() {
  Capabilities can;
  can.functions = {Function::kLess};
  can.types = {arrow::Type::INT64};
  return can;
}

SplitPipeline SplitOf(const Pipeline& pipeline, const Capabilities& capabilities) {
  auto split = Require(Split(pipeline, capabilities));
  EXPECT_TRUE(split.has_value());
  Require(Validate(split->pushed));
  if (split->residual.has_value()) Require(Validate(*split->residual));
  return *std::move(split);
}

TEST(SplitTest, WhoCanDoAllIsAskedForAll) {
  Pipeline pipeline = Both();
  pipeline.limit = Limit{3};
  const SplitPipeline split = SplitOf(pipeline, {});
  EXPECT_EQ(split.pushed.ToString(), pipeline.ToString());
  EXPECT_FALSE(split.residual.has_value());
}

TEST(SplitTest, ConjunctsGoWhereTheyCanBeEvaluated) {
  const SplitPipeline split = SplitOf(Both(), OnlyIntegers());
  ASSERT_EQ(split.pushed.filter.size(), 1u);
  EXPECT_EQ(split.pushed.filter[0]->ToString(Schema().get()), "(part < 4)");
  EXPECT_EQ(split.pushed.ProjectedSchema()->field_names(),
            (std::vector<std::string>{"id", "word"}));
  ASSERT_EQ(split.residual->filter.size(), 1u);
  EXPECT_THAT(split.residual->filter[0]->ToString(split.residual->input.get()),
              ::testing::HasSubstr("word"));
  EXPECT_EQ(split.residual->ResultSchema()->ToString(), Both().ResultSchema()->ToString());
}

TEST(SplitTest, NothingIsReducedBeforeTheLastConjunct) {
  Pipeline limited = Both();
  limited.limit = Limit{3};
  Pipeline best = Both();
  best.top_k = TopK{{{.column = 0}}, 3};
  Pipeline counted = Both();
  counted.aggregate = Aggregate{{}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
  for (const Pipeline& pipeline : {limited, best, counted}) {
    const SplitPipeline split = SplitOf(pipeline, OnlyIntegers());
    EXPECT_FALSE(split.pushed.limit.has_value() || split.pushed.top_k.has_value() ||
                 split.pushed.aggregate.has_value());
    EXPECT_EQ(split.residual->ResultSchema()->ToString(), pipeline.ResultSchema()->ToString());
  }
}

TEST(SplitTest, AReductionThatIsNotThereStaysHere) {
  Capabilities can;
  can.top_k = can.limits = false;
  can.aggregates.emplace();
  Pipeline limited = Both();
  limited.limit = Limit{3};
  Pipeline best = Both();
  best.top_k = TopK{{{.column = 0}}, 3};
  Pipeline counted = Both();
  counted.aggregate = Aggregate{{}, {{AggregateFunction::kCountAll, -1, -1, "n"}}};
  for (const Pipeline& pipeline : {limited, best, counted}) {
    const SplitPipeline split = SplitOf(pipeline, can);
    EXPECT_EQ(split.pushed.filter.size(), 2u);
    EXPECT_FALSE(split.pushed.limit.has_value() || split.pushed.top_k.has_value() ||
                 split.pushed.aggregate.has_value());
    EXPECT_TRUE(split.residual->filter.empty());
  }
}

TEST(SplitTest, WhatKnowsTheCatalogueKnowsNoOtherFunction) {
  Pipeline pipeline = Both();
  const auto outside = Require(OpenCall(Function{1000}, {Col(pipeline, "part")}, arrow::boolean()));
  pipeline.filter.push_back(outside);
  const SplitPipeline split = SplitOf(pipeline, {});
  EXPECT_EQ(split.pushed.filter.size(), 2u);
  ASSERT_EQ(split.residual->filter.size(), 1u);
  EXPECT_EQ(split.residual->filter[0]->function(), Function{1000});
  Capabilities can;
  can.functions = {Function{1000}};
  EXPECT_TRUE(CanEvaluate(*outside, can));
  EXPECT_FALSE(CanEvaluate(*pipeline.filter[0], can));
}

TEST(SplitTest, ColumnsOfOneNameAreToldApart) {
  Pipeline pipeline = testing::Read(*Schema(), {"id"});
  pipeline.projection = {{"x", Col(pipeline, "id")}, {"x", Col(pipeline, "part")}};
  pipeline.top_k = TopK{{{.column = 1}}, 3};
  Capabilities can;
  can.top_k = false;
  const SplitPipeline split = SplitOf(pipeline, can);
  EXPECT_EQ(split.residual->input->field_names(), (std::vector<std::string>{"x", "x_1"}));
  EXPECT_EQ(split.residual->ResultSchema()->field_names(), (std::vector<std::string>{"x", "x"}));
}

TEST(SplitTest, AFilterThatWasLeftOutCannotBeMadeGood) {
  EXPECT_FALSE(IsWhole(Both(), {false, true, true}));
  EXPECT_TRUE(IsWhole(Both(), {true, true, false})) << "it reduces nothing";
  EXPECT_FALSE(Require(Remaining(Both(), {false, true, false})).has_value());
  EXPECT_FALSE(Require(Remaining(Both(), {true, false, true})).has_value());
  EXPECT_EQ(Require(Remaining(Both(), {}))->filter.size(), 2u);
  EXPECT_EQ(Require(Remaining(Both(), {true, false, false}))->filter.size(), 0u);
}

}  // namespace
}  // namespace skyhook::plan
