#include "skyhook/plan/row_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace skyhook::plan {
namespace {

TEST(RowRanges, AreCanonical) {
  EXPECT_EQ(RowRanges({{5, 9}, {0, 3}, {3, 5}, {20, 20}, {12, 11}}).ToString(), "[0,9)");
  EXPECT_EQ(RowRanges({{0, 3}, {4, 6}}).ToString(), "[0,3) [4,6)");
  EXPECT_EQ(RowRanges().ToString(), "none");
  EXPECT_EQ(RowRanges::All(0), RowRanges());
  EXPECT_EQ(RowRanges({{0, 3}, {4, 6}}).num_rows(), 5);
  EXPECT_EQ(RowRanges({{0, 3}, {4, 6}}).end(), 6);
}

std::set<int64_t> Members(const RowRanges& ranges) {
  std::set<int64_t> out;
  for (const RowRange& range : ranges.ranges()) {
    for (int64_t row = range.begin; row < range.end; ++row) out.insert(row);
  }
  return out;
}

// Set algebra, against std::set.
TEST(RowRanges, AreSetsOfRows) {
  std::mt19937 random(20260101);
  const auto draw = [&] {
    std::vector<RowRange> ranges;
    for (int i = 0; i < 6; ++i) {
      const int64_t begin = random() % 40;
      ranges.push_back({begin, begin + static_cast<int64_t>(random() % 8)});
    }
    return RowRanges(std::move(ranges));
  };
  for (int round = 0; round < 500; ++round) {
    const RowRanges a = draw();
    const RowRanges b = draw();
    std::set<int64_t> both, either = Members(a), only_a;
    for (int64_t row : Members(b)) either.insert(row);
    for (int64_t row : Members(a)) (Members(b).contains(row) ? both : only_a).insert(row);
    ASSERT_EQ(Members(a.Intersect(b)), both) << a.ToString() << " and " << b.ToString();
    ASSERT_EQ(Members(a.Union(b)), either) << a.ToString() << " and " << b.ToString();
    ASSERT_EQ(Members(a.Subtract(b)), only_a) << a.ToString() << " and " << b.ToString();
    for (const RowRange& range : {RowRange{0, 7}, RowRange{17, 18}, RowRange{9, 9}}) {
      ASSERT_EQ(a.Overlaps(range), !Members(a.Intersect(range)).empty()) << a.ToString();
    }
    ASSERT_EQ(a.Subtract(b), RowRanges(a.Subtract(b).ranges())) << "not canonical";
  }
}

}  // namespace
}  // namespace skyhook::plan
