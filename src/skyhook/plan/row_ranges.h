// Sets of base rows of one fragment: the unit in which work is asked for, answered and left over.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace skyhook::plan {

/// The rows [begin, end) of a fragment.
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t size() const { return end - begin; }
  bool operator==(const RowRange&) const = default;
};

/// Sorted, disjoint, non-adjacent, non-empty half-open ranges: the canonical form of a set of rows.
class RowRanges {
 public:
  RowRanges() = default;
  RowRanges(std::initializer_list<RowRange> ranges);
  /// Any ranges, in any order, overlapping or empty.
  explicit RowRanges(std::vector<RowRange> ranges);

  /// The rows [0, rows).
  static RowRanges All(int64_t rows);

  const std::vector<RowRange>& ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  /// Number of rows in the set.
  int64_t num_rows() const;
  /// One past the largest row, 0 for the empty set.
  int64_t end() const { return ranges_.empty() ? 0 : ranges_.back().end; }

  /// Whether some row of `range` is in the set.
  bool Overlaps(RowRange range) const;
  RowRanges Union(const RowRanges& other) const;
  RowRanges Intersect(const RowRanges& other) const;
  RowRanges Intersect(RowRange range) const;
  RowRanges Subtract(const RowRanges& other) const;

  /// "[0,5) [7,9)".
  std::string ToString() const;

  bool operator==(const RowRanges&) const = default;

 private:
  std::vector<RowRange> ranges_;
};

}  // namespace skyhook::plan
