// The site whose fragments are files of this machine and whose kernel runs in this process.
#pragma once

#include <arrow/memory_pool.h>

#include <cstdint>
#include <memory>

#include "skyhook/base/memory_budget.h"
#include "skyhook/format/fragment.h"
#include "skyhook/site/site.h"

namespace skyhook::site::local {

struct LocalSiteOptions {
  /// Fragments kept open between calls. Each holds a file descriptor and a parsed footer; the usual
  /// limit of a process is 1024 descriptors.
  int max_open_fragments = 256;
  /// What their footers, page indexes, bloom filters and dictionaries may take. Null: that of no
  /// others, kLocalBudget bytes.
  std::shared_ptr<base::MemoryBudget> budget = nullptr;
  /// What they are read into. Null: Arrow's default.
  std::shared_ptr<arrow::MemoryPool> pool = nullptr;
  format::Shortcuts shortcuts = format::Shortcuts::kMeasured;
};
inline constexpr int64_t kLocalBudget = int64_t{256} << 20;

/// FragmentId::name is a path as this process sees it. Run works on the caller's thread, as the
/// answer is pulled.
std::shared_ptr<Site> MakeLocalSite(const LocalSiteOptions& options = {});

}  // namespace skyhook::site::local
