// Keys of groups as rows of bytes, and back.
#pragma once

#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "skyhook/vector/column.h"

namespace skyhook::exec {

/// How key values lie in a row. Equal keys have equal rows: NULL equals NULL, NaN equals NaN, -0.0
/// equals 0.0. A row's size is a multiple of eight; what is left over is 0.
///
/// Without text, a row holds the values, the widest first, and then a bit for each that is NULL.
/// With text, it holds for each key, in order, a byte that is 1 for NULL, then the value (of text
/// its length as uint32_t, then its bytes).
class KeyLayout {
 public:
  explicit KeyLayout(std::vector<std::shared_ptr<arrow::DataType>> types);

  const std::vector<std::shared_ptr<arrow::DataType>>& types() const { return types_; }
  /// Bytes of each row; 0 where rows differ, because there is text.
  int64_t row_bytes() const { return row_bytes_; }

  /// The values of all keys in `rows`.
  arrow::Result<std::vector<vector::Column>> Decode(std::span<const uint8_t* const> rows) const;

 private:
  friend class KeyRows;

  arrow::Result<vector::Column> DecodeFixed(size_t key, std::span<const uint8_t* const> rows) const;
  /// Decodes one key of each row, starting at its cursor, which moves on to the next key.
  arrow::Result<vector::Column> DecodeNext(size_t key, std::vector<const uint8_t*>* cursors) const;

  std::vector<std::shared_ptr<arrow::DataType>> types_;
  int64_t row_bytes_ = 0;
  std::vector<int64_t> places_;  ///< of the values, in rows of row_bytes_
  int64_t null_place_ = 0;       ///< of the bits for NULL
};

/// A piece of some key columns, encoded.
class KeyRows {
 public:
  /// The most rows of a piece.
  static constexpr int64_t kMostRows = 1024;

  /// Encodes some of the rows [begin, end) of `keys`, which are flat or constant and of the
  /// layout's types: the first, and as many as fit.
  void Encode(const KeyLayout& layout, const std::vector<vector::Column>& keys, int64_t begin,
              int64_t end);

  int64_t rows() const { return rows_; }
  const uint8_t* row(int64_t i) const {
    return bytes_.data() + (fixed_ > 0 ? i * fixed_ : offsets_[static_cast<size_t>(i)]);
  }
  int64_t size(int64_t i) const {
    const auto at = static_cast<size_t>(i);
    return fixed_ > 0 ? fixed_ : offsets_[at + 1] - offsets_[at];
  }
  int64_t bytes_held() const;

 private:
  void EncodeFixed(const KeyLayout& layout, const std::vector<vector::Column>& keys, int64_t begin);
  void EncodeNext(const vector::Column& key, int64_t begin);

  int64_t rows_ = 0;
  int64_t fixed_ = 0;  // bytes of each row; 0: they differ
  std::vector<uint8_t> bytes_;
  std::vector<int64_t> offsets_;  // rows + 1
  std::vector<int64_t> cursors_;  // where the next key of each row goes
};

}  // namespace skyhook::exec
