#include "skyhook/client/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::client {
namespace {

using ::testing::ElementsAre;

/// Knows the bounds of column x.
class BoundsSite : public site::Site {
 public:
  explicit BoundsSite(bool remote) { profile_.remote = remote; }
  explicit BoundsSite(const std::vector<std::pair<int64_t, int64_t>>& bounds) {
    for (const auto& [min, max] : bounds) {
      plan::ColumnStatistics known;
      known.min = arrow::MakeScalar(min);
      known.max = arrow::MakeScalar(max);
      known.null_count = max == 0 ? 1 : 0;
      statistics_.push_back(known);
    }
  }
  const site::Profile& profile() const override { return profile_; }
  arrow::Result<site::FragmentDescription> Describe(const site::FragmentId&) override {
    return arrow::Status::NotImplemented("Describe");
  }
  arrow::Result<std::vector<std::optional<plan::ColumnStatistics>>> Statistics(
      const site::FragmentId&, const std::string& column) override {
    if (column != "x") return arrow::Status::KeyError(column);
    return statistics_;
  }
  arrow::Result<std::shared_ptr<base::ByteSource>> OpenBytes(const site::FragmentId&,
                                                             const arrow::StopToken&) override {
    return arrow::Status::NotImplemented("OpenBytes");
  }
  arrow::Result<std::unique_ptr<site::Answer>> Run(site::Request) override {
    return arrow::Status::NotImplemented("Run");
  }

