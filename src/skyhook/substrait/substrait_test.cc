#include "skyhook/substrait/substrait.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "skyhook/plan/types.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::substrait {
namespace {

using base::Code;
using testing::FailsWith;
using testing::Fn;
using testing::Lit;
using testing::Require;

plan::ExpressionPtr Col(int index, std::shared_ptr<arrow::DataType> type) {
  return plan::InputColumn(index, std::move(type));
}

/// A pipeline over one column `x` that projects one expression `y`.
plan::Pipeline Projecting(std::shared_ptr<arrow::DataType> type, plan::ExpressionPtr y) {
  plan::Pipeline pipeline;
  pipeline.input = arrow::schema({arrow::field("x", std::move(type))});
  pipeline.projection = {{"y", std::move(y)}};
  return pipeline;
}

std::string Json(const plan::Pipeline& pipeline) { return Require(ToSubstraitJson(pipeline)); }

/// What comes back of the projected expression.
plan::ExpressionPtr Returned(const plan::Pipeline& pipeline) {
  const auto back = Require(FromSubstrait(Require(ToSubstrait(pipeline))));
  EXPECT_EQ(back.projection.size(), 1u);
  return back.projection.at(0).expression;
}

void ExpectReturns(std::shared_ptr<arrow::DataType> type, const plan::ExpressionPtr& expression) {
  const auto back = Returned(Projecting(std::move(type), expression));
  EXPECT_TRUE(back->Equals(*expression))
      << back->ToString() << " instead of " << expression->ToString();
}

TEST(SubstraitTest, CountWithAFilterIsThisPlan) {
  plan::Pipeline pipeline;
  pipeline.input = arrow::schema({arrow::field("k", arrow::int64(), /*nullable=*/false)});
  pipeline.filter = {Fn(plan::Function::kLess, {Col(0, arrow::int64()), Lit(5)})};
  pipeline.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  EXPECT_EQ(Json(pipeline), R"({
 "extensions": [
  {
   "extensionFunction": {
    "functionAnchor": 1,
    "name": "count:",
    "extensionUrnReference": 1
   }
  },
  {
   "extensionFunction": {
    "functionAnchor": 2,
    "name": "lt:any_any",
    "extensionUrnReference": 2
   }
  }
 ],
 "relations": [
  {
   "root": {
    "input": {
     "aggregate": {
      "input": {
       "project": {
        "common": {
         "emit": {}
        },
        "input": {
         "filter": {
          "input": {
           "read": {
            "baseSchema": {
             "names": [
              "k"
             ],
             "struct": {
              "types": [
               {
                "i64": {
                 "nullability": "NULLABILITY_REQUIRED"
                }
               }
              ],
              "nullability": "NULLABILITY_REQUIRED"
             }
            },
            "namedTable": {
             "names": [
              "fragment"
             ]
            }
           }
          },
          "condition": {
           "scalarFunction": {
            "functionReference": 2,
            "outputType": {
             "bool": {
              "nullability": "NULLABILITY_NULLABLE"
             }
            },
            "arguments": [
             {
              "value": {
               "selection": {
                "directReference": {
                 "structField": {}
                },
                "rootReference": {}
               }
              }
             },
             {
              "value": {
               "literal": {
                "i64": "5"
               }
              }
             }
            ]
           }
          }
         }
        }
       }
      },
      "groupings": [
       {}
      ],
      "measures": [
       {
        "measure": {
         "functionReference": 1,
         "phase": "AGGREGATION_PHASE_INITIAL_TO_INTERMEDIATE",
         "outputType": {
          "i64": {
           "nullability": "NULLABILITY_NULLABLE"
          }
         },
         "invocation": "AGGREGATION_INVOCATION_ALL"
        }
       }
      ]
     }
    },
    "names": [
     "n"
    ]
   }
  }
 ],
 "version": {
  "minorNumber": 85,
  "producer": "skyhook"
 },
 "extensionUrns": [
  {
   "extensionUrnAnchor": 1,
   "urn": "extension:io.substrait:functions_aggregate_generic"
  },
  {
   "extensionUrnAnchor": 2,
   "urn": "extension:io.substrait:functions_comparison"
  }
 ]
}
)");
}

TEST(SubstraitTest, StandardFunctionsAreUsedWhereTheySayTheSame) {
  const auto x = Col(0, arrow::int64());
  EXPECT_NE(
      Json(Projecting(arrow::int64(), Fn(plan::Function::kAdd, {x, Lit(1)}))).find("add:i64_i64"),
      std::string::npos);
  const auto text = Col(0, arrow::utf8_view());
  const auto substring =
      Json(Projecting(arrow::utf8_view(), Fn(plan::Function::kSubstring, {text, Lit(1), Lit(2)})));
  EXPECT_NE(substring.find("substring:str_i32_i32"), std::string::npos) << substring;
  EXPECT_EQ(substring.find("org.skyhookdm"), std::string::npos) << substring;
}

