#include "skyhook/base/guarded_pool.h"

#include <atomic>
#include <string>

#include "skyhook/base/status.h"

namespace skyhook::base {
namespace {

/// Goes with the last of its holders: who made it, and what was allocated from it, which frees
/// itself here.
class Guard final : public arrow::MemoryPool {
 public:
  Guard(arrow::MemoryPool* pool, int64_t most) : pool_(pool), most_(most) {}

  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    ARROW_RETURN_NOT_OK(Check(size));
    ARROW_RETURN_NOT_OK(pool_->Allocate(size, alignment, out));
    ++holders_;
    return arrow::Status::OK();
  }
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** data) override {
    ARROW_RETURN_NOT_OK(Check(new_size));
    return pool_->Reallocate(old_size, new_size, alignment, data);
  }
  void Free(uint8_t* data, int64_t size, int64_t alignment) override {
    pool_->Free(data, size, alignment);
    LetGo();
  }
  void LetGo() {
    if (--holders_ == 0) delete this;
  }
  void ReleaseUnused() override { pool_->ReleaseUnused(); }
  int64_t bytes_allocated() const override { return pool_->bytes_allocated(); }
  int64_t total_bytes_allocated() const override { return pool_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return pool_->num_allocations(); }
  int64_t max_memory() const override { return pool_->max_memory(); }
  std::string backend_name() const override { return pool_->backend_name(); }

 private:
  arrow::Status Check(int64_t size) const {
    if (size <= most_) return arrow::Status::OK();
    return CorruptData("a buffer of {} bytes; the most that is accepted is {}", size, most_);
  }

  ~Guard() override = default;

  arrow::MemoryPool* const pool_;
  const int64_t most_;
  std::atomic<int64_t> holders_ = 1;
};

}  // namespace

std::shared_ptr<arrow::MemoryPool> GuardedPool(arrow::MemoryPool* pool, int64_t most) {
  if (pool == nullptr) pool = arrow::default_memory_pool();
  return {new Guard(pool, most), [](Guard* guard) { guard->LetGo(); }};
}

}  // namespace skyhook::base
