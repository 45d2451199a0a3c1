#include "skyhook/base/layout.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::base {
namespace {

using BufferPtr = std::shared_ptr<arrow::Buffer>;
using SourcePtr = std::shared_ptr<ByteSource>;

// A part of a range that was asked for, as it lies in one object or in the tail.
struct Piece {
  ByteSource* source;  // null: the tail
  ByteRange range;     // there
};

class LayoutSource : public ByteSource {
 public:
  LayoutSource(const Layout& layout, std::string name, std::map<std::string, SourcePtr> sources)
      : name_(std::move(name)), tail_(layout.tail), size_(layout.bytes()) {
    std::vector<std::string> versions;
    for (const std::string& object : layout.objects()) {
      versions.push_back(sources.at(object)->version());
    }
    version_ = VersionOf(layout, versions);
    int64_t begin = 0;
    for (const Extent& extent : layout.extents) {
      if (extent.range.length == 0) continue;
      extents_.push_back({begin, sources.at(extent.object), extent.range});
      begin += extent.range.length;
    }
    tail_begin_ = begin;
  }

  int64_t size() const override { return size_; }
  const std::string& version() const override { return version_; }
  const std::string& name() const override { return name_; }

  arrow::Future<Buffers> ReadAsync(std::vector<ByteRange> ranges, arrow::StopToken stop) override {
    const arrow::Status checked = CheckRanges(ranges);
    if (!checked.ok()) return arrow::Future<Buffers>::MakeFinished(checked);
    std::vector<std::vector<Piece>> pieces;
    std::map<ByteSource*, std::vector<ByteRange>> by_source;
    for (const ByteRange& range : ranges) {
      pieces.push_back(PiecesOf(range));
      for (const Piece& piece : pieces.back()) {
        if (piece.source != nullptr) by_source[piece.source].push_back(piece.range);
      }
    }
    std::vector<arrow::Future<Buffers>> reads;
    std::vector<ByteSource*> sources;
    for (auto& [source, asked] : by_source) {
      sources.push_back(source);
      reads.push_back(source->ReadAsync(std::move(asked), stop));
    }
    return arrow::All(std::move(reads))
        .Then([tail = tail_, pieces = std::move(pieces), sources = std::move(sources)](
                  const std::vector<arrow::Result<Buffers>>& read) -> arrow::Result<Buffers> {
          return Join(tail, pieces, sources, read);
        });
  }

 private:
  struct Placed {
    int64_t begin;  // within the fragment
    SourcePtr source;
    ByteRange range;
  };

  std::vector<Piece> PiecesOf(ByteRange range) const {
    std::vector<Piece> pieces;
    auto extent = std::upper_bound(
        extents_.begin(), extents_.end(), range.offset,
        [](int64_t offset, const Placed& placed) { return offset < placed.begin; });
    if (extent != extents_.begin()) --extent;
    for (; extent != extents_.end() && range.length > 0; ++extent) {
      const int64_t skipped = range.offset - extent->begin;
      const int64_t length = std::min(range.length, extent->range.length - skipped);
      if (length <= 0) continue;
      pieces.push_back({extent->source.get(), {extent->range.offset + skipped, length}});
      range.offset += length;
      range.length -= length;
    }
    if (range.length > 0) pieces.push_back({nullptr, {range.offset - tail_begin_, range.length}});
    return pieces;
  }

  // The buffers of each source come in the order in which its pieces were asked for.
  static arrow::Result<Buffers> Join(const BufferPtr& tail,
                                     const std::vector<std::vector<Piece>>& pieces,
                                     const std::vector<ByteSource*>& sources,
                                     const std::vector<arrow::Result<Buffers>>& read) {
    std::map<ByteSource*, Buffers::const_iterator> next;
    for (size_t i = 0; i < sources.size(); ++i) {
      ARROW_RETURN_NOT_OK(read[i]);
      next[sources[i]] = read[i]->begin();
    }
    Buffers out;
    for (const std::vector<Piece>& of_range : pieces) {
      Buffers parts;
      for (const Piece& piece : of_range) {
        parts.push_back(piece.source == nullptr
                            ? arrow::SliceBuffer(tail, piece.range.offset, piece.range.length)
                            : *next[piece.source]++);
      }
      if (parts.size() == 1) {
        out.push_back(std::move(parts.front()));
      } else {
        ARROW_ASSIGN_OR_RAISE(out.emplace_back(), arrow::ConcatenateBuffers(parts));
      }
    }
    return out;
  }

  const std::string name_;
  std::string version_;
  std::vector<Placed> extents_;
  const BufferPtr tail_;
  int64_t tail_begin_ = 0;
  const int64_t size_;
};

}  // namespace

int64_t Layout::bytes() const {
  int64_t sum = tail_bytes();
  for (const Extent& extent : extents) sum += extent.range.length;
  return sum;
}

std::vector<std::string> Layout::objects() const {
  std::vector<std::string> out;
  std::set<std::string_view> seen;
  for (const Extent& extent : extents) {
    if (seen.insert(extent.object).second) out.push_back(extent.object);
  }
  return out;
}

bool Layout::operator==(const Layout& other) const {
  const bool same_tail =
      tail == other.tail || (tail != nullptr && other.tail != nullptr && tail->Equals(*other.tail));
  return same_tail && extents == other.extents;
}

arrow::Status CheckLayout(const Layout& layout) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t left = kMost - layout.tail_bytes();
  for (const Extent& extent : layout.extents) {
    const ByteRange& range = extent.range;
    if (range.offset < 0 || range.length < 0 || range.length > kMost - range.offset ||
        range.length > left) {
      return Invalid("bytes {}+{} of '{}' are no extent of a fragment", range.offset, range.length,
                     extent.object);
    }
    left -= range.length;
  }
  return arrow::Status::OK();
}

std::string VersionOf(const Layout& layout, const std::vector<std::string>& versions) {
  // Each part comes with its length: layouts that differ have texts that differ.
  std::string text;
  for (const Extent& extent : layout.extents) {
    text += fmt::format("{}:{}{}+{},", extent.object.size(), extent.object, extent.range.offset,
                        extent.range.length);
  }
  text += fmt::format("{}:", layout.tail_bytes());
  if (layout.tail != nullptr) text += std::string_view(*layout.tail);
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{}/{:016x}{:016x}", fmt::join(versions, "+"), hash.high64, hash.low64);
}

arrow::Result<SourcePtr> OpenLayout(const Layout& layout, std::string name,
                                    const OpenObjectFunction& open) {
  ARROW_RETURN_NOT_OK(CheckLayout(layout));
  std::map<std::string, SourcePtr> sources;
  for (const Extent& extent : layout.extents) {
    SourcePtr& source = sources[extent.object];
    if (source == nullptr) {
      ARROW_ASSIGN_OR_RAISE(source, open(extent.object));
    }
    if (extent.range.end() > source->size()) {
      return StaleObject("'{}' has {} bytes, and '{}' lies in its bytes {}+{}", extent.object,
                         source->size(), name, extent.range.offset, extent.range.length);
    }
  }
  return std::make_shared<LayoutSource>(layout, std::move(name), std::move(sources));
}

}  // namespace skyhook::base
