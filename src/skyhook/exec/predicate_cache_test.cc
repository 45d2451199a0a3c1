// Rows that passed a predicate are known the next time: the answer stays the same, less is read,
// and memory is bounded.
#include "skyhook/exec/predicate_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <tuple>

#include "skyhook/exec/run.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::Function;
using plan::RowRanges;
using testing::Col;
using ::testing::ElementsAre;
using testing::Fn;
using testing::Lit;
using testing::Require;

constexpr int64_t kMuch = int64_t{1} << 20;

class PredicateCacheTest : public ::testing::Test {
 protected:
  PredicateCacheTest()
      : budget_(std::make_shared<base::MemoryBudget>(kMuch)),
        cache_(std::make_shared<PredicateCache>(budget_, kMuch)) {
    // `k` is in no order, so that nothing but its values tells where 0 is: rows 300, 301, 1300, ...
    // There are no odd ones.
    std::string lines;
    for (int64_t i = 0; i < kRows; ++i) {
      const bool found = i % 1000 == 300 || i % 1000 == 301;
      lines += fmt::format("{},{},{}\n", found ? 0 : 2 + i * 7919 % 997 * 2, i, i % 10);
    }
    const auto schema =
        arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::int64()),
                       arrow::field("w", arrow::int64())});
    table_ = testing::TableOf(schema, lines);
    fragment_ = Open("one");
  }

  std::shared_ptr<format::Fragment> Open(const std::string& name) {
    testing::ParquetLayout layout;
    layout.row_group_rows = 1000;
    layout.page_rows = 100;
    layout.dictionary = false;
    layout.page_index = false;
    plan::Cost cost;
    return Require(format::OpenFragment(
        base::MakeBufferSource(testing::ParquetBytes(*table_, layout), name), {}, &cost));
  }

  plan::Pipeline Where(Function function, int64_t value) const {
    auto pipeline = testing::ReadAll(*fragment_->schema());
    pipeline.filter = {Fn(function, {Col(pipeline, "k"), Lit(value)})};
    return pipeline;
  }

  testing::KernelRun Run(const plan::Pipeline& pipeline) { return Run(pipeline, AllRows()); }
  testing::KernelRun Run(const plan::Pipeline& pipeline, RunRequest request) {
    request.predicates = cache_;
    return testing::RunKernel(pipeline, fragment_, std::move(request));
  }
  RunRequest AllRows() const { return testing::AllRowsOf(*fragment_); }
  RunRequest RowsOf(RowRanges rows) const {
    RunRequest request;
    request.slice.rows = std::move(rows);
    return request;
  }

  static constexpr int64_t kRows = 4000;
  std::shared_ptr<arrow::Table> table_;
  std::shared_ptr<format::Fragment> fragment_;
  std::shared_ptr<base::MemoryBudget> budget_;
  std::shared_ptr<PredicateCache> cache_;
};

TEST_F(PredicateCacheTest, TheNextScanReadsNoPageOfThePredicate) {
  // A tenth of the rows: too many for their values to be remembered.
  auto pipeline = testing::ReadAll(*fragment_->schema());
  pipeline.filter = {Fn(Function::kEqual, {Col(pipeline, "w"), Lit(0)})};
  const auto first = Run(pipeline);
  EXPECT_EQ(first.outcome.cost.row_groups_remembered, 0);
  EXPECT_EQ(first.outcome.cost.pages_read, 120);
  auto other = pipeline;
  other.projection = {{"v", Col(pipeline, "v")}};
  const auto second = Run(other);
  EXPECT_EQ(second.outcome.cost.row_groups_remembered, 4);
  EXPECT_EQ(second.outcome.cost.pages_read, 40);
  EXPECT_EQ(second.rows().size(), 400u);
  const auto third = Run(pipeline);
  EXPECT_EQ(third.rows(), first.rows());
  EXPECT_EQ(third.outcome.cost.pages_read, 120) << "w is wanted for the rows that are left";
}

TEST_F(PredicateCacheTest, ValuesOfFewRowsAreRemembered) {
  const auto pipeline = Where(Function::kEqual, 0);
  auto some = pipeline;
  some.projection = {{"v", Col(pipeline, "v")}};
  EXPECT_EQ(Run(some).outcome.cost.pages_read, 40 + 4) << "all of k; one of v each";
  const auto again = Run(some);
  EXPECT_EQ(again.outcome.cost.read_calls, 0);
  EXPECT_THAT(again.rows(),
              ElementsAre("300", "301", "1300", "1301", "2300", "2301", "3300", "3301"));
  EXPECT_EQ(Run(pipeline).outcome.cost.pages_read, 4 + 4) << "k and w, v is known";
  const auto all = Run(pipeline);
  EXPECT_EQ(all.outcome.cost.read_calls, 0);
  EXPECT_EQ(all.rows(), testing::RunKernel(pipeline, fragment_, AllRows()).rows());
  // A runtime filter is evaluated over what is known.
  const auto filter = std::make_shared<plan::SettableRuntimeFilter>("join");
  filter->Set(Fn(Function::kIn, {Col(pipeline, "v"), Lit(301), Lit(1301)}));
  RunRequest request = AllRows();
  request.runtime_filters = {filter};
  const auto filtered = Run(pipeline, std::move(request));
  EXPECT_EQ(filtered.outcome.cost.read_calls, 0);
  EXPECT_THAT(filtered.rows(), ElementsAre("0, 301, 1", "0, 1301, 1"));
}

