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

/// Keeps the `limit` smallest candidates. A candidate costs the logarithm of their number, or one
/// comparison when it is not among them.
class BestRows {
 public:
  explicit BestRows(int64_t limit) : limit_(limit) {}

  void Add(Candidate candidate);
  int64_t limit() const { return limit_; }
  /// Candidates taken in since the last call of MarkSeen.
  int64_t unseen() const { return unseen_; }
  void MarkSeen() { unseen_ = 0; }
  /// True once `limit` candidates are known: then worst() is the last that still counts.
  bool full() const { return limit_ > 0 && static_cast<int64_t>(rows_.size()) == limit_; }
  /// The largest of the best.
  const Candidate& worst() const { return rows_.front(); }
  /// In no order, but for the worst, which is first.
  const std::vector<Candidate>& rows() const { return rows_; }
  /// Sets each candidate's source to its place among the rows.
  void Renumber();
  /// The candidates, in order, which are forgotten.
  std::vector<Candidate> TakeSorted();
  /// Bytes of the candidates and their keys.
  int64_t bytes_held() const;

 private:
  int64_t limit_;
  int64_t unseen_ = 0;
  int64_t key_bytes_ = 0;
  std::vector<Candidate> rows_;  // a heap
};

}  // namespace skyhook::exec
