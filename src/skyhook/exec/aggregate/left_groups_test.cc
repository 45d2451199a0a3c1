// Groups that calls leave behind for the next call, and for whoever merges them at last.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "skyhook/exec/aggregate/aggregator.h"
#include "skyhook/exec/aggregate/partial.h"
#include "skyhook/exec/run.h"
#include "skyhook/testing/kernel.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::exec {
namespace {

using plan::AggregateFunction;
using testing::KernelRun;
using testing::Require;

class LeftGroupsTest : public ::testing::Test {
 protected:
  static constexpr int64_t kRows = 90'000;
  static constexpr int64_t kGroups = 70'000;  // more than a merger takes as they are of several

  LeftGroupsTest() {
    for (int64_t fragment = 0; fragment < 3; ++fragment) {
      std::string lines;
      for (int64_t i = 0; i < kRows / 3; ++i) {
        const int64_t row = fragment * kRows / 3 + i;
        lines += fmt::format("{},{}\n", row * 7919 % kGroups, row);
      }
      const auto schema =
          arrow::schema({arrow::field("k", arrow::int64()), arrow::field("v", arrow::int64())});
      fragments_.push_back(testing::OpenParquet(*testing::TableOf(schema, lines)));
    }
    pipeline_ = testing::ReadAll(*fragments_[0]->schema());
    using F = AggregateFunction;
    pipeline_.aggregate = plan::Aggregate{
        {0}, {{F::kCountAll, -1, -1, "n"}, {F::kSum, 1, -1, "s"}, {F::kAvg, 1, -1, "a"}}};
    for (const auto& fragment : fragments_) {
      const KernelRun run = testing::RunKernel(pipeline_, fragment);
      partials_.insert(partials_.end(), run.batches.begin(), run.batches.end());
    }
    expected_ = Sorted(testing::FinalRows(pipeline_, partials_));
  }

  static std::vector<std::string> Sorted(std::vector<std::string> rows) {
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  // What a call over a fragment gives, besides what it leaves in `groups`.
  KernelRun Run(size_t fragment, const std::shared_ptr<Aggregator>& groups,
                int64_t memory_bytes = int64_t{64} << 20) {
    RunRequest request = testing::AllRowsOf(*fragments_[fragment]);
    request.groups = groups;
    request.limits.memory_bytes = memory_bytes;
    return testing::RunKernel(pipeline_, fragments_[fragment], std::move(request));
  }

  std::shared_ptr<Aggregator> MakeGroups() const { return Require(Aggregator::Make(pipeline_)); }

  std::vector<std::string> RowsOf(PartialMerger* merger) const {
    return Sorted(testing::RowsOf(Require(testing::Finish(merger))));
  }

  std::vector<std::shared_ptr<format::Fragment>> fragments_;
  plan::Pipeline pipeline_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> partials_;
  std::vector<std::string> expected_;
};

TEST_F(LeftGroupsTest, OneTableGoesFromCallToCallAndIsTheResult) {
  const auto groups = MakeGroups();
  for (size_t i = 0; i < fragments_.size(); ++i) {
    const KernelRun run = Run(i, groups);
    EXPECT_TRUE(run.batches.empty());
    EXPECT_EQ(run.outcome.answered, plan::RowRanges::All(fragments_[i]->num_rows()));
    EXPECT_TRUE(run.outcome.remaining.rows.empty());
  }
  EXPECT_EQ(groups->num_groups(), kGroups);
  const auto merger = Require(PartialMerger::Make(pipeline_, {.alone = true}));
  Require(merger->Take(groups));
  EXPECT_EQ(RowsOf(merger.get()), expected_);
}

TEST_F(LeftGroupsTest, TablesOfSeveralThreadsAreMerged) {
  const auto merger = Require(PartialMerger::Make(pipeline_, {}));
  for (size_t i = 0; i < fragments_.size(); ++i) {
    const auto groups = MakeGroups();
    EXPECT_TRUE(Run(i, groups).batches.empty());
    Require(merger->Take(groups));
  }
  EXPECT_EQ(RowsOf(merger.get()), expected_);
}

TEST_F(LeftGroupsTest, ATableIsMergedWithBatchesWhicheverComeFirst) {
  for (const bool table_first : {true, false}) {
    const auto merger = Require(PartialMerger::Make(pipeline_, {.alone = true}));
    const auto groups = MakeGroups();
    Run(0, groups);
    if (table_first) Require(merger->Take(groups));
    for (size_t i = 1; i < fragments_.size(); ++i) {
      for (const auto& batch : testing::RunKernel(pipeline_, fragments_[i]).batches) {
        Require(merger->Consume(*batch, 0));
      }
    }
    if (!table_first) Require(merger->Take(groups));
    EXPECT_EQ(RowsOf(merger.get()), expected_) << table_first;
  }
}

TEST_F(LeftGroupsTest, WhatTakesMoreThanTheMemoryLeavesInBatches) {
  constexpr int64_t kMemory = 500'000;
  const auto groups = MakeGroups();
  const auto merger = Require(PartialMerger::Make(pipeline_, {.alone = true}));
  for (size_t i = 0; i < fragments_.size(); ++i) {
    const KernelRun run = Run(i, groups, kMemory);
    EXPECT_FALSE(run.batches.empty());
    EXPECT_LE(groups->bytes_held(), 2 * kMemory);
    for (const auto& batch : run.batches) Require(merger->Consume(*batch, 0));
  }
  Require(merger->Take(groups));
  EXPECT_EQ(RowsOf(merger.get()), expected_);
}

TEST_F(LeftGroupsTest, MoreThanTheMergersMemoryIsSpilled) {
  const auto groups = MakeGroups();
  for (size_t i = 0; i < fragments_.size(); ++i) Run(i, groups);
  MergeOptions options;
  options.alone = true;
  options.memory_bytes = 1'000'000;
  const auto merger = Require(PartialMerger::Make(pipeline_, options));
  Require(merger->Take(groups));
  EXPECT_EQ(RowsOf(merger.get()), expected_);
  EXPECT_GT(merger->spilled_bytes(), 0);
}

TEST_F(LeftGroupsTest, GroupsOfAnotherAggregateAreRefused) {
  plan::Pipeline other = pipeline_;
  other.aggregate->measures.pop_back();
  RunRequest request = testing::AllRowsOf(*fragments_[0]);
  request.groups = Require(Aggregator::Make(other));
  EXPECT_FALSE(testing::TryKernel(pipeline_, fragments_[0], std::move(request)).ok());
}

}  // namespace
}  // namespace skyhook::exec