TEST_F(PredicateCacheTest, ValuesOfOneRowIn256AndOf256KiBAreRemembered) {
  // Of 1000 rows, the first 3, or 4, pass; `t` is short text or, three times, of 90,000 bytes.
  for (const auto& [passing, text_bytes, values] :
       {std::tuple(3, 10, 3u), std::tuple(4, 10, 0u), std::tuple(3, 90'000, 2u)}) {
    std::string lines;
    for (int64_t i = 0; i < 1000; ++i) {
      lines += fmt::format("{},{},{}\n", i < passing ? 0 : 1, i,
                           std::string(i < passing ? static_cast<size_t>(text_bytes) : 3, 'a'));
    }
    table_ = testing::TableOf(
        arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::int64()),
                       arrow::field("t", arrow::utf8())}),
        lines);
    const std::string name = fmt::format("{} of {}", passing, text_bytes);
    fragment_ = Open(name);
    const auto pipeline = Where(Function::kEqual, 0);
    EXPECT_EQ(Run(pipeline).rows().size(), static_cast<size_t>(passing));
    const auto key =
        *PredicateCache::Key::Of(name, fragment_->version(), pipeline.filter, {0, 1, 2});
    const KnownRows known = cache_->Find(key, 0, RowRanges::All(1000));
    ASSERT_NE(known.rows, nullptr) << name;
    EXPECT_EQ(known.values.size(), values) << name;
    EXPECT_EQ(Run(pipeline).rows(), testing::RunKernel(pipeline, fragment_, AllRows()).rows());
  }
}

// Of a file without compression, whose text is mostly NULL: a page of it is a small part of what
// was read at once.
TEST_F(PredicateCacheTest, ValuesAreInMemoryOfTheirOwn) {
  std::string lines;
  for (int64_t i = 0; i < kRows; ++i) {
    lines +=
        fmt::format("{},{},{}\n", i % 1000, i, i % 1000 == 7 ? "a text of some length" : "NULL");
  }
  const auto table = testing::TableOf(
      arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::int64()),
                     arrow::field("t", arrow::utf8())}),
      lines);
  testing::ParquetLayout layout;
  layout.row_group_rows = 1000;
  layout.compression = arrow::Compression::UNCOMPRESSED;
  for (const bool dictionary : {false, true}) {
    layout.dictionary = dictionary;
    plan::Cost cost;
    fragment_ =
        Require(format::OpenFragment(base::MakeBufferSource(testing::ParquetBytes(*table, layout),
                                                            dictionary ? "dictionary" : "plain"),
                                     {}, &cost));
    const auto pipeline = Where(Function::kEqual, 7);
    const auto first = Run(pipeline);
    const auto again = Run(pipeline);
    EXPECT_EQ(again.outcome.cost.read_calls, 0);
    EXPECT_EQ(again.rows(), first.rows());
    EXPECT_EQ(again.rows()[0], "7, 7, a text of some length");
    const auto key = *PredicateCache::Key::Of(dictionary ? "dictionary" : "plain",
                                              fragment_->version(), pipeline.filter, {0, 1, 2});
    const KnownRows known = cache_->Find(key, 0, RowRanges::All(1000));
    ASSERT_EQ(known.values.size(), 3u);
    for (const auto& [column, values] : known.values) {
      for (const auto& buffer : values->data()->buffers) {
        if (buffer == nullptr) continue;
        EXPECT_EQ(buffer->parent(), nullptr) << column;
        EXPECT_LE(buffer->size(), 64) << column;
      }
    }
  }
}

TEST_F(PredicateCacheTest, ValuesOfOtherRowsAreNot) {
  // A limit ends the scan before the second row is read.
  auto limited = Where(Function::kEqual, 0);
  limited.limit = plan::Limit{1};
  EXPECT_EQ(Run(limited).rows().size(), 1u);
  auto pipeline = Where(Function::kEqual, 0);
  // What can fail is evaluated after what is remembered: of row 300 only `v` is read.
  const auto sum = Fn(Function::kAdd, {Col(pipeline, "v"), Lit(1)});
  pipeline.filter.push_back(Fn(Function::kGreater, {sum, Lit(301)}));
  ASSERT_TRUE(plan::CanFail(*pipeline.filter.back()));
  const auto few = Run(pipeline);
  EXPECT_EQ(few.rows(), testing::RunKernel(pipeline, fragment_, AllRows()).rows());
  const auto all = Run(Where(Function::kEqual, 0));
  EXPECT_EQ(all.rows().size(), 8u);
  EXPECT_EQ(all.rows(),
            testing::RunKernel(Where(Function::kEqual, 0), fragment_, AllRows()).rows());
}

