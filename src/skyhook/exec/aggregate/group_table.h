// A hash table from key values to dense group numbers.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// Numbers the distinct combinations of key values in order of first appearance. NULL equals NULL,
/// NaN equals NaN, -0.0 equals 0.0. Not thread-safe.
///
/// Places in the table depend on a seed of the process, so that nobody can choose keys that meet
/// there.
///
/// A key is kept as a row of bytes: for each column a byte that is 1 for NULL, then the value
/// (text: its length as uint32_t, then the bytes), zero-padded to a multiple of eight.
class GroupTable {
 public:
  /// Groups are numbered with 31 bits; one more than `max_groups` is kLimitExceeded.
  explicit GroupTable(std::vector<std::shared_ptr<arrow::DataType>> key_types,
                      int64_t max_groups = std::numeric_limits<int32_t>::max());

  /// Writes the group of each of `rows` rows to `groups`. `keys` has a column for each key type.
  arrow::Status Assign(const std::vector<vector::Column>& keys, int64_t rows, uint32_t* groups);

  int64_t size() const { return static_cast<int64_t>(hashes_.size()); }
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
  struct Encoded {
    std::vector<uint8_t> bytes;
    std::vector<int64_t> offsets;  // rows + 1
    std::vector<int64_t> cursors;  // where the next key of each row goes

    int64_t rows() const { return static_cast<int64_t>(offsets.size()) - 1; }
    int64_t bytes_held() const {
      const size_t numbers = offsets.capacity() + cursors.capacity();
      return static_cast<int64_t>(bytes.capacity() + numbers * sizeof(int64_t));
    }
    const uint8_t* row(int64_t i) const { return bytes.data() + offsets[static_cast<size_t>(i)]; }
    int64_t size(int64_t i) const {
      return offsets[static_cast<size_t>(i) + 1] - offsets[static_cast<size_t>(i)];
    }
  };

  bool AssignByCodes(const std::vector<vector::Column>& keys, int64_t rows, uint32_t* groups,
                     std::vector<int32_t>* unknown);
  void RememberCodes(const std::vector<vector::Column>& keys, const std::vector<int32_t>& rows,
                     const uint32_t* groups);
  arrow::Status AssignByHash(const std::vector<vector::Column>& keys, int64_t rows,
                             uint32_t* groups);
  static arrow::Result<std::vector<vector::Column>> Flattened(
      const std::vector<vector::Column>& keys);
  static void Encode(const std::vector<vector::Column>& keys, int64_t begin, int64_t end,
                     Encoded* out);
  static void EncodeKey(const vector::Column& key, int64_t begin, Encoded* out);
  arrow::Result<uint32_t> FindOrInsert(const uint8_t* row, int64_t size);
  void Grow();
  arrow::Result<vector::Column> DecodeKey(size_t key, std::span<const int32_t> groups,
                                          std::vector<int64_t>* cursors) const;

  std::vector<std::shared_ptr<arrow::DataType>> types_;
  int64_t max_groups_;
  std::vector<uint8_t> rows_;
  std::vector<int64_t> offsets_;  // groups + 1
  std::vector<uint64_t> hashes_;  // with the seed
  std::vector<uint64_t> slots_;   // upper half of the hash, then group + 1; 0: free
  Encoded scratch_;

  // Groups by combination of dictionary codes, while the dictionaries stay the same.
  std::vector<std::shared_ptr<const vector::Column>> dictionaries_;
  std::vector<uint32_t> by_codes_;  // group + 1; 0: not seen
};

}  // namespace skyhook::exec
