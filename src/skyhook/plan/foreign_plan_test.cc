#include "skyhook/plan/foreign_plan.h"

#include <gtest/gtest.h>

#include <string>

#include "skyhook/base/status.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::plan {
namespace {

using base::Code;
using testing::FailsWith;
using testing::Require;

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

constexpr char kColumns[] = R"({"names": ["k", "f", "d", "s"], "struct": {"types": [
  {"i64": {}}, {"fp64": {}}, {"decimal": {"precision": 15, "scale": 2}}, {"string": {}}]}})";

std::string Field(int number) {
  return R"({"selection": {"directReference": {"structField": {"field": )" +
         std::to_string(number) + R"(}}, "rootReference": {}}})";
}

std::string Read() {
  return R"({"read": {"baseSchema": )" + std::string(kColumns) +
         R"(, "namedTable": {"names": ["t"]}}})";
}

/// A call of the plan's only function, number 1.
std::string Call(const std::string& arguments) {
  return R"({"scalarFunction": {"functionReference": 1, "arguments": [)" + arguments + "]}}";
}

std::string Value(const std::string& expression) { return R"({"value": )" + expression + "}"; }

std::string Of(const std::string& a, const std::string& b) { return Value(a) + ", " + Value(b); }

std::string Filter(const std::string& condition, const std::string& input) {
  return R"({"filter": {"condition": )" + condition + R"(, "input": )" + input + "}}";
}

