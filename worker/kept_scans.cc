#include "worker/kept_scans.h"

#include <malloc.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace skyhook::worker {

namespace {

// Of all that is held: not everything comes from Arrow's pool.
int64_t HeapBytes() {
  const auto heap = ::mallinfo2();
  return static_cast<int64_t>(heap.uordblks + heap.hblkhd);
}

}  // namespace

std::optional<KeptScan> KeptScans::Take(const ScanKey& key) {
  std::optional<KeptScan> found;
  for (auto scan = scans_.begin(); scan != scans_.end();) {
    if (scan->key == key) found = std::move(*scan);
    scan = scan->key.slice.scan == key.slice.scan ? scans_.erase(scan) : std::next(scan);
  }
  return found;
}

void KeptScans::Keep(KeptScan scan) {
  scans_.push_front(std::move(scan));
  // What plans say can be had again for little: scans go last.
  if (scans_.size() > 1 && HeapBytes() > kMostBytes) {
    calls_ = nullptr;
    pipelines_.Clear();
  }
  while (scans_.size() > kMostScans || (scans_.size() > 1 && HeapBytes() > kMostBytes)) {
    scans_.pop_back();
  }
}

std::optional<std::string> KeptScans::TakeReply(const ScanKey& key, int64_t most_bytes) {
  const auto found = std::find_if(replies_.begin(), replies_.end(),
                                  [&](const auto& kept) { return kept.first == key; });
  if (found == replies_.end()) return std::nullopt;
  std::string reply = std::move(found->second);
  replies_.erase(found);
  if (static_cast<int64_t>(reply.size()) > most_bytes) return std::nullopt;
  return reply;
}

void KeptScans::KeepReply(const ScanKey& key, std::string reply) {
  replies_.emplace_front(key, std::move(reply));
  if (replies_.size() > kMostReplies) replies_.pop_back();
}

const std::shared_ptr<exec::PreparedCalls>& KeptScans::prepared_calls() {
  if (calls_ == nullptr) calls_ = std::make_shared<exec::PreparedCalls>();
  return calls_;
}

void KeptScans::Clear() {
  scans_.clear();
  replies_.clear();
  calls_ = nullptr;
  pipelines_.Clear();
  ::malloc_trim(0);
}

}  // namespace skyhook::worker
