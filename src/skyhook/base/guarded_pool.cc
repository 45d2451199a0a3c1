#include "skyhook/base/guarded_pool.h"

#include "skyhook/base/held_pool.h"
#include "skyhook/base/status.h"

namespace skyhook::base {
namespace {

class Guard final : public HeldPool {
 public:
  Guard(arrow::MemoryPool* pool, int64_t most) : HeldPool(pool), most_(most) {}

  using HeldPool::Allocate;
  using HeldPool::Free;
  using HeldPool::Reallocate;

  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override {
    ARROW_RETURN_NOT_OK(Check(size));
    ARROW_RETURN_NOT_OK(pool_->Allocate(size, alignment, out));
    Hold();
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
  void ReleaseUnused() override { pool_->ReleaseUnused(); }
  int64_t bytes_allocated() const override { return pool_->bytes_allocated(); }
  int64_t total_bytes_allocated() const override { return pool_->total_bytes_allocated(); }
  int64_t num_allocations() const override { return pool_->num_allocations(); }
  int64_t max_memory() const override { return pool_->max_memory(); }

 private:
  arrow::Status Check(int64_t size) const {
    if (size <= most_) return arrow::Status::OK();
    return CorruptData("a buffer of {} bytes; the most that is accepted is {}", size, most_);
  }

  const int64_t most_;
};

}  // namespace

std::shared_ptr<arrow::MemoryPool> GuardedPool(arrow::MemoryPool* pool, int64_t most) {
  return HeldPool::Make<Guard>(pool, most);
}

}  // namespace skyhook::base
