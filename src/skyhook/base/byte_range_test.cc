#include "skyhook/base/byte_range.h"

#include <gtest/gtest.h>

namespace skyhook::base {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(Coalesce, JoinsAcrossSmallGapsOnly) {
  const CoalesceOptions options{10, 1000};
  EXPECT_EQ(Coalesce({{100, 10}, {0, 10}, {15, 5}}, options), (Ranges{{0, 20}, {100, 10}}));
  EXPECT_EQ(Coalesce({{0, 10}, {20, 10}}, options), (Ranges{{0, 30}}));
  EXPECT_EQ(Coalesce({{0, 10}, {21, 10}}, options), (Ranges{{0, 10}, {21, 10}}));
}

TEST(Coalesce, DropsEmptyRangesAndKeepsOverlapsWhole) {
  const CoalesceOptions options{0, 8};
  EXPECT_EQ(Coalesce({{5, 0}, {0, 10}, {2, 3}, {8, 10}}, options), (Ranges{{0, 18}}));
  EXPECT_EQ(Coalesce({}, options), Ranges{});
}

TEST(Coalesce, StopsAtTheLargestRead) {
  const CoalesceOptions options{10, 20};
  EXPECT_EQ(Coalesce({{0, 10}, {10, 10}, {20, 10}}, options), (Ranges{{0, 20}, {20, 10}}));
  EXPECT_EQ(Coalesce({{0, 50}, {55, 5}}, options), (Ranges{{0, 50}, {55, 5}}));
}

}  // namespace
}  // namespace skyhook::base