/// A plan with one function; `declared` is what stands besides its name.
std::string Plan(const std::string& producer, const std::string& function, const std::string& rel,
                 const std::string& names,
                 const std::string& declared = R"("extensionUrnReference": 4294967295)",
                 const std::string& more = "") {
  return R"({"version": {"minorNumber": 85, "producer": ")" + producer +
         R"("}, "extensions": [{"extensionFunction": {"functionAnchor": 1, "name": ")" + function +
         R"(", )" + declared + R"(}}], )" + more + R"("relations": [{"root": {"input": )" + rel +
         R"(, "names": [)" + names + "]}}]}";
}

constexpr char kNames[] = R"("k", "f", "d", "s")";

std::string FilterPlan(const std::string& producer, const std::string& function,
                       const std::string& arguments) {
  return Plan(producer, function, Filter(Call(arguments), Read()), kNames);
}

/// Text of the plan that filters `t` by a DataFusion call.
std::string DataFusionFilter(const std::string& function, const std::string& arguments) {
  return Require(ReadForeignPlan(FilterPlan("datafusion", function, arguments))).ToString();
}

const std::string kFive = R"({"literal": {"i64": "5"}})";

std::string Text(const std::string& text) { return R"({"literal": {"string": ")" + text + "\"}}"; }

TEST(ForeignPlan, NumbersOfTwoTypesCompareExactly) {
  EXPECT_THAT(DataFusionFilter("gt", Of(Field(2), kFive)),
              ::testing::HasSubstr("filter (d > 5.00)"));
  EXPECT_THAT(DataFusionFilter("gt", Of(kFive, Field(2))),
              ::testing::HasSubstr("filter (5.00 > d)"));
  EXPECT_THAT(DataFusionFilter("equal", Of(Field(0), Field(2))),
              ::testing::HasSubstr("filter (cast(k AS decimal128(21, 2)) = "
                                   "cast(d AS decimal128(21, 2)))"));
}

TEST(ForeignPlan, DataFusionOrdersFloatsByTheirBits) {
  for (const char* function : {"equal", "lt", "is_distinct_from"}) {
    EXPECT_THAT(ReadForeignPlan(FilterPlan("datafusion", function, Of(Field(1), Field(1)))),
                FailsWith(Code::kUnsupportedPlan, std::string(function) + "(double, double)"));
  }
}

TEST(ForeignPlan, OthersCompareFloatsAsTheyDefineIt) {
  const std::string plan = FilterPlan("Acero 26.0.1", "lt", Of(Field(1), Field(1)));
  const auto read = Require(ReadForeignPlan(plan));
  EXPECT_EQ(read.steps.at(0).pipeline.filter.at(0)->options().nan, CallOptions::Nan::kIeee);
}

TEST(ForeignPlan, BareNamesNeedAKnownProducer) {
  EXPECT_THAT(ReadForeignPlan(FilterPlan("somebody", "lt", Of(Field(0), kFive))),
              FailsWith(Code::kUnsupportedPlan, "producer 'somebody'"));
}

TEST(ForeignPlan, LikeEscapesByBackslash) {
  EXPECT_THAT(DataFusionFilter("like", Of(Field(3), Text("a%"))),
              ::testing::HasSubstr("filter (s LIKE 'a%')"));
  const auto plan =
      Require(ReadForeignPlan(FilterPlan("datafusion", "like", Of(Field(3), Text(R"(a\\%b)")))));
  EXPECT_EQ(plan.steps.at(0).pipeline.filter.at(0)->options().escape, '\\');
  EXPECT_THAT(ReadForeignPlan(FilterPlan("datafusion", "like", Of(Field(3), Text(R"(a\\)")))),
              FailsWith(Code::kUnsupportedPlan, "ends in a backslash"));
  EXPECT_THAT(ReadForeignPlan(FilterPlan("datafusion", "ilike", Of(Field(3), Text("a%")))),
              FailsWith(Code::kUnsupportedPlan, "ilike"));
}

TEST(ForeignPlan, DataFusionsTextFunctionsTakeTwoTexts) {
  for (const char* function : {"starts_with", "ends_with", "contains"}) {
    EXPECT_THAT(DataFusionFilter(function, Of(Field(3), Text("a"))),
                ::testing::HasSubstr(std::string("filter ") + function + "(s, 'a')"));
    EXPECT_THAT(ReadForeignPlan(FilterPlan("datafusion", function, Value(Field(3)))),
                FailsWith(Code::kUnsupportedPlan, "2 arguments are"));
  }
}

TEST(ForeignPlan, TestsOfTruthAreNeverNull) {
  const std::string condition = Call(Value(Call(Of(Field(0), kFive))));
  const auto filter = [&](const std::string& function) {
    const std::string plan = Plan("datafusion", function, Filter(condition, Read()), kNames);
    const std::string inner =
        R"({"extensionFunction": {"functionAnchor": 2, "name": "lt", "extensionUrnReference": 4294967295}}, )";
    const std::string declared = Replaced(plan, R"("extensions": [)", R"("extensions": [)" + inner);
    const size_t second = declared.rfind(R"("functionReference": 1)");
    return Require(ReadForeignPlan(std::string(declared).replace(second + 21, 1, "2"))).ToString();
  };
  EXPECT_THAT(filter("is_true"), ::testing::HasSubstr("((k < 5) IS NOT DISTINCT FROM true)"));
  EXPECT_THAT(filter("is_false"), ::testing::HasSubstr("((k < 5) IS NOT DISTINCT FROM false)"));
  EXPECT_THAT(filter("is_not_true"), ::testing::HasSubstr("((k < 5) IS DISTINCT FROM true)"));
  EXPECT_THAT(filter("is_not_false"), ::testing::HasSubstr("((k < 5) IS DISTINCT FROM false)"));
  EXPECT_THAT(filter("not"), ::testing::HasSubstr("(NOT (k < 5))"));
}

/// Text of the filter `x = literal` over a column `x` of that type.
std::string EqualText(const std::string& producer, const std::string& type,
                      const std::string& literal) {
  const std::string read = R"({"read": {"namedTable": {"names": ["t"]}, "baseSchema":
      {"names": ["x"], "struct": {"types": [)" +
                           type + "]}}}}";
  const std::string condition = Call(Of(Field(0), R"({"literal": )" + literal + "}"));
  const auto plan =
      Require(ReadForeignPlan(Plan(producer, "equal", Filter(condition, read), R"("x")")));
  const auto& pipeline = plan.steps.at(0).pipeline;
  return pipeline.input->field(0)->type()->ToString() + ": " +
         pipeline.filter.at(0)->ToString(pipeline.input.get());
}

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

TEST(ForeignPlan, DataFusionsVariationsAreTypes) {
  const auto text = [](const std::string& bits, const std::string& value) {
    const std::string variation = R"("typeVariationReference": 1)";
    return EqualText("datafusion", R"({"i)" + bits + R"(": {)" + variation + "}}",
                     R"({"i)" + bits + R"(": )" + value + ", " + variation + "}");
  };
  EXPECT_EQ(text("8", "255"), "uint8: (x = 255)");
  EXPECT_EQ(text("16", "65535"), "uint16: (x = 65535)");
  EXPECT_EQ(text("32", "-1"), "uint32: (x = 4294967295)");
  EXPECT_EQ(text("64", "\"-1\""), "uint64: (x = 18446744073709551615)");
  EXPECT_EQ(EqualText("datafusion", R"({"string": {"typeVariationReference": 1}})",
                      R"({"string": "a", "typeVariationReference": 2})"),
            "string_view: (x = 'a')");
  EXPECT_THAT(ReadForeignPlan(Replaced(Plan("Acero", "equal", Read(), kNames), R"({"i64": {}})",
                                       R"({"i64": {"typeVariationReference": 1}})")),
              FailsWith(Code::kUnsupportedPlan, "type_variation_reference"));
}

/// The options of a call on a column once or twice.
CallOptions ArithmeticOptions(const std::string& function, int column, bool twice = true) {
  const std::string project = R"({"project": {"common": {"emit": {"outputMapping": [4]}},
      "expressions": [)" + Call(twice ? Of(Field(column), Field(column)) : Value(Field(column))) +
                              R"(], "input": )" + Read() + "}}";
  const auto plan = Require(ReadForeignPlan(Plan("datafusion", function, project, R"("x")")));
  return plan.steps.at(0).pipeline.projection.at(0).expression->options();
}

TEST(ForeignPlan, DataFusionsArithmeticWrapsAroundAndFailsOnZero) {
  EXPECT_EQ(ArithmeticOptions("add", 0).overflow, CallOptions::Overflow::kWrap);
  EXPECT_EQ(ArithmeticOptions("negate", 0, false).overflow, CallOptions::Overflow::kWrap);
  EXPECT_EQ(ArithmeticOptions("divide", 0).division_by_zero, CallOptions::DivisionByZero::kError);
  EXPECT_EQ(ArithmeticOptions("divide", 0).overflow, CallOptions::Overflow::kError);
  EXPECT_EQ(ArithmeticOptions("divide", 1).division_by_zero, CallOptions::DivisionByZero::kIeee);
  EXPECT_EQ(ArithmeticOptions("divide", 2).rounding, CallOptions::Rounding::kTowardsZero);
  EXPECT_EQ(ArithmeticOptions("modulus", 2).division_by_zero, CallOptions::DivisionByZero::kError);
}

/// The type of an integer column, read as `type`, times the decimal(15, 2).
std::string ProductType(const std::string& type) {
  const std::string integer =
      R"({"cast": {"failureBehavior": 2, "type": )" + type + R"(, "input": )" + Field(0) + "}}";
  const std::string project = R"({"project": {"common": {"emit": {"outputMapping": [4]}},
      "expressions": [)" + Call(Of(integer, Field(2))) +
                              R"(], "input": )" + Read() + "}}";
  const auto plan = Require(ReadForeignPlan(Plan("datafusion", "multiply", project, R"("x")")));
  return plan.steps.at(0).pipeline.projection.at(0).expression->type()->ToString();
}

TEST(ForeignPlan, AnIntegerBesideADecimalHasTheDigitsOfItsType) {
  EXPECT_EQ(ProductType(R"({"i8": {}})"), "decimal128(19, 2)");
  EXPECT_EQ(ProductType(R"({"i16": {}})"), "decimal128(21, 2)");
  EXPECT_EQ(ProductType(R"({"i32": {}})"), "decimal128(26, 2)");
  EXPECT_EQ(ProductType(R"({"i64": {}})"), "decimal128(36, 2)");
  EXPECT_EQ(ProductType(R"({"i8": {"typeVariationReference": 1}})"), "decimal128(19, 2)");
  EXPECT_EQ(ProductType(R"({"i16": {"typeVariationReference": 1}})"), "decimal128(21, 2)");
  EXPECT_EQ(ProductType(R"({"i32": {"typeVariationReference": 1}})"), "decimal128(26, 2)");
  EXPECT_EQ(ProductType(R"({"i64": {"typeVariationReference": 1}})"), "decimal128(36, 2)");
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

std::string Aggregate(const std::string& groupings, const std::string& measure) {
  return R"({"aggregate": {)" + groupings + R"("measures": [{"measure": {"functionReference": 1,
      "invocation": "AGGREGATION_INVOCATION_ALL", "arguments": [)" +
         measure + R"(]}}], "input": )" + Read() + "}}";
}

TEST(ForeignPlan, GroupingsAreReadInTheirOldAndNewShape) {
  const std::string now =
      Aggregate(R"("groupings": [{"expressionReferences": [0]}], "groupingExpressions": [)" +
                    Field(3) + "], ",
                Value(Field(0)));
  const std::string old =
      Aggregate(R"("groupings": [{"groupingExpressions": [)" + Field(3) + "]}], ", Value(Field(0)));
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

std::string AggregateText(const std::string& function, const std::string& argument) {
  const std::string rel = Aggregate(R"("groupings": [{}], )", argument);
  return Require(ReadForeignPlan(Plan("datafusion", function, rel, R"("x")"))).ToString();
}

TEST(ForeignPlan, CountOfAConstantCountsRows) {
  EXPECT_THAT(AggregateText("count", Value(kFive)), ::testing::HasSubstr("aggregate count(*)"));
  EXPECT_THAT(AggregateText("count", Value(Field(0))), ::testing::HasSubstr("count(#0)"));
}

TEST(ForeignPlan, DataFusionsSumsAndAveragesHaveItsTypes) {
  EXPECT_THAT(AggregateText("sum", Value(Field(2))),
              ::testing::HasSubstr("cast(#0 AS decimal128(25, 2))"));
  EXPECT_THAT(AggregateText("avg", Value(Field(2))),
              ::testing::HasSubstr("(#0 / cast(#1 AS decimal128(19, 0)))"));
  for (const char* function : {"min", "max"}) {
    const std::string rel = Aggregate(R"("groupings": [{}], )", Value(Field(1)));
    EXPECT_THAT(ReadForeignPlan(Plan("datafusion", function, rel, R"("x")")),
                FailsWith(Code::kUnsupportedPlan, "order of double"));
  }
}

TEST(ForeignPlan, RelationsThatAreNotUnderstoodAreNamed) {
  const std::string join = R"({"join": {"left": )" + Read() + R"(, "right": )" + Read() + "}}";
  EXPECT_THAT(ReadForeignPlan(Plan("datafusion", "add", join, kNames)),
              FailsWith(Code::kUnsupportedPlan, "'join'"));
  const std::string sets = Aggregate(R"("groupings": [{}, {}], )", Value(kFive));
  EXPECT_THAT(ReadForeignPlan(Plan("datafusion", "count", sets, R"("x")")),
              FailsWith(Code::kUnsupportedPlan, "2 grouping sets"));
}

TEST(ForeignPlan, NamesHaveToFit) {
  EXPECT_THAT(ReadForeignPlan(Plan("datafusion", "add", Read(), R"("k")")),
              FailsWith(Code::kUnsupportedPlan, "1 names for 4 columns"));
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

constexpr char kExpressions[] = R"({"version": {"minorNumber": 44, "producer": "Acero 26.0.1"},
  "extensions": [{"extensionFunction": {"functionAnchor": 1, "name": "FUNCTION"}}],
  "referredExpr": [{"expression": EXPRESSION, "outputNames": ["e"]}], "baseSchema": SCHEMA})";

arrow::Result<ForeignPlan> ReadExpression(const std::string& function,
                                          const std::string& expression) {
  const std::string named = Replaced(kExpressions, "FUNCTION", function);
  return ReadForeignPlan(Replaced(Replaced(named, "EXPRESSION", expression), "SCHEMA", kColumns));
}

std::string Checked(const std::string& call, const std::string& option) {
  return Replaced(call, "\"arguments\"", R"("options": [)" + option + R"(], "arguments")");
}

TEST(ForeignExpression, ABooleanIsAFilterAndOthersAreAProjection) {
  const auto filter = Require(ReadExpression("lt", Call(Of(Field(0), kFive))));
  EXPECT_EQ(filter.steps.at(0).pipeline.filter.size(), 1u);
  EXPECT_EQ(filter.names.size(), 4u);
  const auto projection = Require(ReadExpression("lt", Field(0)));
  EXPECT_TRUE(projection.steps.at(0).pipeline.filter.empty());
  EXPECT_EQ(projection.names, std::vector<std::string>{"e"});
}

TEST(ForeignExpression, PyarrowsArithmeticSaysWhetherItIsChecked) {
  const std::string call = Call(Of(Field(0), kFive));
  const auto overflow = [&](const char* choice) {
    const std::string option =
        R"({"name": "overflow", "preference": [")" + std::string(choice) + "\"]}";
    const auto plan = Require(ReadExpression("add", Checked(call, option)));
    return plan.steps.at(0).pipeline.projection.at(0).expression->options().overflow;
  };
  EXPECT_EQ(overflow("ERROR"), CallOptions::Overflow::kError);
  EXPECT_EQ(overflow("SILENT"), CallOptions::Overflow::kWrap);
  EXPECT_THAT(ReadExpression("add", call), FailsWith(Code::kUnsupportedPlan, "on overflow"));
}

TEST(ForeignExpression, PyarrowDividesFloatsAsIeeeUnlessChecked) {
  const auto divide = [](const std::string& choice, int column) {
    const std::string option = R"({"name": "overflow", "preference": [")" + choice + "\"]}";
    return ReadExpression("divide", Checked(Call(Of(Field(column), Field(column))), option));
  };
  const auto by_zero = [&](const std::string& choice, int column) {
    const auto plan = Require(divide(choice, column));
    return plan.steps.at(0).pipeline.projection.at(0).expression->options().division_by_zero;
  };
  EXPECT_EQ(by_zero("SILENT", 1), CallOptions::DivisionByZero::kIeee);
  EXPECT_EQ(by_zero("ERROR", 1), CallOptions::DivisionByZero::kError);
  EXPECT_EQ(by_zero("ERROR", 0), CallOptions::DivisionByZero::kError);
  EXPECT_THAT(divide("SILENT", 0), FailsWith(Code::kUnsupportedPlan, "outside the type are 0"));
}

TEST(ForeignExpression, PyarrowsIsInIsNeverNull) {
  const std::string in =
      R"({"singularOrList": {"value": )" + Field(0) + R"(, "options": [)" + kFive + "]}}";
  EXPECT_THAT(Require(ReadExpression("lt", in)).ToString(),
              ::testing::HasSubstr("filter (k IN (5))"));
  const std::string negated = Call(Value(in));
  EXPECT_THAT(Require(ReadExpression("not", negated)).ToString(),
              ::testing::HasSubstr("filter (NOT coalesce((k IN (5)), false))"));
  const std::string null = Replaced(in, kFive, R"({"literal": {"null": {"i64": {}}}})");
  EXPECT_THAT(ReadExpression("lt", null), FailsWith(Code::kUnsupportedPlan, "NULL in the list"));
}

TEST(ForeignExpression, PyarrowsIfElseNeedsAConditionThatIsNeverNull) {
  const auto if_else = [](const std::string& function) {
    return ReadExpression(function,
                          R"({"ifThen": {"ifs": [{"if": )" +
                              Call(function == "lt" ? Of(Field(0), kFive) : Value(Field(0))) +
                              R"(, "then": )" + kFive + R"(}], "else": )" + Field(0) + "}}");
  };
  EXPECT_TRUE(if_else("is_not_null").ok());
  EXPECT_THAT(if_else("lt"), FailsWith(Code::kUnsupportedPlan, "if_else"));
}

TEST(ForeignExpression, PyarrowsCastsAreRefused) {
  EXPECT_THAT(ReadExpression("lt", R"({"cast": {"type": {"i32": {}}, "input": )" + Field(0) +
                                       R"(, "failureBehavior": 2}})"),
              FailsWith(Code::kUnsupportedPlan, "cast of"));
}

}  // namespace
}  // namespace skyhook::plan
