#include "skyhook/exec/remembered_values.h"

#include <arrow/util/byte_size.h>

#include <numeric>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/vector/gather.h"
#include "skyhook/vector/views.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using Selection = std::optional<std::span<const int32_t>>;

namespace {

// The same values in memory of their own, which a small part of a page would keep whole; null where
// they are of another layout than one buffer of fixed width, or views.
Result<std::shared_ptr<arrow::ArrayData>> Owned(const arrow::ArrayData& read) {
  const bool is_dictionary = read.dictionary != nullptr;
  const arrow::DataType& type = is_dictionary ? *read.dictionary->type : *read.type;
  const bool is_view = arrow::is_binary_view_like(type.id());
  if (!is_view && !arrow::is_fixed_width(type.id())) return nullptr;
  auto* const pool = arrow::default_memory_pool();
  std::shared_ptr<arrow::ArrayData> values;
  if (is_dictionary) {
    ARROW_ASSIGN_OR_RAISE(values, vector::Flatten(read, pool));
  } else {
    std::vector<int32_t> all(static_cast<size_t>(read.length));
    std::iota(all.begin(), all.end(), 0);
    ARROW_ASSIGN_OR_RAISE(values, vector::Take(read, all, /*shift=*/0, pool));
  }
  if (is_view) ARROW_RETURN_NOT_OK(vector::OwnViews(values.get(), pool));
  return values;
}

}  // namespace

Result<ArrayPtr> RecordingReader::Read(int column, int64_t begin, int64_t length,
                                       Selection selection) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr array, reader_->Read(column, begin, length, selection));
  ARROW_RETURN_NOT_OK(Note(array, begin, selection, &noted_[column]));
  return array;
}

Status RecordingReader::Note(const ArrayPtr& read, int64_t begin, Selection selection,
                             Noted* noted) {
  const int64_t count = read->length();
  if (noted->is_given_up || count == 0) return Status::OK();
  std::shared_ptr<arrow::ArrayData> values;
  if (static_cast<int64_t>(noted->rows.size()) + count <= most_rows_) {
    ARROW_ASSIGN_OR_RAISE(values, Owned(*read->data()));
  }
  const int64_t bytes = values == nullptr ? 0 : arrow::util::TotalBufferSize(*values);
  if (values == nullptr || bytes > kMostBytes - bytes_) {
    noted->is_given_up = true;
    noted->values.clear();
    return Status::OK();
  }
  bytes_ += bytes;
  for (int64_t i = 0; i < count; ++i) {
    noted->rows.push_back(begin + (selection ? (*selection)[static_cast<size_t>(i)] : i));
  }
  noted->values.push_back(std::move(values));
  return Status::OK();
}

Result<ValuesByColumn> RecordingReader::ValuesOf(const Survivors& survivors) const {
  ValuesByColumn out;
  for (const auto& [column, noted] : noted_) {
    if (noted.values.empty() || !survivors.Are(noted.rows)) continue;
    ARROW_ASSIGN_OR_RAISE(auto joined, vector::Join(noted.values, arrow::default_memory_pool()));
    out[column] = arrow::MakeArray(std::move(joined));
  }
  return out;
}

std::vector<int> RememberedReader::Others(const std::vector<int>& columns) const {
  std::vector<int> others;
  for (const int column : columns) {
    if (!values_.contains(column)) others.push_back(column);
  }
  return others;
}

Status RememberedReader::Prefetch(const std::vector<int>& columns, const plan::RowRanges& rows,
                                  bool late) {
  const std::vector<int> others = Others(columns);
  return others.empty() ? Status::OK() : reader_->Prefetch(others, rows, late);
}

Result<bool> RememberedReader::Prepare(const std::vector<int>& columns, int64_t begin,
                                       int64_t length, Selection selection) {
  const std::vector<int> others = Others(columns);
  if (others.empty()) return false;
  return reader_->Prepare(others, begin, length, selection);
}

Result<ArrayPtr> RememberedReader::Read(int column, int64_t begin, int64_t length,
                                        Selection selection) {
  const auto known = values_.find(column);
  if (known == values_.end()) return reader_->Read(column, begin, length, selection);
  const int64_t count = selection ? static_cast<int64_t>(selection->size()) : length;
  std::vector<int32_t> places;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = begin + (selection ? (*selection)[static_cast<size_t>(i)] : i);
    const std::optional<int64_t> place = rows_->PlaceOf(row);
    if (!place.has_value()) return base::Invalid("row {} is read, which has not passed", row);
    places.push_back(static_cast<int32_t>(*place));
  }
  if (count > 0 && places.back() - places.front() == count - 1) {
    return known->second->Slice(places.front(), count);
  }
  ARROW_ASSIGN_OR_RAISE(auto values, vector::Take(*known->second->data(), places, /*shift=*/0,
                                                  arrow::default_memory_pool()));
  return arrow::MakeArray(std::move(values));
}

Status RememberedReader::Filter(int column, int64_t begin, int64_t length,
                                format::ValueFilter* filter, uint8_t* bits) {
  if (!values_.contains(column)) return reader_->Filter(column, begin, length, filter, bits);
  return RowGroupReader::Filter(column, begin, length, filter, bits);
}

}  // namespace skyhook::exec