TEST_F(PredicateCacheTest, CountingReadsNothing) {
  auto pipeline = Where(Function::kEqual, 0);
  pipeline.projection = {};
  pipeline.aggregate = plan::Aggregate{{}, {{plan::AggregateFunction::kCountAll, -1, -1, "n"}}};
  for (const int64_t pages : {40, 0}) {
    const auto run = Run(pipeline);
    EXPECT_EQ(testing::FinalRows(pipeline, run.batches), (std::vector<std::string>{"8"}));
    EXPECT_EQ(run.outcome.cost.pages_read, pages);
  }
}

TEST_F(PredicateCacheTest, WhereNoRowPassesNothingIsOpened) {
  const auto pipeline = Where(Function::kEqual, 333);
  const auto first = Run(pipeline);
  EXPECT_TRUE(first.rows().empty());
  EXPECT_EQ(first.outcome.cost.pages_read, 40);
  const auto second = Run(pipeline);
  EXPECT_TRUE(second.rows().empty());
  EXPECT_EQ(second.outcome.cost.pages_read, 0);
  EXPECT_EQ(second.outcome.cost.read_calls, 0);
}

TEST_F(PredicateCacheTest, ColumnsAreToldApartAndOtherNumbersOfOneAreNot) {
  const auto pipeline = Where(Function::kEqual, 0);
  Run(pipeline);
  plan::Pipeline reversed;
  reversed.input = arrow::schema({pipeline.input->field(1), pipeline.input->field(0)});
  reversed.projection = {{"v", Col(reversed, "v")}};
  reversed.filter = {Fn(Function::kEqual, {Col(reversed, "k"), Lit(0)})};
  const auto again = Run(reversed);
  EXPECT_EQ(again.outcome.cost.row_groups_remembered, 4);
  EXPECT_EQ(again.rows().size(), 8u);
  reversed.filter = {Fn(Function::kEqual, {Col(reversed, "v"), Lit(0)})};
  const auto of_v = Run(reversed);
  EXPECT_EQ(of_v.outcome.cost.row_groups_remembered, 0);
  EXPECT_THAT(of_v.rows(), ElementsAre("0"));
}

TEST_F(PredicateCacheTest, PartOfARowGroupIsAddedToAnother) {
  const auto pipeline = Where(Function::kEqual, 0);
  Run(pipeline, RowsOf(RowRanges({{0, 301}})));
  const auto others = Run(pipeline, RowsOf(RowRanges({{301, 500}})));
  EXPECT_EQ(others.outcome.cost.row_groups_remembered, 0);
  EXPECT_THAT(others.rows(), ElementsAre("0, 301, 1"));
  const auto both = Run(pipeline, RowsOf(RowRanges({{10, 450}})));
  EXPECT_EQ(both.outcome.cost.row_groups_remembered, 1);
  EXPECT_THAT(both.rows(), ElementsAre("0, 300, 0", "0, 301, 1"));
  const auto more = Run(pipeline, RowsOf(RowRanges({{10, 501}})));
  EXPECT_EQ(more.outcome.cost.row_groups_remembered, 0) << "row 500 was not looked at";
}

TEST_F(PredicateCacheTest, WhatCanFailIsEvaluatedAgain) {
  auto pipeline = Where(Function::kEqual, 0);
  const auto sum =
      Fn(Function::kAdd, {Col(pipeline, "w"), Lit(std::numeric_limits<int64_t>::max())});
  pipeline.filter.push_back(Fn(Function::kGreater, {sum, Lit(0)}));
  ASSERT_TRUE(plan::CanFail(*pipeline.filter.back()));
  // Of rows 300 and 301, the second overflows.
  const auto only_first = RowRanges({{0, 301}});
  for (const int64_t remembered : {0, 1}) {
    const auto run = Run(pipeline, RowsOf(only_first));
    EXPECT_THAT(run.rows(), ElementsAre("0, 300, 0"));
    EXPECT_EQ(run.outcome.cost.row_groups_remembered, remembered);
  }
  for (int i = 0; i < 2; ++i) {
    RunRequest request = AllRows();
    request.predicates = cache_;
    EXPECT_FALSE(testing::TryKernel(pipeline, fragment_, std::move(request)).ok());
  }
}

