// A memory pool that lives as long as what was allocated from it.
#pragma once

#include <arrow/memory_pool.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace skyhook::base {

/// The base of pools in front of another, `pool_`, which what is allocated here must not outlive.
/// Such a pool has holders: the pointer that Make returns, and each allocation. The last of them to
/// go deletes it.
class HeldPool : public arrow::MemoryPool {
 public:
  using MemoryPool::Allocate;
  using MemoryPool::Free;
  using MemoryPool::Reallocate;

  /// `Pool` is made of `pool` (null: Arrow's default) and `arguments`.
  template <typename Pool, typename... Arguments>
  static std::shared_ptr<arrow::MemoryPool> Make(arrow::MemoryPool* pool,
                                                 Arguments&&... arguments) {
    if (pool == nullptr) pool = arrow::default_memory_pool();
    return {new Pool(pool, std::forward<Arguments>(arguments)...),
            [](HeldPool* held) { held->LetGo(); }};
  }

  std::string backend_name() const override { return pool_->backend_name(); }

 protected:
  explicit HeldPool(arrow::MemoryPool* pool) : pool_(pool) {}
  ~HeldPool() override = default;

  /// After each allocation that succeeded.
  void Hold() { ++holders_; }
  /// The last thing that a call which frees does: `this` may be gone then.
  void LetGo() {
    if (--holders_ == 0) delete this;
  }

  arrow::MemoryPool* const pool_;

 private:
  std::atomic<int64_t> holders_ = 1;
};

}  // namespace skyhook::base
