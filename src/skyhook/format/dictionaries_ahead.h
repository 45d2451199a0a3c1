// Dictionaries of the row group that is read next, decoded in step with those of the one before.
#pragma once

#include <arrow/array/data.h>
#include <arrow/util/byte_size.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace skyhook::format {

/// Of one call that goes through row groups in order. Not thread-safe.
class DictionariesAhead {
 public:
  /// Row group `now` is read, and `next`, if it is given, will probably be read after that: drops
  /// what is kept of others.
  void Begin(int now, std::optional<int> next) {
    next_ = next;
    std::erase_if(kept_, [&](const auto& kept) { return kept.first.first != now; });
  }

  /// The row group whose dictionaries are worth decoding; nothing: none's.
  std::optional<int> next() const { return next_; }

  /// Keeps a dictionary of next().
  void Put(int column, std::shared_ptr<arrow::ArrayData> dictionary) {
    kept_[{*next_, column}] = std::move(dictionary);
  }

  int64_t bytes() const {
    int64_t bytes = 0;
    for (const auto& [place, dictionary] : kept_)
      bytes += arrow::util::TotalBufferSize(*dictionary);
    return bytes;
  }

  /// Hands out what was kept; null: nothing was.
  std::shared_ptr<arrow::ArrayData> Take(int row_group, int column) {
    auto found = kept_.extract({row_group, column});
    return found.empty() ? nullptr : std::move(found.mapped());
  }

 private:
  std::optional<int> next_;
  std::map<std::pair<int, int>, std::shared_ptr<arrow::ArrayData>> kept_;  // by row group, column
};

}  // namespace skyhook::format
