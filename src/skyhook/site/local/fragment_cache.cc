#include "skyhook/site/local/fragment_cache.h"

#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/local/file_bytes.h"

namespace skyhook::site::local {

arrow::Result<CachedFragment> FragmentCache::Get(const FragmentId& id,
                                                 const format::ReadContext& context) {
  plan::Cost* cost = context.cost;
  ARROW_ASSIGN_OR_RAISE(const std::string version, FileVersionOf(id));
  ARROW_RETURN_NOT_OK(CheckVersion(id, version, -1, id.name));
  if (auto known = Find(id.name, version, cost)) {
    ARROW_RETURN_NOT_OK(CheckVersion(id, version, known->bytes, id.name));
    return *std::move(known);
  }
  ARROW_ASSIGN_OR_RAISE(auto source, OpenFileBytes(id, pool_));
  if (source->version() != version) {
    return base::StaleObject("'{}' changed while it was opened: version {} became {}", id.name,
                             version, source->version());
  }
  ARROW_RETURN_NOT_OK(CheckVersion(id, version, source->size(), id.name));
  CachedFragment open;
  open.bytes = source->size();
  plan::Cost opening;
  format::ReadOptions options;
  options.shortcuts = shortcuts_;
  options.budget = budget_;
  options.pool = pool_.get();  // the source, which the fragment holds, keeps it
  ARROW_ASSIGN_OR_RAISE(open.fragment,
                        format::OpenFragment(std::move(source), options, {&opening, context.stop}));
  if (cost != nullptr) *cost += std::exchange(opening, {});
  Insert(id.name, open, opening);
  return open;
}

std::optional<CachedFragment> FragmentCache::Find(const std::string& name,
                                                  const std::string& version, plan::Cost* cost) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return FindInUse(name, version);
  Entry& entry = found->second;
  if (entry.open.fragment->version() != version) {
    Drop(name);
    return std::nullopt;
  }
  by_use_.splice(by_use_.begin(), by_use_, entry.position);
  MakeRoomForOthers();
  if (cost != nullptr) *cost += std::exchange(entry.unpaid, {});
  return entry.open;
}

void FragmentCache::Insert(const std::string& name, CachedFragment open, plan::Cost unpaid) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Drop(name);
  in_use_[name] = {open.fragment, open.bytes};
  if (in_use_.size() > 2 * static_cast<size_t>(capacity_)) {
    std::erase_if(in_use_, [](const auto& one) { return one.second.fragment.expired(); });
  }
  const int64_t bytes = open.fragment->footer_bytes();
  if (bytes > budget_->most()) return;
  MakeRoomForOthers();
  while (static_cast<int64_t>(entries_.size()) >= capacity_ && DropOldest()) {
  }
  auto footer = std::make_unique<base::Reservation>(budget_);
  bool has_room = footer->Add(bytes);
  while (!has_room && DropOldest()) has_room = footer->Add(bytes);
  budget_->WasShort();  // it was for this, and is dealt with
  if (!has_room) return;
  by_use_.push_front(name);
  entries_[name] = Entry{std::move(open), unpaid, std::move(footer), by_use_.begin()};
}

// What is not kept is shared as long as somebody uses it.
std::optional<CachedFragment> FragmentCache::FindInUse(const std::string& name,
                                                       const std::string& version) {
  const auto found = in_use_.find(name);
  if (found == in_use_.end()) return std::nullopt;
  auto fragment = found->second.fragment.lock();
  if (fragment != nullptr && fragment->version() == version) {
    return CachedFragment{std::move(fragment), found->second.bytes};
  }
  in_use_.erase(found);
  return std::nullopt;
}

// What was refused room since, the fragment that was used longest ago may hold.
void FragmentCache::MakeRoomForOthers() {
  if (budget_->WasShort() && entries_.size() > 1) DropOldest();
}

bool FragmentCache::DropOldest() {
  if (by_use_.empty()) return false;
  const std::string oldest = by_use_.back();
  Drop(oldest);
  return true;
}

void FragmentCache::Drop(const std::string& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  by_use_.erase(found->second.position);
  entries_.erase(found);
}

}  // namespace skyhook::site::local
