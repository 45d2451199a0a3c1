// Blocks are used again, up to a bound, and may outlive the pool.
#include "skyhook/base/recycling_pool.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "skyhook/testing/matchers.h"

namespace skyhook::base {
namespace {

using testing::Require;

class RecyclingPoolTest : public ::testing::Test {
 protected:
  std::unique_ptr<arrow::Buffer> Allocate(int64_t size) {
    return Require(arrow::AllocateBuffer(size, pool_.get()));
  }

  arrow::ProxyMemoryPool under_{arrow::default_memory_pool()};
  std::shared_ptr<arrow::MemoryPool> pool_ = RecyclingPool(&under_, 1 << 20);
};

TEST_F(RecyclingPoolTest, ABlockIsUsedAgainForAboutAsMuch) {
  const uint8_t* first = Allocate(100'000)->data();
  EXPECT_EQ(pool_->bytes_allocated(), 0);
  EXPECT_GE(under_.bytes_allocated(), 100'000);
  EXPECT_EQ(Allocate(110'000)->data(), first);
  const auto larger = Allocate(200'000);
  EXPECT_NE(larger->data(), first);
  EXPECT_GE(larger->capacity(), 200'000);
}

TEST_F(RecyclingPoolTest, SmallAndLargeBlocksAreNotKept) {
  for (const int64_t size : {int64_t{0}, int64_t{100}, int64_t{32'000}, int64_t{65} << 20}) {
    Allocate(size);
    EXPECT_EQ(under_.bytes_allocated(), 0) << size;
  }
}

TEST_F(RecyclingPoolTest, KeepsNoMoreThanItsBound) {
  std::vector<std::unique_ptr<arrow::Buffer>> buffers;
  for (int i = 0; i < 20; ++i) buffers.push_back(Allocate(100'000));
  buffers.clear();
  EXPECT_LE(under_.bytes_allocated(), 1 << 20);
  EXPECT_GT(under_.bytes_allocated(), (1 << 20) - 150'000);
  pool_->ReleaseUnused();
  EXPECT_EQ(under_.bytes_allocated(), 0);
}

TEST_F(RecyclingPoolTest, WhatNobodyWantsAnyMoreMakesRoom) {
  std::vector<std::unique_ptr<arrow::Buffer>> buffers;
  for (int i = 0; i < 20; ++i) buffers.push_back(Allocate(50'000));
  buffers.clear();
  const uint8_t* large = Allocate(600'000)->data();
  for (int i = 0; i < 3; ++i) {
    Allocate(50'000);
    EXPECT_EQ(Allocate(600'000)->data(), large) << i;
  }
  EXPECT_LE(under_.bytes_allocated(), 1 << 20);
}

TEST_F(RecyclingPoolTest, BuffersMayOutliveIt) {
  std::shared_ptr<arrow::Buffer> kept = Allocate(100'000);
  Allocate(50'000);
  pool_.reset();
  kept->mutable_data()[99'999] = 7;
  EXPECT_GT(under_.bytes_allocated(), 0);
  kept.reset();
  EXPECT_EQ(under_.bytes_allocated(), 0);
}

TEST_F(RecyclingPoolTest, WhatGrowsAndShrinksKeepsItsBytes) {
  std::mt19937 random(1);
  auto buffer = Require(arrow::AllocateResizableBuffer(0, pool_.get()));
  std::vector<uint8_t> expected;
  for (int i = 0; i < 300; ++i) {
    const auto size = static_cast<int64_t>(random() % (i % 10 == 0 ? 80'000'000 : 300'000));
    Require(buffer->Resize(size, /*shrink_to_fit=*/i % 3 == 0));
    expected.resize(static_cast<size_t>(std::min<int64_t>(size, expected.size())));
    ASSERT_EQ(std::memcmp(buffer->data(), expected.data(), expected.size()), 0) << i;
    for (int64_t at = static_cast<int64_t>(expected.size()); at < size; ++at) {
      buffer->mutable_data()[at] = static_cast<uint8_t>(at * 31 + i);
    }
    expected.assign(buffer->data(), buffer->data() + size);
  }
  buffer.reset();
  EXPECT_EQ(pool_->bytes_allocated(), 0);
}

}  // namespace
}  // namespace skyhook::base
