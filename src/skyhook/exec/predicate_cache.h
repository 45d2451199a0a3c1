// Which rows passed a predicate, remembered from one scan to the next.
#pragma once

#include <arrow/array.h>
#include <arrow/result.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "skyhook/base/memory_budget.h"
#include "skyhook/plan/expression.h"
#include "skyhook/plan/row_ranges.h"

namespace skyhook::exec {

/// The rows of a row group that passed a predicate, of those that it was evaluated for.
class Survivors {
 public:
  /// Row groups of more rows are too large.
  static bool CanHold(const plan::RowRange& row_group) {
    return row_group.size() <= std::numeric_limits<uint32_t>::max();
  }
  /// Of a row group that begins with fragment row `first_row`; no row has passed yet.
  Survivors(int64_t first_row, plan::RowRanges examined)
      : first_row_(first_row), examined_(std::move(examined)) {}

  /// A further fragment row that has passed; rows come in ascending order.
  void Add(int64_t row) { passed_.push_back(static_cast<uint32_t>(row - first_row_)); }
  int64_t num_passed() const { return static_cast<int64_t>(passed_.size()); }
  /// Whether just these fragment rows (ascending) have passed.
  bool Are(std::span<const int64_t> rows) const;
  /// How many rows passed before this one; nothing: it has not passed.
  std::optional<int64_t> PlaceOf(int64_t row) const;

  const plan::RowRanges& examined() const { return examined_; }
  /// Sets the bits of the rows of `range` that passed; bit i of `bits` stands for row
  /// range.begin + i and is clear. Returns how many were set.
  int64_t SetBits(plan::RowRange range, uint8_t* bits) const;
  /// `rows` without the blocks of `block` rows, counted from the row group's first, of which no row
  /// passed.
  plan::RowRanges Around(const plan::RowRanges& rows, int64_t block) const;
  /// What either knows.
  static Survivors Joined(const Survivors& a, const Survivors& b);
  int64_t bytes() const;

 private:
  std::span<const uint32_t> Within(plan::RowRange range) const;

  int64_t first_row_;
  plan::RowRanges examined_;
  std::vector<uint32_t> passed_;  // counted from first_row_, ascending
};

/// Values of the rows that passed, in their order, by the fragment's columns.
using ValuesByColumn = std::map<int, std::shared_ptr<arrow::Array>>;

/// What is known of a row group.
struct KnownRows {
  std::shared_ptr<const Survivors> rows;  ///< null: nothing
  ValuesByColumn values;                  ///< of `rows`
};

/// Remembers survivors, and values of theirs, by fragment, version and predicate, those that were
/// used last. Thread-safe.
class PredicateCache {
 public:
  /// Whether `passed` of `rows` rows are few enough to be remembered: at most an eighth, and at
  /// most 2^20.
  static bool IsWorthIt(int64_t passed, int64_t rows) {
    return passed <= std::min<int64_t>(rows / 8, int64_t{1} << 20);
  }
  /// Predicates of more literals, columns and calls are not remembered.
  static constexpr int64_t kMostNodes = 2000;

  /// Keeps at most `most_bytes`, and no more than `budget` has left.
  PredicateCache(std::shared_ptr<base::MemoryBudget> budget, int64_t most_bytes);
  PredicateCache(const PredicateCache&) = delete;
  PredicateCache& operator=(const PredicateCache&) = delete;

  /// A predicate over one version of a fragment.
  class Key {
   public:
    /// `fields` are the fragment's columns that the conjuncts' columns stand for. Nothing where the
    /// predicate is too large to be remembered.
    static std::optional<Key> Of(const std::string& fragment, const std::string& version,
                                 const std::vector<plan::ExpressionPtr>& conjuncts,
                                 const std::vector<int>& fields);
    bool operator==(const Key& other) const;

   private:
    friend class PredicateCache;

    std::string fragment_;
    std::string version_;
    std::vector<plan::ExpressionPtr> conjuncts_;
    int64_t bytes_ = 0;
    size_t hash_ = 0;
  };

  /// What is known of a row group, if that is enough to say which of `rows` pass.
  KnownRows Find(const Key& key, int row_group, const plan::RowRanges& rows);
  /// Remembers what a scan of a row group has found, besides what is known of other rows of it.
  void Remember(const Key& key, int row_group, Survivors survivors);
  /// Remembers values besides: `values_of` gives those of the rows that are known, if some are. The
  /// predicates of other fragments and row groups may be forgotten for them.
  arrow::Status RememberValues(
      const Key& key, int row_group,
      const std::function<arrow::Result<ValuesByColumn>(const Survivors& rows)>& values_of);

  int64_t bytes_held() const;

 private:
  struct Entry {
    Key key;
    std::map<int, KnownRows> row_groups;
    int64_t bytes = 0;
  };
  using Entries = std::list<Entry>;

  // Callers hold `mutex_`.
  Entries::iterator Lookup(const Key& key);
  void Insert(const Key& key);
  bool MakeRoom(int64_t bytes);
  void DropLast();

  mutable std::mutex mutex_;
  const int64_t most_bytes_;
  base::Reservation held_;
  Entries entries_;  // the one used last first
  std::unordered_multimap<size_t, Entries::iterator> by_hash_;
};

}  // namespace skyhook::exec
