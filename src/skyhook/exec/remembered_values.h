// The values of the few rows that passed a predicate, noted while they are read and given out of
// memory the next time. Both are readers of a row group in front of another one.
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "skyhook/exec/predicate_cache.h"
#include "skyhook/format/fragment.h"

namespace skyhook::exec {

/// Notes what is read of columns, while that is few rows: one in 256 of the row group, and
/// kMostBytes. Nested values are not noted.
class RecordingReader final : public format::RowGroupReader {
 public:
  static constexpr int64_t kMostBytes = 256 * 1024;

  RecordingReader(std::unique_ptr<format::RowGroupReader> reader, plan::RowRange row_group)
      : reader_(std::move(reader)), most_rows_(row_group.size() / 256) {}

  /// The columns of which just the rows that passed were read: the values of those, in their order.
  arrow::Result<ValuesByColumn> ValuesOf(const Survivors& survivors) const;

  arrow::Status Prefetch(const std::vector<int>& columns, const plan::RowRanges& rows,
                         bool late) override {
    return reader_->Prefetch(columns, rows, late);
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Dictionary(int column) override {
    return reader_->Dictionary(column);
  }
  arrow::Result<bool> Prepare(const std::vector<int>& columns, int64_t begin, int64_t length,
                              std::optional<std::span<const int32_t>> selection) override {
    return reader_->Prepare(columns, begin, length, selection);
  }
  arrow::Result<std::shared_ptr<arrow::Array>> Read(
      int column, int64_t begin, int64_t length,
      std::optional<std::span<const int32_t>> selection) override;
  arrow::Status Filter(int column, int64_t begin, int64_t length, format::ValueFilter* filter,
                       uint8_t* bits) override {
    return reader_->Filter(column, begin, length, filter, bits);
  }
  int64_t bytes_held() const override { return reader_->bytes_held() + bytes_; }

 private:
  struct Noted {
    std::vector<int64_t> rows;
    arrow::ArrayDataVector values;
    bool is_given_up = false;
  };

  arrow::Status Note(const std::shared_ptr<arrow::Array>& read, int64_t begin,
                     std::optional<std::span<const int32_t>> selection, Noted* noted);

  std::unique_ptr<format::RowGroupReader> reader_;
  const int64_t most_rows_;
  int64_t bytes_ = 0;
  std::map<int, Noted> noted_;
};

/// Gives values that are known, and reads the others. Not more than the known rows may be asked
/// for.
class RememberedReader final : public format::RowGroupReader {
 public:
  RememberedReader(std::unique_ptr<format::RowGroupReader> reader,
                   std::shared_ptr<const Survivors> rows, ValuesByColumn values)
      : reader_(std::move(reader)), rows_(std::move(rows)), values_(std::move(values)) {}

  arrow::Status Prefetch(const std::vector<int>& columns, const plan::RowRanges& rows,
                         bool late) override;
  arrow::Result<std::shared_ptr<arrow::Array>> Dictionary(int column) override {
    return reader_->Dictionary(column);
  }
  arrow::Result<bool> Prepare(const std::vector<int>& columns, int64_t begin, int64_t length,
                              std::optional<std::span<const int32_t>> selection) override;
  arrow::Result<std::shared_ptr<arrow::Array>> Read(
      int column, int64_t begin, int64_t length,
      std::optional<std::span<const int32_t>> selection) override;
  arrow::Status Filter(int column, int64_t begin, int64_t length, format::ValueFilter* filter,
                       uint8_t* bits) override;
  int64_t bytes_held() const override { return reader_->bytes_held(); }

 private:
  std::vector<int> Others(const std::vector<int>& columns) const;

  std::unique_ptr<format::RowGroupReader> reader_;
  std::shared_ptr<const Survivors> rows_;
  ValuesByColumn values_;
};

}  // namespace skyhook::exec
