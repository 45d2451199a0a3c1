#include "skyhook/plan/types.h"

#include <gtest/gtest.h>

namespace skyhook::plan {
namespace {

std::string Common(const std::shared_ptr<arrow::DataType>& a,
                   const std::shared_ptr<arrow::DataType>& b) {
  const auto common = CommonNumber(*a, *b);
  return common == nullptr ? "none" : common->ToString();
}

TEST(CommonNumberTest, HoldsBoth) {
  EXPECT_EQ(Common(arrow::int8(), arrow::int16()), "int16");
  EXPECT_EQ(Common(arrow::int16(), arrow::uint8()), "int16");
  EXPECT_EQ(Common(arrow::int8(), arrow::uint8()), "int16");
  EXPECT_EQ(Common(arrow::uint8(), arrow::uint16()), "uint16");
  EXPECT_EQ(Common(arrow::int8(), arrow::uint16()), "int32");
  EXPECT_EQ(Common(arrow::uint32(), arrow::int8()), "int64");
  EXPECT_EQ(Common(arrow::uint64(), arrow::int8()), "none");
  EXPECT_EQ(Common(arrow::uint64(), arrow::uint8()), "uint64");
  EXPECT_EQ(Common(arrow::float32(), arrow::float32()), "float");
  EXPECT_EQ(Common(arrow::float32(), arrow::float64()), "double");
  EXPECT_EQ(Common(arrow::float32(), arrow::int8()), "none");
}

}  // namespace
}  // namespace skyhook::plan
