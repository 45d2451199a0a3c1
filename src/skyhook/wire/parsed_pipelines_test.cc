#include "skyhook/wire/parsed_pipelines.h"

#include <gtest/gtest.h>

#include "skyhook/base/status.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::wire {
namespace {

using plan::Function;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;

/// A pipeline that differs from others by its number, and is about as long as `text_bytes`.
std::string Numbered(int64_t number, size_t text_bytes = 0) {
  plan::Pipeline pipeline = testing::ReadAll(*arrow::schema({arrow::field("n", arrow::int64())}));
  pipeline.filter = {Fn(Function::kEqual, {testing::Col(pipeline, "n"), Lit(number)}),
                     Fn(Function::kEqual, {Lit(std::string(text_bytes, 'x')), Lit("x")})};
  return Require(substrait::ToSubstrait(pipeline));
}

/// The pipeline itself, and not what is equal to it.
const plan::Pipeline* Got(ParsedPipelines* parsed, const std::string& bytes) {
  return &*Require(parsed->Get(bytes));
}

TEST(ParsedPipelinesTest, TheSameBytesAreParsedOnce) {
  ParsedPipelines parsed;
  EXPECT_TRUE(parsed.empty());
  const auto one = Require(parsed.Get(Numbered(1)));
  const auto two = Require(parsed.Get(Numbered(2)));
  EXPECT_NE(one->ToString(), two->ToString());
  EXPECT_EQ(Got(&parsed, Numbered(1)), &*one);
  EXPECT_EQ(Got(&parsed, Numbered(2)), &*two);
  EXPECT_EQ(Require(substrait::ToSubstrait(*one)), Numbered(1));
  parsed.Clear();
  EXPECT_TRUE(parsed.empty());
  EXPECT_NE(Got(&parsed, Numbered(1)), &*one);
}

TEST(ParsedPipelinesTest, BytesThatAreNoPlanAreNotKept) {
  ParsedPipelines parsed;
  EXPECT_THAT(parsed.Get("no plan"), FailsWith(base::Code::kCorruptData, ""));
  EXPECT_TRUE(parsed.empty());
}

TEST(ParsedPipelinesTest, TheLeastRecentlyUsedGoesWhenThereAreTooMany) {
  ParsedPipelines parsed;
  const auto first = Require(parsed.Get(Numbered(0)));
  const auto second = Require(parsed.Get(Numbered(1)));
  for (size_t i = 2; i < ParsedPipelines::kMostPipelines; ++i) {
    Require(parsed.Get(Numbered(static_cast<int64_t>(i))));
  }
  EXPECT_EQ(Got(&parsed, Numbered(0)), &*first) << "as many as may be kept";
  Require(parsed.Get(Numbered(-1)));
  EXPECT_EQ(Got(&parsed, Numbered(0)), &*first);
  EXPECT_NE(Got(&parsed, Numbered(1)), &*second);
}

TEST(ParsedPipelinesTest, WhatIsKeptIsBoundedInBytes) {
  ParsedPipelines parsed;
  constexpr auto kHalf = static_cast<size_t>(ParsedPipelines::kMostBytes / 2);
  const std::string first = Numbered(1, kHalf);
  const std::string second = Numbered(2, kHalf);
  const auto kept = Require(parsed.Get(first));
  const auto small = Require(parsed.Get(Numbered(3)));
  EXPECT_EQ(Got(&parsed, first), &*kept);
  const auto other = Require(parsed.Get(second));
  EXPECT_EQ(Got(&parsed, second), &*other);
  EXPECT_NE(Got(&parsed, first), &*kept) << "both take more than may be kept";
  const auto huge = Require(parsed.Get(Numbered(4, 2 * kHalf)));
  EXPECT_NE(Got(&parsed, Numbered(4, 2 * kHalf)), &*huge) << "larger than all that is kept";
  EXPECT_FALSE(parsed.empty());
}

}  // namespace
}  // namespace skyhook::wire