TEST(SubstraitTest, AFieldOfAnOuterQueryIsRefused) {
  std::string bytes = Require(ToSubstrait(Projecting(arrow::int64(), Col(0, arrow::int64()))));
  // An empty root_reference (field 4) becomes an outer_reference (field 5).
  const size_t at = bytes.find(std::string("\x22\0", 2));
  ASSERT_NE(at, std::string::npos);
  bytes[at] = '\x2a';
  EXPECT_THAT(FromSubstrait(bytes), FailsWith(base::Code::kUnsupportedPlan, "outer_reference"));
}

TEST(SubstraitTest, ComparingFloatsInTotalOrderIsAFunctionOfOurs) {
  const auto x = Col(0, arrow::float64());
  const auto total = Json(Projecting(arrow::float64(), Fn(plan::Function::kLess, {x, x})));
  EXPECT_NE(total.find("extension:org.skyhookdm:functions"), std::string::npos) << total;
  plan::CallOptions ieee;
  ieee.nan = plan::CallOptions::Nan::kIeee;
  const auto standard =
      Json(Projecting(arrow::float64(), Require(plan::Call(plan::Function::kLess, {x, x}, ieee))));
  EXPECT_EQ(standard.find("org.skyhookdm"), std::string::npos) << standard;
}

TEST(SubstraitTest, AFunctionOutsideTheCatalogueIsRefused) {
  const auto outside = Require(plan::OpenCall(plan::Function{1000}, {Lit(1)}, arrow::int64()));
  EXPECT_THAT(ToSubstrait(Projecting(arrow::int64(), outside)),
              FailsWith(Code::kUnsupportedPlan, "function#1000 is no function of the catalogue"));
}

TEST(SubstraitTest, LiteralsAtTheEndsOfTheirTypesReturn) {
  using arrow::TimeUnit;
  const arrow::MonthDayNanoIntervalType::MonthDayNanos interval = {
      std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max(),
      std::numeric_limits<int64_t>::min() + 1};
  const std::vector<std::shared_ptr<arrow::Scalar>> values = {
      arrow::MakeScalar(std::numeric_limits<int8_t>::min()),
      arrow::MakeScalar(std::numeric_limits<int16_t>::max()),
      arrow::MakeScalar(std::numeric_limits<int64_t>::min()),
      arrow::MakeScalar(std::numeric_limits<uint8_t>::max()),
      arrow::MakeScalar(std::numeric_limits<uint64_t>::max()),
      arrow::MakeScalar(-std::numeric_limits<double>::infinity()),
      arrow::MakeScalar(std::numeric_limits<float>::denorm_min()),
      std::make_shared<arrow::Decimal64Scalar>(arrow::Decimal64(-999), arrow::decimal64(3, 2)),
      std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128::GetMaxValue(38),
                                                arrow::decimal128(38, 38)),
      std::make_shared<arrow::StringViewScalar>(std::string("a\0'ß", 5)),
      std::make_shared<arrow::BinaryViewScalar>(arrow::Buffer::FromString("\xff\x00")),
      std::make_shared<arrow::Date32Scalar>(-719162),
      std::make_shared<arrow::Time32Scalar>(86399, arrow::time32(TimeUnit::SECOND)),
      std::make_shared<arrow::Time64Scalar>(1, arrow::time64(TimeUnit::NANO)),
      std::make_shared<arrow::TimestampScalar>(-1, arrow::timestamp(TimeUnit::MILLI)),
      std::make_shared<arrow::TimestampScalar>(1, arrow::timestamp(TimeUnit::NANO, "UTC")),
      std::make_shared<arrow::TimestampScalar>(1, arrow::timestamp(TimeUnit::MICRO, "Asia/Tokyo")),
      std::make_shared<arrow::DurationScalar>(-1, arrow::duration(TimeUnit::MILLI)),
      std::make_shared<arrow::Decimal256Scalar>(-arrow::Decimal256::GetMaxValue(60),
                                                arrow::decimal256(60, 3)),
      std::make_shared<arrow::FixedSizeBinaryScalar>(std::string("\0a", 2)),
      arrow::MakeNullScalar(arrow::uint16()),
      arrow::MakeNullScalar(arrow::null()),
      arrow::MakeNullScalar(arrow::decimal64(10, 4)),
  };
  for (const auto& value : values) {
    SCOPED_TRACE(value->type->ToString());
    ExpectReturns(arrow::int64(), Require(plan::Literal(value)));
  }
  const auto micros = arrow::timestamp(TimeUnit::MICRO);
  const auto longest = Require(plan::Literal(std::make_shared<arrow::MonthDayNanoIntervalScalar>(
      interval, arrow::month_day_nano_interval())));
  ExpectReturns(micros, Fn(plan::Function::kAdd, {Col(0, micros), longest}));
}

