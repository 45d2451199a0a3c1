#include "skyhook/exec/top_k.h"

#include <algorithm>

namespace skyhook::exec {
namespace {

constexpr int64_t kSlack = 4096;

int64_t BytesOf(const Candidate& candidate) {
  return static_cast<int64_t>(sizeof(Candidate) + candidate.key.capacity());
}

}  // namespace

void BestRows::Add(Candidate candidate) {
  if (limit_ == 0) return;
  // worst() is exact when rows beyond it have come since: it can only have got better.
  if (full_ && worst() < candidate) return;
  bytes_ += BytesOf(candidate);
  rows_.push_back(std::move(candidate));
  if (static_cast<int64_t>(rows_.size()) / 2 - kSlack / 2 >= limit_) Settle();
}

void BestRows::Settle() {
  const auto limit = static_cast<size_t>(limit_);
  std::sort(rows_.begin(), rows_.end());
  if (rows_.size() > limit) rows_.resize(limit);
  full_ = limit > 0 && rows_.size() == limit;
  settled_ = static_cast<int64_t>(rows_.size());
  bytes_ = 0;
  for (const Candidate& row : rows_) bytes_ += BytesOf(row);
}

void BestRows::Renumber() {
  for (size_t i = 0; i < rows_.size(); ++i) rows_[i].source = static_cast<int64_t>(i);
}

}  // namespace skyhook::exec