 private:
  site::Profile profile_;
  std::vector<std::optional<plan::ColumnStatistics>> statistics_;
};

/// A table whose fragments have row groups of these sizes.
Table TableOfGroups(const std::vector<std::vector<int64_t>>& fragments, bool remote = false) {
  Table table;
  const auto site = std::make_shared<BoundsSite>(remote);
  for (const std::vector<int64_t>& groups : fragments) {
    TableFragment& fragment = table.fragments.emplace_back();
    int64_t row = 0;
    for (const int64_t rows : groups) {
      fragment.description.row_groups.push_back({row, row + rows});
      row += rows;
    }
    fragment.description.num_rows = row;
    fragment.site = site;
  }
  return table;
}

std::vector<std::string> Cut(const Table& table, const CutOptions& options,
                             std::vector<bool> skipped = {}) {
  skipped.resize(table.fragments.size());
  std::vector<std::string> out;
  int64_t last = -1;
  for (const Unit& unit : CutUnits(table, skipped, options)) {
    EXPECT_GT(unit.index(), std::exchange(last, unit.index()));
    out.push_back(fmt::format("{}:{}", unit.fragment, plan::RowRanges({unit.rows}).ToString()));
  }
  return out;
}

constexpr CutOptions kOneStream{.max_streams = 1, .min_rows = 100, .split_rows = 200};

TEST(UnitsTest, ALargeRowGroupIsAUnit) {
  EXPECT_THAT(Cut(TableOfGroups({{150, 120, 130}}), kOneStream),
              ElementsAre("0:[0,150)", "0:[150,270)", "0:[270,400)"));
}

TEST(UnitsTest, SmallRowGroupsShareAUnitOfTheirFragment) {
  EXPECT_THAT(Cut(TableOfGroups({{40, 40, 40}, {10}, {90, 0, 10, 1}}), kOneStream),
              ElementsAre("0:[0,80)", "0:[80,120)", "1:[0,10)", "2:[0,100)", "2:[100,101)"));
}

TEST(UnitsTest, SkippedAndEmptyFragmentsHaveNone) {
  EXPECT_THAT(Cut(TableOfGroups({{50}, {}, {60}, {0}}), kOneStream, {true, false, false, false}),
              ElementsAre("2:[0,60)"));
}

TEST(UnitsTest, UnitsAreSplitWhenStreamsWouldBeIdle) {
  CutOptions options = kOneStream;
  options.max_streams = 4;
  EXPECT_THAT(Cut(TableOfGroups({{450}, {200}}), options),
              ElementsAre("0:[0,200)", "0:[200,400)", "0:[400,450)", "1:[0,200)"));
  options.max_streams = 2;
  EXPECT_THAT(Cut(TableOfGroups({{450}, {200}}), options), ElementsAre("0:[0,450)", "1:[0,200)"));
}

TEST(UnitsTest, AFragmentOfARemoteSiteIsAUnitUntilItIsPulled) {
  CutOptions options = kOneStream;
  options.max_streams = 4;
  const Table table = TableOfGroups({{150, 60, 40}, {}, {50}}, /*remote=*/true);
  EXPECT_THAT(Cut(table, options), ElementsAre("0:[0,250)", "2:[0,50)"));
  std::vector<std::string> pieces;
  for (const Unit& unit :
       CutPulled(table, CutUnits(table, {false, false, false}, options)[0], options)) {
    EXPECT_FALSE(unit.whole);
    pieces.push_back(plan::RowRanges({unit.rows}).ToString());
  }
  EXPECT_THAT(pieces, ElementsAre("[0,150)", "[150,250)"));
}

TEST(UnitsTest, WhatIsPulledIsAUnitWhereNothingIsKnownOfRowGroups) {
  Table table = TableOfGroups({{50}}, /*remote=*/true);
  table.fragments[0].description.row_groups.clear();
  const auto units = CutPulled(table, CutUnits(table, {false}, kOneStream)[0], kOneStream);
  ASSERT_EQ(units.size(), 1u);
  EXPECT_EQ(units[0].rows, (plan::RowRange{0, 50}));
  EXPECT_FALSE(units[0].whole);
}

TEST(UnitsTest, AnAggregateGetsFewUnits) {
  CutOptions options = kOneStream;
  const Table table = TableOfGroups({std::vector<int64_t>(64, 100)});
  const auto units = [&] {
    CutOptions few = options;
    few.min_rows = RowsOfFewUnits(table, options);
    return Cut(table, few).size();
  };
  EXPECT_EQ(units(), 8u);
  options.max_streams = 2;
  EXPECT_EQ(units(), 16u);
}

struct Visits {
  std::vector<int64_t> order;   ///< indices of units
  std::string first_threshold;  ///< empty: none
};

/// Of units of 100 rows with these bounds of x.
Visits VisitsOf(std::vector<std::pair<int64_t, int64_t>> bounds, plan::SortKey key,
                int64_t limit = 5) {
  Table table = TableOfGroups({std::vector<int64_t>(bounds.size(), 100)});
  table.schema = arrow::schema({arrow::field("x", arrow::int64())});
  table.fragments[0].site = std::make_shared<BoundsSite>(bounds);
  plan::Pipeline pipeline = testing::ReadAll(*arrow::schema({arrow::field("x", arrow::int64())}));
  pipeline.top_k = plan::TopK{{key}, limit};
  std::vector<Unit> units = CutUnits(table, {false}, kOneStream);
  const auto threshold = testing::Require(SortForTopK(table, pipeline, &units));
  Visits visits;
  for (const Unit& unit : units) visits.order.push_back(unit.index() / 100);
  if (threshold != nullptr) visits.first_threshold = threshold->ToString();
  return visits;
}

std::vector<int64_t> OrderOf(const std::vector<std::pair<int64_t, int64_t>>& bounds,
                             plan::SortKey key) {
  return VisitsOf(bounds, key).order;
}

TEST(UnitsTest, ATopKVisitsTheMostPromisingUnitsFirst) {
  const std::vector<std::pair<int64_t, int64_t>> bounds = {{10, 20}, {5, 90}, {7, 30}, {5, 6}};
  EXPECT_THAT(OrderOf(bounds, {.column = 0, .descending = false}), ElementsAre(1, 3, 2, 0));
  EXPECT_THAT(OrderOf(bounds, {.column = 0, .descending = true}), ElementsAre(1, 2, 0, 3));
}

TEST(UnitsTest, AThresholdOfATopKIsWhatAsManyRowGroupsHold) {
  const std::vector<std::pair<int64_t, int64_t>> bounds = {{10, 20}, {5, 90}, {7, 30}, {5, 6}};
  const auto threshold = [&](bool descending, int64_t limit, bool nulls_first = false) {
    const plan::SortKey key{.column = 0, .descending = descending, .nulls_first = nulls_first};
    return VisitsOf(bounds, key, limit).first_threshold;
  };
  EXPECT_EQ(threshold(true, 1), "(#0 >= 90)");
  EXPECT_EQ(threshold(true, 3), "(#0 >= 20)");
  EXPECT_EQ(threshold(true, 4), "(#0 >= 6)");
  EXPECT_EQ(threshold(true, 5), "") << "four row groups may hold four rows";
  EXPECT_EQ(threshold(true, 0), "");
  EXPECT_EQ(threshold(false, 3), "(#0 <= 7)");
  EXPECT_EQ(threshold(false, 2, true), "((#0 IS NULL) OR (#0 <= 5))");
}

TEST(UnitsTest, ATopKVisitsNullsFirstWhenTheyComeFirst) {
  const std::vector<std::pair<int64_t, int64_t>> bounds = {{-9, -1}, {-20, -5}, {-3, 0}};
  EXPECT_THAT(OrderOf(bounds, {.column = 0, .nulls_first = true}), ElementsAre(2, 1, 0));
  EXPECT_THAT(OrderOf(bounds, {.column = 0, .nulls_first = false}), ElementsAre(1, 0, 2));
}

}  // namespace
}  // namespace skyhook::client
