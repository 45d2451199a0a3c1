#include "skyhook/substrait/foreign/plan.h"

#include <gtest/gtest.h>

#include <string>

#include "skyhook/base/status.h"
#include "skyhook/substrait/foreign/plan_testing.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::substrait {
namespace {

using base::Code;
using testing::FailsWith;
using testing::Require;
using namespace foreign_testing;  // NOLINT

TEST(ForeignPlan, TypesAndLiteralsOfOlderReleasesAreRead) {
  const auto text = [](const std::string& type, const std::string& literal) {
    return EqualText("datafusion", type, literal);
  };
  EXPECT_EQ(text(R"({"timestamp": {}})", R"({"timestamp": "1000000"})"),
            text(R"({"precisionTimestamp": {"precision": 6}})",
                 R"({"precisionTimestamp": {"precision": 6, "value": "1000000"}})"));
  EXPECT_EQ(text(R"({"timestampTz": {}})", R"({"timestampTz": "1000000"})"),
            text(R"({"precisionTimestampTz": {"precision": 6}})",
                 R"({"precisionTimestampTz": {"precision": 6, "value": "1000000"}})"));
  EXPECT_EQ(text(R"({"time": {}})", R"({"time": "5"})"),
            text(R"({"precisionTime": {"precision": 6}})",
                 R"({"precisionTime": {"precision": 6, "value": "5"}})"));
  EXPECT_EQ(text(R"({"varchar": {"length": 3}})", R"({"varChar": {"value": "ab", "length": 3}})"),
            "string_view: (x = 'ab')");
}

std::string Fetch(const std::string& counts, const std::string& input) {
  return R"({"fetch": {)" + counts + R"("input": )" + input + "}}";
}

std::string Sort(const std::string& key, const std::string& input) {
  return R"({"sort": {"sorts": [{"expr": )" + key +
         R"(, "direction": "SORT_DIRECTION_DESC_NULLS_LAST"}], "input": )" + input + "}}";
}

ForeignPlan ReadRelation(const std::string& rel, const std::string& function = "add") {
  return Require(ReadForeignPlan(Plan("datafusion", function, rel, kNames)));
}

TEST(ForeignPlan, FetchIsReadInItsOldAndNewShape) {
  const auto now = ReadRelation(Fetch(
      R"("offsetExpr": {"literal": {"i64": 2}}, "countExpr": {"literal": {"i64": 3}}, )", Read()));
  const auto old = ReadRelation(Fetch(R"("offset": 2, "count": 3, )", Read()));
  ASSERT_EQ(now.steps.size(), 1u);
  EXPECT_EQ(now.steps[0].offset, 2);
  EXPECT_EQ(now.steps[0].pipeline.limit->limit, 5);
  EXPECT_EQ(old.ToString(), now.ToString());
  const auto all = ReadRelation(Fetch(R"("offset": 2, "count": -1, )", Read()));
  EXPECT_EQ(all.steps.at(0).pipeline.limit->limit, kAllRows);
}

TEST(ForeignPlan, AnOldFetchWithoutACountCouldMeanZero) {
  const std::string plan = Plan("datafusion", "add", Fetch("", Read()), kNames);
  EXPECT_EQ(Require(ReadForeignPlan(plan)).steps.at(0).pipeline.limit->limit, kAllRows);
  EXPECT_THAT(ReadForeignPlan(Replaced(plan, "85", "44")),
              FailsWith(Code::kUnsupportedPlan, "without a count"));
}

TEST(ForeignPlan, SortAndFetchAreOneTopK) {
  const auto plan =
      ReadRelation(Fetch(R"("countExpr": {"literal": {"i64": 3}}, )", Sort(Field(2), Read())));
  ASSERT_EQ(plan.steps.size(), 1u);
  EXPECT_EQ(plan.steps[0].pipeline.top_k->limit, 3);
  EXPECT_TRUE(plan.steps[0].pipeline.top_k->keys.at(0).descending);
  EXPECT_FALSE(plan.steps[0].pipeline.top_k->keys.at(0).nulls_first);
}

TEST(ForeignPlan, WhatIsOnlySortedByIsNotReturned) {
  const std::string key = Call(Of(Field(0), Field(0)));
  const auto plan = ReadRelation(Sort(key, Read()));
  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_EQ(plan.steps[0].pipeline.projection.size(), 5u);
  EXPECT_EQ(plan.steps[1].pipeline.projection.size(), 4u);
}

TEST(ForeignPlan, WhatStandsAboveAReductionIsTheNextStep) {
  const std::string condition = Call(Of(Field(0), kFive));
  const auto plan = ReadRelation(
      Filter(condition, Fetch(R"("countExpr": {"literal": {"i64": 3}}, )", Read())), "lt");
  ASSERT_EQ(plan.steps.size(), 2u);
  EXPECT_TRUE(plan.steps[0].pipeline.filter.empty());
  EXPECT_EQ(plan.steps[1].pipeline.filter.size(), 1u);
}

TEST(ForeignPlan, AFilterThatStandsAlreadyIsNotAddedAgain) {
  const std::string condition = Call(Of(Field(0), kFive));
  const auto plan = ReadRelation(Filter(condition, Filter(condition, Read())), "lt");
  EXPECT_EQ(plan.steps.at(0).pipeline.filter.size(), 1u);
}

TEST(ForeignPlan, ColumnsThatAreNotReadAreNotAskedFor) {
  const std::string emit =
      R"({"project": {"common": {"emit": {"outputMapping": [2]}}, "input": )" + Read() + "}}";
  const auto plan = Require(ReadForeignPlan(Plan("datafusion", "add", emit, R"("d")")));
  EXPECT_EQ(plan.steps.at(0).pipeline.input->field_names(), std::vector<std::string>{"d"});
}

TEST(ForeignPlan, AReadSaysWhichOfItsColumnsItEmits) {
  const std::string read = Replaced(Read(), R"({"read": {)",
                                    R"({"read": {"common": {"emit": {"outputMapping": [2]}}, )");
  const auto plan = Require(ReadForeignPlan(Plan("datafusion", "add", read, R"("d")")));
  EXPECT_EQ(plan.steps.at(0).pipeline.projection.size(), 1u);
  EXPECT_EQ(plan.steps.at(0).pipeline.input->field_names(), std::vector<std::string>{"d"});
}

TEST(ForeignPlan, GroupingsAreReadInTheirOldAndNewShape) {
  const std::string now = AggregateRelation(
      R"("groupings": [{"expressionReferences": [0]}], "groupingExpressions": [)" + Field(3) +
          "], ",
      Value(Field(0)));
  const std::string old = AggregateRelation(
      R"("groupings": [{"groupingExpressions": [)" + Field(3) + "]}], ", Value(Field(0)));
  const auto read = [](const std::string& rel) {
    return Require(ReadForeignPlan(Plan("datafusion", "max", rel, R"("s", "m")"))).ToString();
  };
  EXPECT_THAT(read(now), ::testing::HasSubstr("aggregate max(#1) by #0"));
  EXPECT_EQ(read(old), read(now));
  // DataFusion writes both.
  const std::string both =
      Replaced(now, R"("expressionReferences": [0])",
               R"("expressionReferences": [0], "groupingExpressions": [)" + Field(3) + "]");
  EXPECT_EQ(read(both), read(now));
  EXPECT_THAT(
      ReadForeignPlan(Plan("datafusion", "max", Replaced(both, Field(3), Field(2)), R"("s", "m")")),
      FailsWith(Code::kUnsupportedPlan, "which differ"));
}

TEST(ForeignPlan, RelationsThatAreNotUnderstoodAreNamed) {
  const std::string join = R"({"join": {"left": )" + Read() + R"(, "right": )" + Read() + "}}";
  EXPECT_THAT(ReadForeignPlan(Plan("datafusion", "add", join, kNames)),
              FailsWith(Code::kUnsupportedPlan, "'join'"));
  const std::string sets = AggregateRelation(R"("groupings": [{}, {}], )", Value(kFive));
  EXPECT_THAT(ReadForeignPlan(Plan("datafusion", "count", sets, R"("x")")),
              FailsWith(Code::kUnsupportedPlan, "2 grouping sets"));
}

TEST(ForeignPlan, TheStandardsCastsAreThoseThatAreExact) {
  const auto cast = [](int field, const std::string& type) {
    const std::string value = R"({"cast": {"failureBehavior": 2, "type": )" + type +
                              R"(, "input": )" + Field(field) + "}}";
    const std::string project =
        R"({"project": {"common": {"emit": {"outputMapping": [4]}}, "expressions": [)" + value +
        R"(], "input": )" + Read() + "}}";
    return ReadForeignPlan(Plan("elsewhere", "lt", project, R"("x")",
                                R"("extensionUrnReference": 1)",
                                R"("extensionUrns": [{"extensionUrnAnchor": 1, "urn":
                                "extension:io.substrait:functions_comparison"}], )"));
  };
  EXPECT_THAT(cast(0, R"({"i32": {}})"), testing::IsOk());
  EXPECT_THAT(cast(0, R"({"fp64": {}})"), testing::IsOk());
  EXPECT_THAT(cast(2, R"({"decimal": {"precision": 20, "scale": 4}})"), testing::IsOk());
  for (const auto& inexact : {cast(2, R"({"decimal": {"precision": 15, "scale": 1}})"),
                              cast(1, R"({"i64": {}})"), cast(3, R"({"i64": {}})")}) {
    EXPECT_THAT(inexact, FailsWith(Code::kUnsupportedPlan, ""));
  }
}

