// Values of one column for a run of rows, in the layout the kernels compute with.
#pragma once

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace skyhook::vector {

using Int128 = __int128;
/// Unlike Int128, a class: its operators give a base of it.
using Int256 = arrow::Decimal256;
/// Text and bytes are Arrow views: up to 12 bytes inline, else a reference into one of the column's
/// text buffers.
using TextView = arrow::BinaryViewType::c_type;

/// Immutable values, cheap to copy. Unlike Arrow's arrays, booleans and validity take a byte a row
/// (0 or 1), so that kernels are plain loops.
///
/// | kind        | values() holds |
/// |-------------|----------------|
/// | kFlat       | `length` values: bool as uint8_t, decimal64 as int64_t, decimal128 as Int128 |
/// |             | (16-byte aligned), decimal256 as Int256, text as TextView, intervals as the |
/// |             | Int128 of their bytes, all else as Arrow's C type |
/// | kConstant   | one value that stands for all rows |
/// | kDictionary | `length` int32_t indices into dictionary(), a kFlat column without nulls |
/// | kOpaque     | nothing: array() holds a type that is only passed through; valid() counts |
class Column {
 public:
  enum class Kind : uint8_t { kFlat, kConstant, kDictionary, kOpaque };

  Column() = default;

  /// Takes an array of an engine type, or a dictionary array of one.
  static arrow::Result<Column> FromArray(const std::shared_ptr<arrow::Array>& array);
  /// A dictionary array's indices over `dictionary`, which holds the values of its dictionary.
  static arrow::Result<Column> FromIndices(const arrow::ArrayData& array,
                                           std::shared_ptr<const Column> dictionary);
  static Column Constant(const std::shared_ptr<arrow::Scalar>& value, int64_t length);
  /// `values` holds `length` values, `valid` a byte a row or null when none is NULL.
  static Column Flat(std::shared_ptr<arrow::DataType> type, int64_t length,
                     std::shared_ptr<arrow::Buffer> values, std::shared_ptr<arrow::Buffer> valid,
                     arrow::BufferVector text = {});

  Kind kind() const { return kind_; }
  const std::shared_ptr<arrow::DataType>& type() const { return type_; }
  int64_t length() const { return length_; }
  bool is_constant() const { return kind_ == Kind::kConstant; }
  const std::shared_ptr<const Column>& dictionary() const { return dictionary_; }
  const std::shared_ptr<arrow::Array>& array() const { return array_; }

  template <typename T>
  const T* values() const {
    return reinterpret_cast<const T*>(values_->data());
  }
  const std::shared_ptr<arrow::Buffer>& values_buffer() const { return values_; }
  /// A byte a row (for kConstant: one byte), null when no value is NULL.
  const uint8_t* valid() const { return valid_ == nullptr ? nullptr : valid_->data(); }
  const std::shared_ptr<arrow::Buffer>& valid_buffer() const { return valid_; }
  bool IsValid(int64_t row) const {
    return valid_ == nullptr || valid_->data()[is_constant() ? 0 : row] != 0;
  }
  const arrow::BufferVector& text_buffers() const { return text_; }
  std::string_view Text(const TextView& view) const {
    return view.is_inline()
               ? std::string_view(reinterpret_cast<const char*>(view.inline_data()),
                                  static_cast<size_t>(view.size()))
               : std::string_view(reinterpret_cast<const char*>(
                                      text_[static_cast<size_t>(view.ref.buffer_index)]->data()) +
                                      view.ref.offset,
                                  static_cast<size_t>(view.size()));
  }
  std::string_view TextAt(int64_t row) const {
    return Text(values<TextView>()[is_constant() ? 0 : row]);
  }

  /// Whether Joined takes this column and `next`: both are flat and not text, or over one
  /// dictionary.
  bool Joins(const Column& next) const;
  /// The rows of all columns, one after the other, of which each joins the next.
  static arrow::Result<Column> Joined(std::span<const Column> columns);

  /// The rows `rows[i]`, in that order.
  arrow::Result<Column> Gather(std::span<const int32_t> rows) const;
  /// The same values as kFlat (or kOpaque).
  arrow::Result<Column> Flatten() const;
  /// As an Arrow array of type(); shares the buffers where the layouts agree.
  arrow::Result<std::shared_ptr<arrow::Array>> ToArray() const;
  /// A kDictionary column of values that are not only passed through, as an Arrow array of
  /// dictionary(int32, type()); shares the buffers as ToArray does.
  arrow::Result<std::shared_ptr<arrow::Array>> ToDictionaryArray() const;
  /// The same text in one buffer of its own when that frees at least as much again of the buffers
  /// it references; else the column itself.
  arrow::Result<Column> Compact() const;

  /// Another length for a constant.
  Column Resized(int64_t length) const;

 private:
  arrow::Result<Column> Expand() const;
  /// A dictionary column whose values are only passed through.
  arrow::Result<Column> TakeOpaque() const;

  Kind kind_ = Kind::kFlat;
  std::shared_ptr<arrow::DataType> type_;
  int64_t length_ = 0;
  std::shared_ptr<arrow::Buffer> values_;
  std::shared_ptr<arrow::Buffer> valid_;
  arrow::BufferVector text_;
  std::shared_ptr<const Column> dictionary_;
  std::shared_ptr<arrow::Array> array_;
};

/// A view of `text`, which lies `offset` bytes into text buffer `buffer_index`.
TextView MakeTextView(std::string_view text, int32_t buffer_index, int64_t offset);

/// Bytes of one value of an engine type in a flat column (bool: 1, decimal128: 16, text: 16).
int64_t ValueWidth(const arrow::DataType& type);

/// A buffer of `count` values of T, uninitialised.
template <typename T>
arrow::Result<std::shared_ptr<arrow::Buffer>> AllocateValues(int64_t count) {
  ARROW_ASSIGN_OR_RAISE(auto buffer,
                        arrow::AllocateBuffer(count * static_cast<int64_t>(sizeof(T))));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}
template <typename T>
T* MutableValues(const std::shared_ptr<arrow::Buffer>& buffer) {
  return reinterpret_cast<T*>(buffer->mutable_data());
}

/// Calls `visitor` with a value of the C type that flat columns of `type` hold.
template <typename Visitor>
decltype(auto) VisitPhysical(const arrow::DataType& type, Visitor&& visitor) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::UINT8:
      return visitor(uint8_t{});
    case arrow::Type::INT8:
      return visitor(int8_t{});
    case arrow::Type::INT16:
      return visitor(int16_t{});
    case arrow::Type::UINT16:
      return visitor(uint16_t{});
    case arrow::Type::INT32:
    case arrow::Type::DATE32:
    case arrow::Type::TIME32:
      return visitor(int32_t{});
    case arrow::Type::UINT32:
      return visitor(uint32_t{});
    case arrow::Type::UINT64:
      return visitor(uint64_t{});
    case arrow::Type::FLOAT:
      return visitor(float{});
    case arrow::Type::DOUBLE:
      return visitor(double{});
    case arrow::Type::DECIMAL128:
    case arrow::Type::INTERVAL_MONTH_DAY_NANO:
      return visitor(Int128{});
    case arrow::Type::DECIMAL256:
      return visitor(Int256{});
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return visitor(TextView{});
    default:
      return visitor(int64_t{});
  }
}

}  // namespace skyhook::vector
