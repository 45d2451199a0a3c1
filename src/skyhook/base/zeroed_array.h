// Arrays that begin as zeros and are looked into anywhere, such as the slots of hash tables.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace skyhook::base {

/// `size` zeros. Large ones lie in huge pages where the system gives them, so that a look anywhere
/// seldom waits for a page's address. Throws std::bad_alloc.
class ZeroedArray {
 public:
  ZeroedArray() = default;
  explicit ZeroedArray(size_t size) : size_(size) {
    if (bytes() < kLargeBytes) {
      values_ = static_cast<uint64_t*>(std::calloc(size, sizeof(uint64_t)));
      if (values_ == nullptr && size > 0) throw std::bad_alloc();
      return;
    }
    void* const mapped =
        mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    madvise(mapped, bytes(), MADV_HUGEPAGE);  // where it fails, pages are small
    values_ = static_cast<uint64_t*>(mapped);
  }
  ~ZeroedArray() {
    if (bytes() < kLargeBytes) {
      std::free(values_);
    } else {
      munmap(values_, bytes());
    }
  }
  ZeroedArray(ZeroedArray&& other) noexcept
      : values_(std::exchange(other.values_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    std::swap(values_, other.values_);
    std::swap(size_, other.size_);
    return *this;
  }

  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(uint64_t); }
  uint64_t& operator[](size_t i) { return values_[i]; }
  const uint64_t& operator[](size_t i) const { return values_[i]; }

 private:
  static constexpr size_t kLargeBytes = size_t{4} << 20;

  uint64_t* values_ = nullptr;
  size_t size_ = 0;
};

}  // namespace skyhook::base
