#include "skyhook/base/recycling_pool.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>

#include "skyhook/base/held_pool.h"

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else  // clang's comes with its runtime libraries, which may be missing
#define ASAN_POISON_MEMORY_REGION(address, size) static_cast<void>(address)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) static_cast<void>(address)
#endif

namespace skyhook::base {
namespace {

constexpr int kLeastLog = 15;
constexpr int kMostLog = 26;
constexpr int64_t kLeastBytes = int64_t{1} << kLeastLog;
constexpr int64_t kMostBytes = int64_t{1} << kMostLog;

/// Blocks come in four sizes for each power of two: 4, 5, 6 and 7 quarters of it.
struct SizeClass {
  size_t index;
  int64_t bytes;
};

/// Of the smallest block that holds `size` bytes; nothing for sizes that are not kept.
std::optional<SizeClass> ClassOf(int64_t size, int64_t alignment) {
  if (size < kLeastBytes || size > kMostBytes || alignment != arrow::kDefaultBufferAlignment) {
    return std::nullopt;
  }
  const int log = std::bit_width(static_cast<uint64_t>(size)) - 1;
  const int64_t quarter = int64_t{1} << (log - 2);
  const int64_t quarters = (size + quarter - 1) / quarter;  // 4 to 8
  return SizeClass{static_cast<size_t>((log - kLeastLog) * 4 + (quarters - 4)), quarters * quarter};
}

class Recycler final : public HeldPool {
 public:
  Recycler(arrow::MemoryPool* pool, int64_t most) : HeldPool(pool), most_(most) {}

  using HeldPool::Allocate;
  using HeldPool::Free;
  using HeldPool::Reallocate;

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    const auto block = ClassOf(size, alignment);
    if (!block.has_value() || !TakeKept(*block, out)) {
      ARROW_RETURN_NOT_OK(pool_->Allocate(block ? block->bytes : size, alignment, out));
    }
    Hold();
    stats_.DidAllocateBytes(size);
    return arrow::Status::OK();
  }

  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** data) override {
    const auto block = ClassOf(old_size, alignment);
    const auto wanted = ClassOf(new_size, alignment);
    if (!block.has_value() && !wanted.has_value()) {
      ARROW_RETURN_NOT_OK(pool_->Reallocate(old_size, new_size, alignment, data));
    } else if (!block.has_value() || !wanted.has_value() || block->index != wanted->index) {
      uint8_t* moved = nullptr;
      ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &moved));
      std::memcpy(moved, *data, static_cast<size_t>(std::min(old_size, new_size)));
      Free(*data, old_size, alignment);
      *data = moved;
      return arrow::Status::OK();
    }
    stats_.DidReallocateBytes(old_size, new_size);
    return arrow::Status::OK();
  }

  void Free(uint8_t* data, int64_t size, int64_t alignment) override {
    const auto block = ClassOf(size, alignment);
    if (!block.has_value() || !Keep(*block, data)) {
      pool_->Free(data, block ? block->bytes : size, alignment);
    }
    stats_.DidFreeBytes(size);
    LetGo();
  }

  void ReleaseUnused() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    FreeKept();
    pool_->ReleaseUnused();
  }

  int64_t bytes_allocated() const override { return stats_.bytes_allocated(); }
  int64_t total_bytes_allocated() const override { return stats_.total_bytes_allocated(); }
  int64_t num_allocations() const override { return stats_.num_allocations(); }
  int64_t max_memory() const override { return stats_.max_memory(); }

 private:
  struct Block {
    uint8_t* data;
    uint64_t since;  ///< the later it was kept, the larger
  };
  /// Of one size, the one kept first in front. The last is used first, so that what is not needed
  /// stays in front.
  struct Kept {
    int64_t bytes = 0;  ///< of each
    std::deque<Block> blocks;
  };
  static constexpr size_t kClasses = (kMostLog - kLeastLog) * 4 + 1;

  ~Recycler() override { FreeKept(); }

  bool TakeKept(const SizeClass& block, uint8_t** out) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::deque<Block>& blocks = kept_[block.index].blocks;
    if (blocks.empty()) return false;
    *out = blocks.back().data;
    blocks.pop_back();
    ASAN_UNPOISON_MEMORY_REGION(*out, static_cast<size_t>(block.bytes));
    kept_bytes_ -= block.bytes;
    return true;
  }

  bool Keep(const SizeClass& block, uint8_t* data) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (block.bytes > most_) return false;
    while (block.bytes > most_ - kept_bytes_) FreeOldest();
    kept_[block.index].bytes = block.bytes;
    kept_[block.index].blocks.push_back({data, ++clock_});
    ASAN_POISON_MEMORY_REGION(data, static_cast<size_t>(block.bytes));
    kept_bytes_ += block.bytes;
    return true;
  }

  void FreeKept() {
    while (kept_bytes_ > 0) FreeOldest();
  }

  /// Of all that are kept; there is one.
  void FreeOldest() {
    Kept* oldest = nullptr;
    for (Kept& kept : kept_) {
      if (kept.blocks.empty()) continue;
      const bool older =
          oldest == nullptr || kept.blocks.front().since < oldest->blocks.front().since;
      if (older) oldest = &kept;
    }
    uint8_t* const block = oldest->blocks.front().data;
    oldest->blocks.pop_front();
    kept_bytes_ -= oldest->bytes;
    ASAN_UNPOISON_MEMORY_REGION(block, static_cast<size_t>(oldest->bytes));
    pool_->Free(block, oldest->bytes, arrow::kDefaultBufferAlignment);
  }

  const int64_t most_;
  arrow::internal::MemoryPoolStats stats_;
  std::mutex mutex_;
  std::array<Kept, kClasses> kept_;
  int64_t kept_bytes_ = 0;
  uint64_t clock_ = 0;
};

}  // namespace

std::shared_ptr<arrow::MemoryPool> RecyclingPool(arrow::MemoryPool* pool, int64_t most) {
  return HeldPool::Make<Recycler>(pool, most);
}

}  // namespace skyhook::base
