// A run of base rows being worked on: which of them are left, and the columns loaded so far.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "skyhook/exec/program.h"
#include "skyhook/format/fragment.h"
#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// Dictionaries as columns, one for each dictionary that a row group hands out.
class DictionaryColumns {
 public:
  arrow::Result<std::shared_ptr<const vector::Column>> Get(const arrow::DictionaryArray& array);
  void Clear() { columns_.clear(); }

 private:
  struct Entry {
    std::shared_ptr<arrow::ArrayData> data;  // keeps the key's address from being used again
    std::shared_ptr<const vector::Column> column;
  };
  std::map<const arrow::ArrayData*, Entry> columns_;
};

/// What chunks of one row group share. All must outlive them.
struct ChunkContext {
  format::RowGroupReader* reader = nullptr;
  const std::vector<int>* fields = nullptr;  ///< pipeline input column -> fragment column
  DictionaryColumns* dictionaries = nullptr;
};

/// Loads columns for the rows that are left, and narrows them.
class Chunk : public ColumnSource {
 public:
  Chunk(ChunkContext context, int64_t begin, int64_t length)
      : context_(context), begin_(begin), length_(length), rows_(length) {}

  arrow::Result<vector::Column> Load(int column) override;

  int64_t begin() const { return begin_; }
  int64_t end() const { return begin_ + length_; }
  /// Rows that are left.
  int64_t rows() const { return rows_; }
  /// The left rows' places, counted from begin(); nullopt: all.
  const std::optional<std::vector<int32_t>>& selection() const;
  /// The fragment row of a left row.
  int64_t RowAt(int64_t row) const {
    return begin_ + (selection().has_value() ? (*selection())[static_cast<size_t>(row)] : row);
  }

  /// Keeps only the `left` rows whose bit is set, of a chunk with all of its rows and none of its
  /// columns.
  void KeepBits(std::vector<uint8_t> bits, int64_t left);
  /// Keeps only the rows `rows` of those left (ascending).
  void Narrow(const std::vector<int32_t>& rows);
  /// Whether Joined takes this chunk and the next one, as Retain leaves them.
  bool Joins(const Chunk& next) const;
  /// The rows that are left of all chunks, which are in row order and each join the next, as one.
  static arrow::Result<std::unique_ptr<Chunk>> Joined(
      std::span<const std::unique_ptr<Chunk>> chunks);
  /// Drops every loaded column that is not in `columns`, and brings the others to the left rows.
  arrow::Status Retain(std::span<const int> columns);

 private:
  struct Loaded {
    vector::Column values;
    size_t version;  // narrowings before it was loaded
  };

  ChunkContext context_;
  int64_t begin_;
  int64_t length_;
  int64_t rows_;
  mutable std::optional<std::vector<int32_t>> selection_;
  mutable std::vector<uint8_t> bits_;  // of the rows that are left, until their places are wanted
  std::vector<std::vector<int32_t>> narrowings_;  // each counts the rows left by the one before
  std::map<int, Loaded> loaded_;
};

}  // namespace skyhook::exec
