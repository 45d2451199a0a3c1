// A guarded pool refuses what is too large, and what it gave may outlive it.
#include "skyhook/base/guarded_pool.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "skyhook/testing/matchers.h"

namespace skyhook::base {
namespace {

using testing::FailsWith;
using testing::Require;

TEST(GuardedPoolTest, RefusesASingleBufferThatIsTooLarge) {
  const auto pool = GuardedPool(nullptr, 1024);
  Require(arrow::AllocateBuffer(1024, pool.get()));
  EXPECT_THAT(arrow::AllocateBuffer(1025, pool.get()),
              FailsWith(Code::kCorruptData, "a buffer of 1088 bytes"));
  auto buffer = Require(arrow::AllocateResizableBuffer(10, pool.get()));
  EXPECT_THAT(buffer->Resize(2000), FailsWith(Code::kCorruptData, "the most that is accepted"));
}

TEST(GuardedPoolTest, BuffersMayOutliveIt) {
  arrow::ProxyMemoryPool counting(arrow::default_memory_pool());
  auto pool = GuardedPool(&counting, 1000);
  std::shared_ptr<arrow::Buffer> kept = Require(arrow::AllocateBuffer(100, pool.get()));
  std::shared_ptr<arrow::Buffer> empty = Require(arrow::AllocateBuffer(0, pool.get()));
  pool.reset();
  kept->mutable_data()[99] = 7;
  EXPECT_GT(counting.bytes_allocated(), 0);
  kept.reset();
  empty.reset();
  EXPECT_EQ(counting.bytes_allocated(), 0);
}

}  // namespace
}  // namespace skyhook::base
