// A hash table from key values to dense group numbers.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "skyhook/base/zeroed_array.h"
#include "skyhook/exec/aggregate/key_rows.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// Numbers the distinct combinations of key values in order of first appearance. NULL equals NULL,
/// NaN equals NaN, -0.0 equals 0.0. Not thread-safe.
///
/// Places in the table depend on a seed of the process, so that nobody can choose keys that meet
/// there.
class GroupTable {
 public:
  /// Groups are numbered with 31 bits; one more than `max_groups` is kLimitExceeded.
  explicit GroupTable(std::vector<std::shared_ptr<arrow::DataType>> key_types,
                      int64_t max_groups = std::numeric_limits<int32_t>::max());

  /// Writes the group of each of `rows` rows to `groups`. `keys` has a column for each key type.
  arrow::Status Assign(const std::vector<vector::Column>& keys, int64_t rows, uint32_t* groups);

  int64_t size() const { return size_; }
  int64_t bytes_held() const;
  /// The hash of a group's key: equal keys have equal hashes in every table of every process.
  uint64_t HashOf(int64_t group) const;
  /// The hashes that the keys of `rows` rows have in every table of every process.
  static arrow::Result<std::vector<uint64_t>> HashesOf(const std::vector<vector::Column>& keys,
                                                       int64_t rows);
  /// The key columns of the given groups.
  arrow::Result<std::vector<vector::Column>> Keys(std::span<const int32_t> groups) const;
  void Clear();

 private:
  bool AssignByCodes(const std::vector<vector::Column>& keys, int64_t rows, uint32_t* groups,
                     std::vector<int32_t>* first);
  static size_t CodeOf(const std::vector<vector::Column>& keys, int64_t row);
  arrow::Status AssignByHash(const std::vector<vector::Column>& keys, int64_t rows,
                             uint32_t* groups);
  static arrow::Result<std::vector<vector::Column>> Flattened(
      const std::vector<vector::Column>& keys);
  /// Of the rows of `piece_`.
  arrow::Status AssignPiece(uint32_t* groups);
  /// The same; rows of keys have kBytes bytes, or, with 0, any number.
  template <int64_t kBytes>
  arrow::Status AssignRows(uint32_t* groups);
  arrow::Result<uint32_t> FindOrInsert(const uint8_t* row, int64_t size, uint64_t hash);
  void Grow();

  const uint8_t* RowOf(int64_t group) const {
    const int64_t row_bytes = layout_.row_bytes();
    return rows_.data() +
           (row_bytes > 0 ? group * row_bytes : offsets_[static_cast<size_t>(group)]);
  }
  int64_t SizeOf(int64_t group) const {
    const auto at = static_cast<size_t>(group);
    const int64_t row_bytes = layout_.row_bytes();
    return row_bytes > 0 ? row_bytes : offsets_[at + 1] - offsets_[at];
  }
  bool HasKey(int64_t group, const uint8_t* row, int64_t size) const {
    return SizeOf(group) == size && SameRow(RowOf(group), row, size);
  }
  static bool SameRow(const uint8_t* a, const uint8_t* b, int64_t size) {
    uint64_t differing = 0;
    for (int64_t i = 0; i < size; i += 8) {
      uint64_t of_a;
      uint64_t of_b;
      std::memcpy(&of_a, a + i, 8);
      std::memcpy(&of_b, b + i, 8);
      differing |= of_a ^ of_b;
    }
    return differing == 0;
  }

  KeyLayout layout_;
  int64_t max_groups_;
  int64_t size_ = 0;
  std::vector<uint8_t> rows_;     // of the groups' keys
  std::vector<int64_t> offsets_;  // groups + 1, where rows differ in size
  // The upper half of the seeded hash, then group + 1; 0: free. A group's slot is the first free
  // one from where the hash's upper bits say, as many as count the slots.
  base::ZeroedArray slots_;
  int shift_ = 0;  // from a hash to those bits
  KeyRows piece_;
  std::vector<uint64_t> piece_hashes_;

  // Groups by combination of dictionary codes, while the dictionaries stay the same.
  std::vector<std::shared_ptr<const vector::Column>> dictionaries_;
  std::vector<uint32_t> by_codes_;  // group + 1; 0: not seen
};

}  // namespace skyhook::exec