TEST(ForeignPlan, NamesHaveToFit) {
  EXPECT_THAT(ReadForeignPlan(Plan("datafusion", "add", Read(), R"("k")")),
              FailsWith(Code::kUnsupportedPlan, "1 names for 4 columns"));
}

TEST(ForeignPlan, FieldsWithinColumnsMayBeNamedWhatTheyAre) {
  const std::string read = R"({"read": {"namedTable": {"names": ["t"]}, "baseSchema": {
      "names": ["a", "b", "c", "d"], "struct": {"nullability": "NULLABILITY_REQUIRED", "types": [
        {"struct": {"nullability": "NULLABILITY_NULLABLE", "types": [
          {"i64": {"nullability": "NULLABILITY_NULLABLE"}},
          {"string": {"nullability": "NULLABILITY_NULLABLE"}}]}},
        {"i64": {"nullability": "NULLABILITY_NULLABLE"}}]}}}})";
  const auto names = [&](const std::string& given) {
    return ReadForeignPlan(Plan("datafusion", "add", read, given));
  };
  const std::vector<std::string> two = {"x", "y"};
  EXPECT_EQ(Require(names(R"("x", "b", "c", "y")")).names, two);
  EXPECT_EQ(Require(names(R"("x", "y")")).names, two) << "some producers leave them out";
  EXPECT_THAT(names(R"("x", "b", "e", "y")"),
              FailsWith(Code::kUnsupportedPlan, "renames fields within column 'x'"));
  for (const std::string given : {R"("x", "b", "c")", R"("x", "b", "c", "y", "z")"}) {
    EXPECT_THAT(names(given), FailsWith(Code::kUnsupportedPlan, "names for 2 columns"));
  }
}

