#include "cli/allocators.h"

#include <malloc.h>

#include <cstdint>
#include <cstdlib>

#include "cli/options.h"

namespace skyhook::cli {
namespace {

constexpr int64_t kLittleMemory = int64_t{1} << 30;
constexpr int kSmallestMapping = 64 * 1024;

}  // namespace

arrow::Status BoundAllocators(const std::string& memory) {
  if (memory.empty()) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const int64_t bytes, ParseMemory(memory));
  if (bytes >= kLittleMemory) return arrow::Status::OK();
  // Large blocks are mapped, and so go back to the system when they are freed; the rest comes from
  // one arena, whose end is trimmed.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kSmallestMapping);
  mallopt(M_TRIM_THRESHOLD, kSmallestMapping);
  // Arrow's own pools keep whole segments; a user's choice stays.
  setenv("ARROW_DEFAULT_MEMORY_POOL", "system", /*overwrite=*/0);
  return arrow::Status::OK();
}

}  // namespace skyhook::cli
