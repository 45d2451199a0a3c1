// The catalogue is complete, and knows which calls can fail.
#include "skyhook/plan/functions/catalogue.h"

#include <gtest/gtest.h>

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
