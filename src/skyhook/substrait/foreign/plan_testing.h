// Foreign plans of tests, put together out of JSON: over a table `t` of k (int64), f (double),
// d (decimal(15, 2)) and s (text), with one function of number 1.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "skyhook/base/status.h"
#include "skyhook/substrait/foreign/plan.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::substrait::foreign_testing {

using testing::Require;

inline std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

inline constexpr char kColumns[] = R"({"names": ["k", "f", "d", "s"], "struct": {"types": [
  {"i64": {}}, {"fp64": {}}, {"decimal": {"precision": 15, "scale": 2}}, {"string": {}}]}})";

inline std::string Field(int number) {
  return R"({"selection": {"directReference": {"structField": {"field": )" +
         std::to_string(number) + R"(}}, "rootReference": {}}})";
}

inline std::string Read() {
  return R"({"read": {"baseSchema": )" + std::string(kColumns) +
         R"(, "namedTable": {"names": ["t"]}}})";
}

/// A call of the plan's only function, number 1.
inline std::string Call(const std::string& arguments) {
  return R"({"scalarFunction": {"functionReference": 1, "arguments": [)" + arguments + "]}}";
}

inline std::string Value(const std::string& expression) {
  return R"({"value": )" + expression + "}";
}

inline std::string Of(const std::string& a, const std::string& b) {
  return Value(a) + ", " + Value(b);
}

inline std::string Filter(const std::string& condition, const std::string& input) {
  return R"({"filter": {"condition": )" + condition + R"(, "input": )" + input + "}}";
}

/// A plan with one function; `declared` is what stands besides its name.
inline std::string Plan(const std::string& producer, const std::string& function,
                        const std::string& rel, const std::string& names,
                        const std::string& declared = R"("extensionUrnReference": 4294967295)",
                        const std::string& more = "") {
  return R"({"version": {"minorNumber": 85, "producer": ")" + producer +
         R"("}, "extensions": [{"extensionFunction": {"functionAnchor": 1, "name": ")" + function +
         R"(", )" + declared + R"(}}], )" + more + R"("relations": [{"root": {"input": )" + rel +
         R"(, "names": [)" + names + "]}}]}";
}

inline constexpr char kNames[] = R"("k", "f", "d", "s")";

inline std::string FilterPlan(const std::string& producer, const std::string& function,
                              const std::string& arguments) {
  return Plan(producer, function, Filter(Call(arguments), Read()), kNames);
}

/// Text of the plan that filters `t` by a DataFusion call.
inline std::string DataFusionFilter(const std::string& function, const std::string& arguments) {
  return Require(ReadForeignPlan(FilterPlan("datafusion", function, arguments))).ToString();
}

inline const std::string kFive = R"({"literal": {"i64": "5"}})";

inline std::string Text(const std::string& text) {
  return R"({"literal": {"string": ")" + text + "\"}}";
}

inline std::string AggregateRelation(const std::string& groupings, const std::string& measure) {
  return R"({"aggregate": {)" + groupings + R"("measures": [{"measure": {"functionReference": 1,
      "invocation": "AGGREGATION_INVOCATION_ALL", "arguments": [)" +
         measure + R"(]}}], "input": )" + Read() + "}}";
}

/// Text of the filter `x = literal` over a column `x` of that type.
inline std::string EqualText(const std::string& producer, const std::string& type,
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

}  // namespace skyhook::substrait::foreign_testing
