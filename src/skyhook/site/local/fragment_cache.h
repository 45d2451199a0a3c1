// Remembers open fragments between calls, so that a footer is read once per version.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "skyhook/base/memory_budget.h"
#include "skyhook/format/fragment.h"
#include "skyhook/plan/outcome.h"
#include "skyhook/site/site.h"

namespace skyhook::site::local {

struct CachedFragment {
  std::shared_ptr<format::Fragment> fragment;
  int64_t bytes = 0;
};

/// The most recently used fragments, at most `capacity` of them, and as many as find room in
/// `budget` together with what they keep; besides, those that somebody uses. Thread-safe.
class FragmentCache {
 public:
  /// `pool` is what fragments are read into (null: Arrow's default), `shortcuts` how.
  FragmentCache(int capacity, std::shared_ptr<base::MemoryBudget> budget,
                std::shared_ptr<arrow::MemoryPool> pool = nullptr,
                format::Shortcuts shortcuts = format::Shortcuts::kMeasured)
      : capacity_(capacity),
        budget_(std::move(budget)),
        pool_(std::move(pool)),
        shortcuts_(shortcuts) {}

  /// The fragment as the file is now; Code::kStaleObject when `id` names another version. The
  /// account of `context` receives what opening read, once per opening.
  arrow::Result<CachedFragment> Get(const FragmentId& id, const format::ReadContext& context);

 private:
  struct Entry {
    CachedFragment open;
    plan::Cost unpaid;  ///< what opening cost, until a call takes it into its account
    std::unique_ptr<base::Reservation> footer;
    std::list<std::string>::iterator position;
  };
  struct InUse {
    std::weak_ptr<format::Fragment> fragment;
    int64_t bytes = 0;
  };

  std::optional<CachedFragment> Find(const std::string& name, const std::string& version,
                                     plan::Cost* cost);
  void Insert(const std::string& name, CachedFragment open, plan::Cost unpaid);
  // Callers hold `mutex_`.
  void Drop(const std::string& name);
  bool DropOldest();
  void MakeRoomForOthers();
  std::optional<CachedFragment> FindInUse(const std::string& name, const std::string& version);

  const int capacity_;
  const std::shared_ptr<base::MemoryBudget> budget_;
  const std::shared_ptr<arrow::MemoryPool> pool_;
  const format::Shortcuts shortcuts_;
  std::mutex mutex_;
  std::list<std::string> by_use_;  ///< the most recently used first
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, InUse> in_use_;  ///< what was opened last, kept or not
};

}  // namespace skyhook::site::local
