// What pyarrow means by its expressions.
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

TEST(ForeignArrow, ABooleanIsAFilterAndOthersAreAProjection) {
  const auto filter = Require(ReadExpression("lt", Call(Of(Field(0), kFive))));
  EXPECT_EQ(filter.steps.at(0).pipeline.filter.size(), 1u);
  EXPECT_EQ(filter.names.size(), 4u);
  const auto projection = Require(ReadExpression("lt", Field(0)));
  EXPECT_TRUE(projection.steps.at(0).pipeline.filter.empty());
  EXPECT_EQ(projection.names, std::vector<std::string>{"e"});
}

TEST(ForeignArrow, PyarrowsArithmeticSaysWhetherItIsChecked) {
  const std::string call = Call(Of(Field(0), kFive));
  const auto overflow = [&](const char* choice) {
    const std::string option =
        R"({"name": "overflow", "preference": [")" + std::string(choice) + "\"]}";
    const auto plan = Require(ReadExpression("add", Checked(call, option)));
    return plan.steps.at(0).pipeline.projection.at(0).expression->options().overflow;
  };
  EXPECT_EQ(overflow("ERROR"), plan::CallOptions::Overflow::kError);
  EXPECT_EQ(overflow("SILENT"), plan::CallOptions::Overflow::kWrap);
  EXPECT_THAT(ReadExpression("add", call), FailsWith(Code::kUnsupportedPlan, "on overflow"));
}

TEST(ForeignArrow, PyarrowDividesFloatsAsIeeeUnlessChecked) {
  const auto divide = [](const std::string& choice, int column) {
    const std::string option = R"({"name": "overflow", "preference": [")" + choice + "\"]}";
    return ReadExpression("divide", Checked(Call(Of(Field(column), Field(column))), option));
  };
  const auto by_zero = [&](const std::string& choice, int column) {
    const auto plan = Require(divide(choice, column));
    return plan.steps.at(0).pipeline.projection.at(0).expression->options().division_by_zero;
  };
  EXPECT_EQ(by_zero("SILENT", 1), plan::CallOptions::DivisionByZero::kIeee);
  EXPECT_EQ(by_zero("ERROR", 1), plan::CallOptions::DivisionByZero::kError);
  EXPECT_EQ(by_zero("ERROR", 0), plan::CallOptions::DivisionByZero::kError);
  EXPECT_THAT(divide("SILENT", 0), FailsWith(Code::kUnsupportedPlan, "outside the type are 0"));
}

TEST(ForeignArrow, PyarrowsIsInIsNeverNull) {
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

// Pyarrow writes every integer of a list as i64.
TEST(ForeignArrow, ListsOfWiderIntegersAreOfTheColumnsType) {
  const auto filter = [](const std::string& options) {
    const std::string in =
        R"({"singularOrList": {"value": )" + Field(0) + R"(, "options": [)" + options + "]}}";
    const std::string named = Replaced(Replaced(kExpressions, "FUNCTION", "lt"), "EXPRESSION", in);
    const std::string narrow = Replaced(kColumns, R"({"i64": {}})", R"({"i32": {}})");
    return Require(ReadForeignPlan(Replaced(named, "SCHEMA", narrow))).ToString();
  };
  const std::string large = R"({"literal": {"i64": "5000000000"}})";
  EXPECT_THAT(filter(kFive), ::testing::HasSubstr("filter (k IN (5))"));
  EXPECT_THAT(filter(large + ", " + kFive), ::testing::HasSubstr("filter (k IN (5))"))
      << "no value of the column equals the other";
  EXPECT_THAT(filter(large), ::testing::HasSubstr("filter false"));
}

TEST(ForeignArrow, PyarrowsIfElseNeedsAConditionThatIsNeverNull) {
  const auto if_else = [](const std::string& function) {
    return ReadExpression(function,
                          R"({"ifThen": {"ifs": [{"if": )" +
                              Call(function == "lt" ? Of(Field(0), kFive) : Value(Field(0))) +
                              R"(, "then": )" + kFive + R"(}], "else": )" + Field(0) + "}}");
  };
  EXPECT_THAT(if_else("is_not_null"), testing::IsOk());
  EXPECT_THAT(if_else("lt"), FailsWith(Code::kUnsupportedPlan, "if_else"));
}

TEST(ForeignArrow, AMeasureIsNoExpression) {
  const std::string measure = Replaced(kExpressions, R"("expression": EXPRESSION)",
                                       R"("measure": {"functionReference": 1})");
  EXPECT_THAT(ReadForeignPlan(Replaced(measure, "SCHEMA", kColumns)),
              FailsWith(Code::kUnsupportedPlan, "'measure'"));
}

TEST(ForeignArrow, PyarrowsCastsAreRefused) {
  EXPECT_THAT(ReadExpression("lt", R"({"cast": {"type": {"i32": {}}, "input": )" + Field(0) +
                                       R"(, "failureBehavior": 2}})"),
              FailsWith(Code::kUnsupportedPlan, "cast of"));
}

}  // namespace
}  // namespace skyhook::substrait
