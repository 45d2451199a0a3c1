#include "skyhook/plan/row_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace skyhook::plan {
namespace {

std::vector<RowRange> Canonical(std::vector<RowRange> ranges) {
  std::erase_if(ranges, [](const RowRange& range) { return range.end <= range.begin; });
  std::sort(ranges.begin(), ranges.end(),
            [](const RowRange& a, const RowRange& b) { return a.begin < b.begin; });
  std::vector<RowRange> out;
  for (const RowRange& range : ranges) {
    if (!out.empty() && range.begin <= out.back().end) {
      out.back().end = std::max(out.back().end, range.end);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

}  // namespace

RowRanges::RowRanges(std::initializer_list<RowRange> ranges)
    : ranges_(Canonical(std::vector<RowRange>(ranges))) {}

RowRanges::RowRanges(std::vector<RowRange> ranges) : ranges_(Canonical(std::move(ranges))) {}

RowRanges RowRanges::All(int64_t rows) { return RowRanges({RowRange{0, rows}}); }

int64_t RowRanges::num_rows() const {
  int64_t rows = 0;
  for (const RowRange& range : ranges_) rows += range.size();
  return rows;
}

bool RowRanges::Overlaps(RowRange range) const {
  const auto behind =
      std::partition_point(ranges_.begin(), ranges_.end(),
                           [&](const RowRange& before) { return before.end <= range.begin; });
  return range.begin < range.end && behind != ranges_.end() && behind->begin < range.end;
}

RowRanges RowRanges::Union(const RowRanges& other) const {
  std::vector<RowRange> all = ranges_;
  all.insert(all.end(), other.ranges_.begin(), other.ranges_.end());
  return RowRanges(std::move(all));
}

RowRanges RowRanges::Intersect(const RowRanges& other) const {
  RowRanges out;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const RowRange both{std::max(a->begin, b->begin), std::min(a->end, b->end)};
    if (both.begin < both.end) out.ranges_.push_back(both);
    (a->end < b->end ? a : b)++;
  }
  return out;
}

RowRanges RowRanges::Intersect(RowRange range) const { return Intersect(RowRanges({range})); }

RowRanges RowRanges::Subtract(const RowRanges& other) const {
  RowRanges out;
  auto hole = other.ranges_.begin();
  for (RowRange left : ranges_) {
    while (hole != other.ranges_.end() && hole->end <= left.begin) ++hole;
    for (auto cut = hole; cut != other.ranges_.end() && cut->begin < left.end; ++cut) {
      if (cut->begin > left.begin) out.ranges_.push_back({left.begin, cut->begin});
      left.begin = cut->end;
    }
    if (left.begin < left.end) out.ranges_.push_back(left);
  }
  return out;
}

std::string RowRanges::ToString() const {
  std::string out;
  for (const RowRange& range : ranges_) {
    out += fmt::format("{}[{},{})", out.empty() ? "" : " ", range.begin, range.end);
  }
  return out.empty() ? "none" : out;
}

}  // namespace skyhook::plan
