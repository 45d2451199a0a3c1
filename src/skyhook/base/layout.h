// Where the bytes of a fragment lie when it is no object of its own: extents of objects, one after
// the other, and last bytes that are known to whoever asks.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_range.h"
#include "skyhook/base/byte_source.h"

namespace skyhook::base {

/// Bytes of an object (a file, an object of a pool, a device).
struct Extent {
  std::string object;
  ByteRange range;

  bool operator==(const Extent&) const = default;
};

/// A fragment of `bytes()` bytes: those of `extents` in their order, then `tail`.
struct Layout {
  std::vector<Extent> extents;
  /// The last bytes of the fragment, its footer as a rule: they are read nowhere. May be null.
  std::shared_ptr<arrow::Buffer> tail;

  int64_t tail_bytes() const { return tail == nullptr ? 0 : tail->size(); }
  /// Of one that CheckLayout takes.
  int64_t bytes() const;
  /// The objects, each once, in the order in which they come first.
  std::vector<std::string> objects() const;
  bool operator==(const Layout& other) const;
};

/// Invalid, naming the extent, where one is not within an object of at most 2^63 - 1 bytes, or all
/// together are more.
arrow::Status CheckLayout(const Layout& layout);

/// The version of a fragment of such a layout whose objects (Layout::objects) have `versions`.
std::string VersionOf(const Layout& layout, const std::vector<std::string>& versions);

using OpenObjectFunction =
    std::function<arrow::Result<std::shared_ptr<ByteSource>>(const std::string& object)>;

/// The fragment as one source, which messages name `name`. `open` is asked once for each object. An
/// object that ends before one of its extents does is kStaleObject.
arrow::Result<std::shared_ptr<ByteSource>> OpenLayout(const Layout& layout, std::string name,
                                                      const OpenObjectFunction& open);

}  // namespace skyhook::base
