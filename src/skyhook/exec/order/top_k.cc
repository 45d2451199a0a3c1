#include "skyhook/exec/order/top_k.h"

#include <algorithm>
#include <utility>

namespace skyhook::exec {

void BestRows::Add(Candidate candidate) {
  if (limit_ == 0) return;
  if (full()) {
    if (!(candidate < worst())) return;
    std::pop_heap(rows_.begin(), rows_.end());
    key_bytes_ -= static_cast<int64_t>(rows_.back().key.capacity());
    rows_.back() = std::move(candidate);
  } else {
    rows_.push_back(std::move(candidate));
  }
  key_bytes_ += static_cast<int64_t>(rows_.back().key.capacity());
  std::push_heap(rows_.begin(), rows_.end());
  ++unseen_;
}

void BestRows::Renumber() {
  for (size_t i = 0; i < rows_.size(); ++i) rows_[i].source = static_cast<int64_t>(i);
}

std::vector<Candidate> BestRows::TakeSorted() {
  std::sort(rows_.begin(), rows_.end());
  key_bytes_ = 0;
  return std::exchange(rows_, {});
}

int64_t BestRows::bytes_held() const {
  return static_cast<int64_t>(rows_.capacity() * sizeof(Candidate)) + key_bytes_;
}

}  // namespace skyhook::exec