TEST(ForeignPlan, ExtensionUrisAreReadFromJson) {
  const std::string rel = Filter(Call(Of(Field(0), kFive)), Read());
  const std::string uri = R"("extensionUris": [{"extensionUriAnchor": 7, "uri":
      "https://github.com/substrait-io/substrait/blob/main/extensions/functions_comparison.yaml"}], )";
  const std::string plan =
      Plan("elsewhere", "lt:any_any", rel, kNames, R"("extensionUriReference": 7)", uri);
  EXPECT_THAT(Require(ReadForeignPlan(plan)).ToString(), ::testing::HasSubstr("filter (k < 5)"));
  EXPECT_THAT(ReadForeignPlan(Replaced(plan, "functions_comparison", "functions_string")),
              FailsWith(Code::kUnsupportedPlan, "function lt(int64, int64)"));
  EXPECT_THAT(ReadForeignPlan(Replaced(plan, "Reference\": 7", "Reference\": 8")),
              FailsWith(Code::kUnsupportedPlan, "extension URI 8"));
  EXPECT_THAT(ReadForeignPlan(Replaced(plan, "extensionUris", "extensionThings")),
              FailsWith(Code::kUnsupportedPlan, "extensionThings"));
}

TEST(ForeignPlan, ReferencesToTheFirstUriAreNotWritten) {
  const std::string rel = Filter(Call(Of(Field(0), kFive)), Read());
  const std::string uris =
      R"("extensionUris": [{"uri": "/functions_comparison.yaml"},
                           {"extensionUriAnchor": 1, "uri": "/functions_string.yaml"}], )";
  const std::string plan =
      Plan("elsewhere", "lt:any_any", rel, kNames, R"("extensionUrnReference": 0)", uris);
  EXPECT_THAT(Require(ReadForeignPlan(plan)).ToString(), ::testing::HasSubstr("filter (k < 5)"));
}