TEST(SubstraitTest, IntervalsAreEqualAndHaveNoOrder) {
  const auto day = Require(plan::Literal(std::make_shared<arrow::MonthDayNanoIntervalScalar>(
      arrow::MonthDayNanoIntervalType::MonthDayNanos{0, 1, 0}, arrow::month_day_nano_interval())));
  const auto interval = Col(0, day->type());
  ExpectReturns(day->type(), Fn(plan::Function::kEqual, {interval, day}));
  ExpectReturns(day->type(), Require(plan::Coalesce({interval, day})));
  ExpectReturns(day->type(), day);
  EXPECT_THAT(plan::Call(plan::Function::kLess, {interval, day}),
              testing::FailsWith(base::Code::kUnsupportedPlan, "lt(month_day_nano_interval"));
  EXPECT_THAT(plan::Call(plan::Function::kGreatest, {interval, day}),
              testing::FailsWith(base::Code::kUnsupportedPlan, "greatest(month_day_nano_interval"));
}

TEST(SubstraitTest, NaNAndNegativeZeroReturnAsTheyAre) {
  for (const double value : {std::nan(""), -0.0}) {
    const auto back =
        Returned(Projecting(arrow::int64(), Require(plan::Literal(arrow::MakeScalar(value)))));
    const double returned = static_cast<const arrow::DoubleScalar&>(*back->literal()).value;
    EXPECT_EQ(std::isnan(returned), std::isnan(value));
    EXPECT_EQ(std::signbit(returned), std::signbit(value));
  }
}

TEST(SubstraitTest, ConjunctsKeepTheirBounds) {
  const auto x = Col(0, arrow::boolean());
  const auto both = Require(plan::And({x, Fn(plan::Function::kNot, {x})}));
  for (const std::vector<plan::ExpressionPtr>& filter :
       std::vector<std::vector<plan::ExpressionPtr>>{{both}, {x, both}, both->arguments(), {x}}) {
    auto pipeline = Projecting(arrow::boolean(), x);
    pipeline.filter = filter;
    const auto back = Require(FromSubstrait(Require(ToSubstrait(pipeline))));
    ASSERT_EQ(back.filter.size(), filter.size());
    for (size_t i = 0; i < filter.size(); ++i) EXPECT_TRUE(back.filter[i]->Equals(*filter[i]));
  }
}

TEST(SubstraitTest, DecimalsOfAnotherPrecisionThanTheStandardsReturn) {
  const auto type = arrow::decimal64(15, 2);
  const auto x = Col(0, type);
  for (const auto& wanted : {arrow::decimal64(16, 2), arrow::decimal64(17, 2),
                             std::static_pointer_cast<arrow::DataType>(arrow::decimal128(38, 2))}) {
    ExpectReturns(type, Require(plan::Call(plan::Function::kAdd, {x, x}, {}, wanted)));
  }
  ExpectReturns(type, Fn(plan::Function::kMultiply, {x, x}));
}

TEST(SubstraitTest, AColumnWithoutASubstraitFormIsNamed) {
  plan::Pipeline pipeline;
  pipeline.input =
      arrow::schema({arrow::field("runs", arrow::run_end_encoded(arrow::int32(), arrow::int8()))});
  EXPECT_THAT(ToSubstrait(pipeline),
              FailsWith(Code::kUnsupportedPlan, "column 'runs': type run_end_encoded"));
}

TEST(SubstraitTest, TextThatIsNoUtf8IsRefused) {
  auto pipeline = Projecting(arrow::int64(), Col(0, arrow::int64()));
  pipeline.projection[0].name = "\xff";
  EXPECT_THAT(ToSubstrait(pipeline), FailsWith(arrow::StatusCode::Invalid, "not valid UTF-8"));
  const auto literal = Require(plan::Literal(arrow::MakeScalar(std::string("\xc3"))));
  EXPECT_THAT(ToSubstrait(Projecting(arrow::int64(), literal)),
              FailsWith(arrow::StatusCode::Invalid, "text literal is not valid UTF-8"));
}

TEST(SubstraitTest, ExpressionsNestedTooDeepAreRefused) {
  auto deep = Col(0, arrow::boolean());
  for (int i = 1; i < kMaxExpressionDepth; ++i) deep = Fn(plan::Function::kNot, {deep});
  ExpectReturns(arrow::boolean(), deep);
  EXPECT_THAT(ToSubstrait(Projecting(arrow::boolean(), Fn(plan::Function::kNot, {deep}))),
              FailsWith(Code::kUnsupportedPlan, "nested deeper than"));
}

TEST(SubstraitTest, APipelineThatIsNotValidIsRefused) {
  auto pipeline = Projecting(arrow::int64(), Col(3, arrow::int64()));
  EXPECT_THAT(ToSubstrait(pipeline), FailsWith(arrow::StatusCode::Invalid, "column #3"));
}

}  // namespace
}  // namespace skyhook::substrait