TEST_F(PredicateCacheTest, AScanThatIsCutOffSaysNothing) {
  const auto pipeline = Where(Function::kEqual, 0);
  auto limited = pipeline;
  limited.limit = plan::Limit{1};
  EXPECT_THAT(Run(limited).rows(), ElementsAre("0, 300, 0"));
  const auto all = Run(pipeline);
  EXPECT_EQ(all.rows().size(), 8u);
}

TEST_F(PredicateCacheTest, FragmentsAreToldApartByName) {
  const auto pipeline = Where(Function::kEqual, 0);
  Run(pipeline);
  fragment_ = Open("two");
  EXPECT_EQ(Run(pipeline).outcome.cost.row_groups_remembered, 0);
  EXPECT_EQ(Run(pipeline).outcome.cost.row_groups_remembered, 4);
}

TEST_F(PredicateCacheTest, ManyRowsAreNotRemembered) {
  const auto pipeline = Where(Function::kGreater, 0);
  for (int i = 0; i < 2; ++i) {
    const auto run = Run(pipeline);
    EXPECT_EQ(run.outcome.cost.row_groups_remembered, 0);
    EXPECT_EQ(run.rows().size(), static_cast<size_t>(kRows - 8));
  }
  EXPECT_EQ(budget_->taken(), 0);
}

TEST(PredicateCacheLimits, AtMostAnEighthAndAtMost2To20RowsAreKept) {
  EXPECT_TRUE(PredicateCache::IsWorthIt(125, 1000));
  EXPECT_FALSE(PredicateCache::IsWorthIt(126, 1000));
  constexpr int64_t kMany = int64_t{1} << 30;
  EXPECT_TRUE(PredicateCache::IsWorthIt(int64_t{1} << 20, kMany));
  EXPECT_FALSE(PredicateCache::IsWorthIt((int64_t{1} << 20) + 1, kMany));
}

TEST_F(PredicateCacheTest, LargePredicatesAreNotRemembered) {
  for (const bool remembered : {true, false}) {
    // The call and its column are nodes too.
    const int64_t values = PredicateCache::kMostNodes - 2 + (remembered ? 0 : 1);
    auto pipeline = Where(Function::kEqual, 0);
    std::vector<plan::ExpressionPtr> listed = {Col(pipeline, "k"), Lit(0)};
    while (static_cast<int64_t>(listed.size()) <= values) {
      listed.push_back(Lit(3001 + 2 * static_cast<int64_t>(listed.size())));
    }
    pipeline.filter = {Fn(Function::kIn, std::move(listed))};
    EXPECT_EQ(Run(pipeline).rows().size(), 8u);
    const auto again = Run(pipeline);
    EXPECT_EQ(again.rows().size(), 8u);
    EXPECT_EQ(again.outcome.cost.row_groups_remembered, remembered ? 4 : 0);
  }
}

TEST_F(PredicateCacheTest, OneThatFillsItMakesRoomForTheNext) {
  PredicateCache::Key large =
      *PredicateCache::Key::Of("large", "1", Where(Function::kEqual, 7).filter, {0, 1, 2});
  Survivors most(0, RowRanges::All(1 << 20));
  while (most.bytes() + 2000 < kMuch) most.Add(most.num_passed());
  cache_->Remember(large, 0, std::move(most));
  ASSERT_GT(cache_->bytes_held(), kMuch - 5000);
  const auto pipeline = Where(Function::kEqual, 0);
  Run(pipeline);
  EXPECT_EQ(Run(pipeline).outcome.cost.row_groups_remembered, 4);
  EXPECT_EQ(cache_->Find(large, 0, RowRanges::All(1)).rows, nullptr);
  EXPECT_EQ(budget_->taken(), cache_->bytes_held());
}

TEST_F(PredicateCacheTest, WhatWasUsedLongestAgoIsDropped) {
  cache_ = std::make_shared<PredicateCache>(budget_, 20'000);
  for (int64_t value = 0; value < 100; value += 2) Run(Where(Function::kEqual, value));
  EXPECT_LE(cache_->bytes_held(), 20'000);
  EXPECT_EQ(budget_->taken(), cache_->bytes_held());
  EXPECT_EQ(Run(Where(Function::kEqual, 98)).outcome.cost.row_groups_remembered, 4);
  EXPECT_EQ(Run(Where(Function::kEqual, 2)).outcome.cost.row_groups_remembered, 0);
}

TEST_F(PredicateCacheTest, NothingIsTakenThatOthersNeed) {
  ASSERT_TRUE(budget_->TryTake(kMuch));
  const auto pipeline = Where(Function::kEqual, 0);
  const auto first = Run(pipeline);
  const auto second = Run(pipeline);
  EXPECT_EQ(second.rows(), first.rows());
  EXPECT_EQ(second.outcome.cost.row_groups_remembered, 0);
  EXPECT_EQ(cache_->bytes_held(), 0);
}

}  // namespace
}  // namespace skyhook::exec