TEST(ForeignPlan, AggregatesOfStateOrInAnOrderAreRefused) {
  const std::string rel = AggregateRelation(R"("groupings": [{}], )", Value(Field(0)));
  const auto refusal = [&](const std::string& more) {
    const std::string with = Replaced(rel, R"("invocation")", more + R"(, "invocation")");
    return ReadForeignPlan(Plan("datafusion", "max", with, R"("x")"));
  };
  EXPECT_THAT(refusal(R"("phase": "AGGREGATION_PHASE_INITIAL_TO_RESULT")"), testing::IsOk());
  EXPECT_THAT(refusal(R"("phase": "AGGREGATION_PHASE_INTERMEDIATE_TO_RESULT")"),
              FailsWith(Code::kUnsupportedPlan, "INTERMEDIATE_TO_RESULT"));
  EXPECT_THAT(refusal(R"("sorts": [{"expr": )" + Field(0) + "}]"),
              FailsWith(Code::kUnsupportedPlan, "'sorts'"));
}

TEST(ForeignPlan, AggregatesOfMoreColumnsThanTheyTakeAreRefusedByName) {
  const std::string one = Value(Field(0));
  const auto read = [&](const std::string& arguments) {
    const std::string rel = AggregateRelation(R"("groupings": [{}], )", arguments);
    const std::string uris =
        R"("extensionUris": [{"extensionUriAnchor": 1, "uri": "/functions_arithmetic.yaml"}], )";
    return ReadForeignPlan(
        Plan("elsewhere", "max:i64", rel, R"("x")", R"("extensionUriReference": 1)", uris));
  };
  EXPECT_THAT(read(one), testing::IsOk());
  EXPECT_THAT(read(one + ", " + one), FailsWith(Code::kUnsupportedPlan, "aggregate max("));
  EXPECT_THAT(read(one + ", " + one + ", " + one),
              FailsWith(Code::kUnsupportedPlan, "aggregate max("));
}

TEST(ForeignPlan, BytesThatAreNoPlanAreCorrupt) {
  for (const char* bytes : {"{", "{\"relations\": 5}", "SELECT 1", "\xff\xff"}) {
    EXPECT_THAT(ReadForeignPlan(bytes), FailsWith(Code::kCorruptData, "plan")) << bytes;
  }
}

/// A chain of projections that each add the last column to itself.
std::string Doubled(int times) {
  std::string rel = Read();
  for (int i = 0; i < times; ++i) {
    const std::string last = Field(3 + i);
    rel = R"({"project": {"expressions": [)" +
          Call(Of(i == 0 ? Field(0) : last, i == 0 ? Field(0) : last)) + R"(], "input": )" + rel +
          "}}";
  }
  return rel;
}

TEST(ForeignPlan, DoublingAnExpressionHasAnEnd) {
  std::string names = kNames;
  for (int i = 0; i < 25; ++i) names += ", \"x\"";
  EXPECT_THAT(ReadForeignPlan(Plan("datafusion", "add", Doubled(25), names)),
              FailsWith(Code::kUnsupportedPlan, "100000 nodes"));
}

}  // namespace
}  // namespace skyhook::substrait
