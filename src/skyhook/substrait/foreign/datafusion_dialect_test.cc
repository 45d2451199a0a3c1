// What DataFusion means by the functions of its plans.
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

TEST(ForeignDataFusion, NumbersOfTwoTypesCompareExactly) {
  EXPECT_THAT(DataFusionFilter("gt", Of(Field(2), kFive)),
              ::testing::HasSubstr("filter (d > 5.00)"));
  EXPECT_THAT(DataFusionFilter("gt", Of(kFive, Field(2))),
              ::testing::HasSubstr("filter (5.00 > d)"));
  EXPECT_THAT(DataFusionFilter("equal", Of(Field(0), Field(2))),
              ::testing::HasSubstr("filter (cast(k AS decimal128(21, 2)) = "
                                   "cast(d AS decimal128(21, 2)))"));
}

TEST(ForeignDataFusion, DataFusionOrdersFloatsByTheirBits) {
  for (const char* function : {"equal", "lt", "is_distinct_from"}) {
    EXPECT_THAT(ReadForeignPlan(FilterPlan("datafusion", function, Of(Field(1), Field(1)))),
                FailsWith(Code::kUnsupportedPlan, std::string(function) + "(double, double)"));
  }
}

TEST(ForeignDataFusion, OthersCompareFloatsAsTheyDefineIt) {
  const std::string plan = FilterPlan("Acero 26.0.1", "lt", Of(Field(1), Field(1)));
  const auto read = Require(ReadForeignPlan(plan));
  EXPECT_EQ(read.steps.at(0).pipeline.filter.at(0)->options().nan, plan::CallOptions::Nan::kIeee);
}

TEST(ForeignDataFusion, BareNamesNeedAKnownProducer) {
  EXPECT_THAT(ReadForeignPlan(FilterPlan("somebody", "lt", Of(Field(0), kFive))),
              FailsWith(Code::kUnsupportedPlan, "producer 'somebody'"));
}

TEST(ForeignDataFusion, LikeEscapesByBackslash) {
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

TEST(ForeignDataFusion, DataFusionsTextFunctionsTakeTwoTexts) {
  for (const char* function : {"starts_with", "ends_with", "contains"}) {
    EXPECT_THAT(DataFusionFilter(function, Of(Field(3), Text("a"))),
                ::testing::HasSubstr(std::string("filter ") + function + "(s, 'a')"));
    EXPECT_THAT(ReadForeignPlan(FilterPlan("datafusion", function, Value(Field(3)))),
                FailsWith(Code::kUnsupportedPlan, "2 arguments are"));
  }
}

TEST(ForeignDataFusion, TestsOfTruthAreNeverNull) {
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

TEST(ForeignDataFusion, DataFusionsVariationsAreTypes) {
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
plan::CallOptions ArithmeticOptions(const std::string& function, int column, bool twice = true) {
  const std::string project = R"({"project": {"common": {"emit": {"outputMapping": [4]}},
      "expressions": [)" + Call(twice ? Of(Field(column), Field(column)) : Value(Field(column))) +
                              R"(], "input": )" + Read() + "}}";
  const auto plan = Require(ReadForeignPlan(Plan("datafusion", function, project, R"("x")")));
  return plan.steps.at(0).pipeline.projection.at(0).expression->options();
}

TEST(ForeignDataFusion, DataFusionsArithmeticWrapsAroundAndFailsOnZero) {
  EXPECT_EQ(ArithmeticOptions("add", 0).overflow, plan::CallOptions::Overflow::kWrap);
  EXPECT_EQ(ArithmeticOptions("negate", 0, false).overflow, plan::CallOptions::Overflow::kWrap);
  EXPECT_EQ(ArithmeticOptions("divide", 0).division_by_zero,
            plan::CallOptions::DivisionByZero::kError);
  EXPECT_EQ(ArithmeticOptions("divide", 0).overflow, plan::CallOptions::Overflow::kError);
  EXPECT_EQ(ArithmeticOptions("divide", 1).division_by_zero,
            plan::CallOptions::DivisionByZero::kIeee);
  EXPECT_EQ(ArithmeticOptions("divide", 2).rounding, plan::CallOptions::Rounding::kTowardsZero);
  EXPECT_EQ(ArithmeticOptions("modulus", 0).overflow, plan::CallOptions::Overflow::kWrap);
  EXPECT_EQ(ArithmeticOptions("modulus", 2).division_by_zero,
            plan::CallOptions::DivisionByZero::kError);
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

TEST(ForeignDataFusion, AnIntegerBesideADecimalHasTheDigitsOfItsType) {
  EXPECT_EQ(ProductType(R"({"i8": {}})"), "decimal128(19, 2)");
  EXPECT_EQ(ProductType(R"({"i16": {}})"), "decimal128(21, 2)");
  EXPECT_EQ(ProductType(R"({"i32": {}})"), "decimal128(26, 2)");
  EXPECT_EQ(ProductType(R"({"i64": {}})"), "decimal128(36, 2)");
  EXPECT_EQ(ProductType(R"({"i8": {"typeVariationReference": 1}})"), "decimal128(19, 2)");
  EXPECT_EQ(ProductType(R"({"i16": {"typeVariationReference": 1}})"), "decimal128(21, 2)");
  EXPECT_EQ(ProductType(R"({"i32": {"typeVariationReference": 1}})"), "decimal128(26, 2)");
  EXPECT_EQ(ProductType(R"({"i64": {"typeVariationReference": 1}})"), "decimal128(36, 2)");
}

std::string AggregateText(const std::string& function, const std::string& argument) {
  const std::string rel = AggregateRelation(R"("groupings": [{}], )", argument);
  return Require(ReadForeignPlan(Plan("datafusion", function, rel, R"("x")"))).ToString();
}

TEST(ForeignDataFusion, CountOfAConstantCountsRows) {
  EXPECT_THAT(AggregateText("count", Value(kFive)), ::testing::HasSubstr("aggregate count(*)"));
  EXPECT_THAT(AggregateText("count", Value(Field(0))), ::testing::HasSubstr("count(#0)"));
}

TEST(ForeignDataFusion, DataFusionsSumsAndAveragesHaveItsTypes) {
  EXPECT_THAT(AggregateText("sum", Value(Field(2))),
              ::testing::HasSubstr("cast(#0 AS decimal128(25, 2))"));
  EXPECT_THAT(AggregateText("avg", Value(Field(2))),
              ::testing::HasSubstr("(#0 / cast(#1 AS decimal128(19, 0)))"));
  for (const char* function : {"min", "max"}) {
    const std::string rel = AggregateRelation(R"("groupings": [{}], )", Value(Field(1)));
    EXPECT_THAT(ReadForeignPlan(Plan("datafusion", function, rel, R"("x")")),
                FailsWith(Code::kUnsupportedPlan, "order of double"));
  }
}

TEST(ForeignDataFusion, ACastNullIsANullOfThatType) {
  const std::string null = R"({"cast": {"failureBehavior": 2, "type": {"i64": {}},
      "input": {"literal": {"null": {"string": {}}}}}})";
  EXPECT_THAT(DataFusionFilter("lt", Of(Field(0), null)),
              ::testing::HasSubstr("filter (k < NULL)"));
}

}  // namespace
}  // namespace skyhook::substrait
