#include "skyhook/client/reduction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Require;

class LimitReductionTest : public ::testing::Test {
 protected:
  void Make(int64_t limit) {
    plan::Pipeline pipeline = testing::ReadAll(*schema_);
    pipeline.limit = plan::Limit{limit};
    reduction_ = Require(MakeReduction(pipeline, {}, nullptr));
  }

  static Unit UnitOf(int64_t index) { return {0, {index * 10, index * 10 + 10}, 0, false}; }

  void Consume(int64_t unit, const std::string& lines) {
    Require(reduction_->Consume(UnitOf(unit), 0,
                                Require(testing::TableOf(schema_, lines)->CombineChunksToBatch())));
  }

  std::vector<std::string> Rows() {
    Require(reduction_->Finish());
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    while (auto batch = Require(reduction_->Next())) batches.push_back(batch);
    return testing::RowsOf(batches);
  }

  std::shared_ptr<arrow::Schema> schema_ = arrow::schema({arrow::field("x", arrow::int64())});
  std::unique_ptr<Reduction> reduction_;
};

TEST_F(LimitReductionTest, RowsOfEarlierUnitsReplaceThoseOfLaterOnes) {
  Make(4);
  Consume(2, "20\n21\n22");
  EXPECT_FALSE(reduction_->IsFull());
  EXPECT_TRUE(reduction_->IsNeeded(UnitOf(5)));
  Consume(1, "10\n11");
  EXPECT_TRUE(reduction_->IsFull());
  EXPECT_FALSE(reduction_->IsNeeded(UnitOf(3)));
  EXPECT_FALSE(reduction_->IsNeeded(UnitOf(2)));
  EXPECT_TRUE(reduction_->IsNeeded(UnitOf(1)));
  EXPECT_TRUE(reduction_->IsNeeded(UnitOf(0)));
  Consume(0, "0\n1\n2");
  EXPECT_FALSE(reduction_->IsNeeded(UnitOf(1)));
  EXPECT_THAT(Rows(), ElementsAre("0", "1", "2", "10"));
}

TEST_F(LimitReductionTest, WhatComesTooLateChangesNothing) {
  Make(2);
  Consume(0, "0\n1\n2");
  Consume(1, "10\n11");
  EXPECT_THAT(Rows(), ElementsAre("0", "1"));
}

TEST_F(LimitReductionTest, FewerRowsThanTheLimitAreAll) {
  Make(9);
  Consume(1, "10");
  Consume(0, "0");
  EXPECT_FALSE(reduction_->IsFull());
  EXPECT_THAT(Rows(), ElementsAre("0", "10"));
}

TEST_F(LimitReductionTest, RowsBeyondTheMemoryAreAnErrorThatSaysWhat) {
  plan::Pipeline pipeline = testing::ReadAll(*schema_);
  pipeline.limit = plan::Limit{100};
  ScanOptions options;
  options.memory_bytes = 3 * 24;
  reduction_ = Require(MakeReduction(pipeline, options, nullptr));
  Consume(0, "0\n1\n2");
  const auto batch = Require(testing::TableOf(schema_, "10")->CombineChunksToBatch());
  EXPECT_THAT(reduction_->Consume(UnitOf(1), 0, batch),
              testing::FailsWith(base::Code::kLimitExceeded, "the first 100 rows"));
}

TEST_F(LimitReductionTest, NoRowsAreWantedOfALimitOfNone) {
  Make(0);
  EXPECT_TRUE(reduction_->IsFull());
  EXPECT_FALSE(reduction_->IsNeeded(UnitOf(0)));
  EXPECT_THAT(Rows(), IsEmpty());
}

}  // namespace
}  // namespace skyhook::client
