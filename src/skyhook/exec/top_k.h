// The best rows seen so far, by sort key and then by position.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace skyhook::exec {

/// One row that may be among the best. `position` breaks ties, smaller first; `source` is whatever
/// the owner needs to find the row again.
struct Candidate {
  std::string key;
  std::tuple<int64_t, int64_t, int64_t> position;
  int64_t source = 0;

  bool operator<(const Candidate& other) const {
    return std::tie(key, position) < std::tie(other.key, other.position);
  }
};

/// Keeps the `limit` smallest candidates, and at most as many again that are not yet sorted out.
class BestRows {
 public:
  explicit BestRows(int64_t limit) : limit_(limit) {}

  void Add(Candidate candidate);
  int64_t limit() const { return limit_; }
  /// Candidates added since the last sorting out.
  int64_t unsettled() const { return static_cast<int64_t>(rows_.size()) - settled_; }
  /// True once `limit` candidates are known: then worst() is the last that still counts.
  bool full() const { return full_; }
  /// The largest of the best as of the last sorting out.
  const Candidate& worst() const { return rows_[static_cast<size_t>(limit_) - 1]; }
  /// Drops all but the best; afterwards they are sorted.
  void Settle();
  const std::vector<Candidate>& rows() const { return rows_; }
  /// Sets each candidate's source to its place among the rows.
  void Renumber();
  int64_t bytes_held() const { return bytes_; }

 private:
  int64_t limit_;
  bool full_ = false;
  int64_t settled_ = 0;
  int64_t bytes_ = 0;
  std::vector<Candidate> rows_;
};

}  // namespace skyhook::exec
