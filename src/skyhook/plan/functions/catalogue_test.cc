// The catalogue is complete, and knows which calls can fail.
#include "skyhook/plan/functions/catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>

#include "skyhook/plan/expression.h"
#include "skyhook/plan/functions/aggregates.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::plan {
namespace {

TEST(Catalogue, HasEveryFunctionOnce) {
  const auto entries = Catalogue();
  ASSERT_EQ(entries.size(), static_cast<size_t>(Function::kTryCast) + 1);
  std::set<std::string_view> names;
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(entries[i].function), i) << entries[i].name;
    EXPECT_TRUE(names.insert(entries[i].name).second) << entries[i].name;
    EXPECT_EQ(FunctionByName(entries[i].name), entries[i].function);
    EXPECT_LE(entries[i].arity.least, entries[i].arity.most) << entries[i].name;
  }
}

TEST(Catalogue, HasEveryAggregateOnce) {
  const auto entries = AggregateCatalogue();
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(static_cast<size_t>(entries[i].function), i) << entries[i].name;
  }
}

TEST(Catalogue, AnIdOutsideItIsRefusedByName) {
  const auto column = InputColumn(0, arrow::int64());
  const auto past_the_end = static_cast<uint32_t>(Function::kTryCast) + 1;
  for (const uint32_t id : {past_the_end, 256u, std::numeric_limits<uint32_t>::max()}) {
    const Function outside{id};
    EXPECT_EQ(FindEntry(outside), nullptr);
    EXPECT_THAT(Call(outside, {column}, {}, arrow::int64()),
                testing::FailsWith(base::Code::kUnsupportedPlan,
                                   "no function function#" + std::to_string(id) + "(int64)"));
    EXPECT_THAT(Call(outside, {}),
                testing::FailsWith(base::Code::kUnsupportedPlan, "function#" + std::to_string(id)));
  }
}

TEST(Catalogue, CallsOfFunctionsOutsideItAreTypedByWhoeverMakesThem) {
  const auto column = InputColumn(0, arrow::int64());
  const Function outside{256};  // the id of kEqual, of those that one byte holds
  const auto call = testing::Require(OpenCall(outside, {column, column}, arrow::utf8_view()));
  EXPECT_EQ(call->function(), outside);
  EXPECT_NE(call->function(), Function::kEqual);
  EXPECT_TRUE(call->type()->Equals(*arrow::utf8_view()));
  EXPECT_TRUE(CanFail(*call));
  EXPECT_EQ(call->ToString(), "function#256(#0, #0)");
  EXPECT_FALSE(call->Equals(*testing::Require(Call(Function::kEqual, {column, column}))));
  EXPECT_THAT(OpenCall(Function::kEqual, {column, column}, arrow::boolean()),
              testing::FailsWith(base::Code::kUnsupportedPlan, "equal is a function of the"));
  EXPECT_THAT(OpenCall(outside, {}, arrow::boolean()),
              testing::FailsWith(base::Code::kUnsupportedPlan, "function#256 without arguments"));
}

TEST(Catalogue, CastsAmongIntegersFailWhereTheRangeIsNarrower) {
  const auto can_fail = [](const std::shared_ptr<arrow::DataType>& from,
                           const std::shared_ptr<arrow::DataType>& to) {
    return CanFail(*testing::Require(Call(Function::kCast, {InputColumn(0, from)}, {}, to)));
  };
  EXPECT_FALSE(can_fail(arrow::int32(), arrow::int64()));
  EXPECT_FALSE(can_fail(arrow::uint16(), arrow::uint32()));
  EXPECT_FALSE(can_fail(arrow::uint32(), arrow::int64()));
  EXPECT_TRUE(can_fail(arrow::uint32(), arrow::int32()));
  EXPECT_TRUE(can_fail(arrow::int64(), arrow::int32()));
  EXPECT_TRUE(can_fail(arrow::int8(), arrow::uint64()));
}

TEST(Catalogue, DivisionsByConstantsFailOnlyWhereTheConstantCan) {
  CallOptions by_zero;
  by_zero.division_by_zero = CallOptions::DivisionByZero::kError;
  const auto can_fail = [&](Function function, const std::shared_ptr<arrow::Scalar>& divisor,
                            const CallOptions& options) {
    const auto constant = testing::Require(Literal(divisor));
    return CanFail(
        *testing::Require(Call(function, {InputColumn(0, divisor->type), constant}, options)));
  };
  for (const Function function : {Function::kModulo, Function::kIntegerDivide}) {
    EXPECT_FALSE(can_fail(function, arrow::MakeScalar(int64_t{1000}), by_zero));
    EXPECT_TRUE(can_fail(function, arrow::MakeScalar(int64_t{-1}), {}));
    EXPECT_TRUE(can_fail(function, arrow::MakeScalar(int64_t{0}), by_zero));
    EXPECT_TRUE(can_fail(function, arrow::MakeScalar(uint8_t{0}), by_zero));
    EXPECT_FALSE(can_fail(function, arrow::MakeScalar(uint8_t{255}), by_zero));
    EXPECT_FALSE(can_fail(function, arrow::MakeScalar(uint8_t{0}), {}));
    const auto column = InputColumn(0, arrow::int32());
    EXPECT_TRUE(CanFail(*testing::Require(Call(function, {column, column}))));
  }
}

}  // namespace
}  // namespace skyhook::plan
