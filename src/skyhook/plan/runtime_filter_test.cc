#include "skyhook/plan/runtime_filter.h"

#include <gtest/gtest.h>

#include "skyhook/testing/pipelines.h"

namespace skyhook::plan {
namespace {

ExpressionPtr Below(int64_t value) {
  return testing::Fn(Function::kLess, {InputColumn(0, arrow::int64()), testing::Lit(value)});
}

TEST(SettableRuntimeFilter, StaysTheSameObjectWhereItIsSetToWhatItIs) {
  SettableRuntimeFilter filter("top-k threshold");
  EXPECT_EQ(filter.Snapshot(), nullptr);
  filter.Set(nullptr);
  EXPECT_EQ(filter.Snapshot(), nullptr);
  const ExpressionPtr seven = Below(7);
  filter.Set(seven);
  filter.Set(Below(7));
  EXPECT_EQ(filter.Snapshot(), seven);
  const ExpressionPtr six = Below(6);
  filter.Set(six);
  EXPECT_EQ(filter.Snapshot(), six);
}

}  // namespace
}  // namespace skyhook::plan
