#include "skyhook/vector/column.h"

#include <arrow/compute/api.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <cstring>

#include "skyhook/plan/types.h"
#include "skyhook/vector/gather.h"
#include "skyhook/vector/views.h"

namespace skyhook::vector {

using arrow::Buffer;
using arrow::Result;
using arrow::Status;
using arrow::Type;
using BufferPtr = std::shared_ptr<Buffer>;

namespace {

Result<BufferPtr> BytesFromBits(const uint8_t* bits, int64_t offset, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr bytes, AllocateValues<uint8_t>(length));
  uint8_t* out = bytes->mutable_data();
  for (int64_t i = 0; i < length; ++i) out[i] = arrow::bit_util::GetBit(bits, offset + i);
  return bytes;
}

Result<BufferPtr> BitsFromBytes(const uint8_t* bytes, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateEmptyBitmap(length));
  uint8_t* out = bits->mutable_data();
  const int64_t whole = length / 8;
  for (int64_t i = 0; i < whole; ++i) {
    uint64_t eight;
    std::memcpy(&eight, bytes + i * 8, 8);
    // Gathers the lowest bit of each of the eight bytes into one byte.
    out[i] = static_cast<uint8_t>((eight * 0x0102040810204080ULL) >> 56);
  }
  for (int64_t i = whole * 8; i < length; ++i) arrow::bit_util::SetBitTo(out, i, bytes[i] != 0);
  return bits;
}

Result<BufferPtr> ValidBytes(const arrow::ArrayData& data) {
  if (data.GetNullCount() == 0) return nullptr;
  if (data.type->id() == Type::NA) {
    ARROW_ASSIGN_OR_RAISE(BufferPtr none, AllocateValues<uint8_t>(data.length));
    std::memset(none->mutable_data(), 0, static_cast<size_t>(data.length));
    return none;
  }
  return BytesFromBits(data.buffers[0]->data(), data.offset, data.length);
}

// The values of a fixed-width array from its offset on, aligned for the kernels.
Result<BufferPtr> FixedWidthValues(const arrow::ArrayData& data, int64_t width) {
  if (data.length == 0 || data.buffers[1] == nullptr) return AllocateValues<Int128>(1);
  auto slice = arrow::SliceBuffer(data.buffers[1], data.offset * width, data.length * width);
  if (reinterpret_cast<uintptr_t>(slice->data()) % static_cast<uintptr_t>(width) == 0) return slice;
  ARROW_ASSIGN_OR_RAISE(auto copy, arrow::AllocateBuffer(slice->size()));
  std::memcpy(copy->mutable_data(), slice->data(), static_cast<size_t>(slice->size()));
  return BufferPtr(std::move(copy));
}

template <typename T>
Result<BufferPtr> GatherValues(const T* values, std::span<const int32_t> rows) {
  ARROW_ASSIGN_OR_RAISE(BufferPtr out, AllocateValues<T>(static_cast<int64_t>(rows.size())));
  T* to = MutableValues<T>(out);
  for (size_t i = 0; i < rows.size(); ++i) to[i] = values[rows[i]];
  return out;
}

int64_t PrimitiveWidth(const arrow::DataType& type) {
  return type.id() == Type::BOOL ? 1 : type.byte_width();
}

}  // namespace

int64_t ValueWidth(const arrow::DataType& type) {
  return VisitPhysical(type, [](auto value) { return static_cast<int64_t>(sizeof(value)); });
}

TextView MakeTextView(std::string_view text, int32_t buffer_index, int64_t offset) {
  TextView view{};
  view.inlined.size = static_cast<int32_t>(text.size());
  if (view.is_inline()) {
    std::memcpy(view.inlined.data.data(), text.data(), text.size());
    return view;
  }
  std::memcpy(view.ref.prefix.data(), text.data(), view.ref.prefix.size());
  view.ref.buffer_index = buffer_index;
  view.ref.offset = static_cast<int32_t>(offset);
  return view;
}

Column Column::Flat(std::shared_ptr<arrow::DataType> type, int64_t length, BufferPtr values,
                    BufferPtr valid, arrow::BufferVector text) {
  Column out;
  out.type_ = std::move(type);
  out.length_ = length;
  out.values_ = std::move(values);
  out.valid_ = std::move(valid);
  out.text_ = std::move(text);
  return out;
}

Result<Column> Column::FromIndices(const arrow::ArrayData& array,
                                   std::shared_ptr<const Column> dictionary) {
  Column out;
  out.kind_ = Kind::kDictionary;
  out.type_ = dictionary->type();
  out.length_ = array.length;
  out.dictionary_ = std::move(dictionary);
  ARROW_ASSIGN_OR_RAISE(out.valid_, ValidBytes(array));
  ARROW_ASSIGN_OR_RAISE(out.values_, FixedWidthValues(array, sizeof(int32_t)));
  return out;
}

Result<Column> Column::FromArray(const std::shared_ptr<arrow::Array>& array) {
  const arrow::ArrayData& data = *array->data();
  Column out;
  out.type_ = data.type;
  out.length_ = data.length;
  if (data.type->id() == Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array);
    ARROW_ASSIGN_OR_RAISE(Column values, FromArray(dictionary.dictionary()));
    return FromIndices(data, std::make_shared<const Column>(std::move(values)));
  }
  if (!plan::IsComputable(*data.type)) {
    out.kind_ = Kind::kOpaque;
    out.array_ = array;
    ARROW_ASSIGN_OR_RAISE(out.valid_, ValidBytes(data));
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(out.valid_, ValidBytes(data));
  if (data.type->id() == Type::BOOL) {
    ARROW_ASSIGN_OR_RAISE(out.values_,
                          BytesFromBits(data.GetValues<uint8_t>(1, 0), data.offset, data.length));
    return out;
  }
  if (plan::IsTextOrBytes(*data.type)) {
    out.text_.assign(data.buffers.begin() + 2, data.buffers.end());
  }
  ARROW_ASSIGN_OR_RAISE(out.values_, FixedWidthValues(data, ValueWidth(*data.type)));
  return out;
}

Column Column::Constant(const std::shared_ptr<arrow::Scalar>& value, int64_t length) {
  Column out;
  out.kind_ = Kind::kConstant;
  out.type_ = value->type;
  out.length_ = length;
  alignas(16) static constexpr uint8_t kZeros[sizeof(Int256)] = {};
  if (!value->is_valid) {
    out.valid_ = std::make_shared<Buffer>(kZeros, 1);
    out.values_ = std::make_shared<Buffer>(kZeros, sizeof(kZeros));
    return out;
  }
  std::string bytes(sizeof(Int256), '\0');
  if (plan::IsTextOrBytes(*value->type)) {
    const auto& text = static_cast<const arrow::BaseBinaryScalar&>(*value).value;
    const TextView view = MakeTextView(std::string_view(*text), 0, 0);
    std::memcpy(bytes.data(), &view, sizeof(view));
    out.text_ = {text};
  } else if (plan::IsDecimal(*value->type)) {
    auto* to = reinterpret_cast<uint8_t*>(bytes.data());
    if (value->type->id() == Type::DECIMAL64) {
      static_cast<const arrow::Decimal64Scalar&>(*value).value.ToBytes(to);
    } else if (value->type->id() == Type::DECIMAL128) {
      static_cast<const arrow::Decimal128Scalar&>(*value).value.ToBytes(to);
    } else {
      static_cast<const arrow::Decimal256Scalar&>(*value).value.ToBytes(to);
    }
  } else {
    const auto& primitive = static_cast<const arrow::internal::PrimitiveScalarBase&>(*value);
    std::memcpy(bytes.data(), primitive.data(), static_cast<size_t>(PrimitiveWidth(*value->type)));
  }
  out.values_ = Buffer::FromString(std::move(bytes));
  return out;
}

Column Column::Resized(int64_t length) const {
  Column out = *this;
  out.length_ = length;
  return out;
}

bool Column::Joins(const Column& next) const {
  if (kind_ != next.kind_ || !type_->Equals(*next.type_)) return false;
  if (kind_ == Kind::kDictionary) return dictionary_ == next.dictionary_;
  return kind_ == Kind::kFlat && !plan::IsTextOrBytes(*type_);
}

Result<Column> Column::Joined(std::span<const Column> columns) {
  Column out = columns.front();
  const int64_t width = out.kind_ == Kind::kDictionary ? static_cast<int64_t>(sizeof(int32_t))
                                                       : ValueWidth(*out.type_);
  bool nulls = false;
  out.length_ = 0;
  for (const Column& column : columns) {
    out.length_ += column.length_;
    nulls |= column.valid_ != nullptr;
  }
  ARROW_ASSIGN_OR_RAISE(out.values_, arrow::AllocateBuffer(out.length_ * width));
  if (nulls) {
    ARROW_ASSIGN_OR_RAISE(out.valid_, arrow::AllocateBuffer(out.length_));
  }
  uint8_t* values = out.values_->mutable_data();
  uint8_t* valid = nulls ? out.valid_->mutable_data() : nullptr;
  for (const Column& column : columns) {
    const auto length = static_cast<size_t>(column.length_);
    std::memcpy(values, column.values_->data(), length * static_cast<size_t>(width));
    values += column.length_ * width;
    if (!nulls) continue;
    if (column.valid_ != nullptr) {
      std::memcpy(valid, column.valid_->data(), length);
    } else {
      std::memset(valid, 1, length);
    }
    valid += length;
  }
  return out;
}

Result<Column> Column::Gather(std::span<const int32_t> rows) const {
  const auto length = static_cast<int64_t>(rows.size());
  if (is_constant()) return Resized(length);
  Column out = *this;
  out.length_ = length;
  if (valid_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(out.valid_, GatherValues(valid(), rows));
  }
  if (kind_ == Kind::kOpaque) {
    arrow::Int32Array indices(
        length,
        std::make_shared<Buffer>(reinterpret_cast<const uint8_t*>(rows.data()), length * 4));
    const auto taken = arrow::compute::Take(array_, arrow::Datum(indices.data()));
    if (taken.ok()) {
      out.array_ = taken->make_array();
      return out;
    }
    // There is no kernel for views in structs and lists, nor for runs.
    if (!taken.status().IsNotImplemented()) return taken.status();
    ARROW_ASSIGN_OR_RAISE(out.array_, TakeBySlices(*array_, rows, arrow::default_memory_pool()));
    return out;
  }
  if (kind_ == Kind::kDictionary) {
    ARROW_ASSIGN_OR_RAISE(out.values_, GatherValues(values<int32_t>(), rows));
    return out;
  }
  ARROW_ASSIGN_OR_RAISE(out.values_, VisitPhysical(*type_, [&](auto value) {
                          return GatherValues(values<decltype(value)>(), rows);
                        }));
  return out;
}

Result<Column> Column::Expand() const {
  Column out = *this;
  out.kind_ = Kind::kFlat;
  ARROW_ASSIGN_OR_RAISE(out.values_, VisitPhysical(*type_, [&](auto value) -> Result<BufferPtr> {
                          using T = decltype(value);
                          ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateValues<T>(length_));
                          std::fill_n(MutableValues<T>(buffer), length_, values<T>()[0]);
                          return buffer;
                        }));
  if (valid_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(out.valid_, AllocateValues<uint8_t>(length_));
    std::memset(out.valid_->mutable_data(), valid()[0], static_cast<size_t>(length_));
  }
  return out;
}

Result<Column> Column::TakeOpaque() const {
  BufferPtr bitmap;
  if (valid_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(bitmap, BitsFromBytes(valid(), length_));
  }
  const auto indices = arrow::ArrayData::Make(arrow::int32(), length_, {bitmap, values_});
  ARROW_ASSIGN_OR_RAISE(auto taken, arrow::compute::Take(dictionary_->array_, indices));
  return FromArray(taken.make_array());
}

Result<Column> Column::Flatten() const {
  if (is_constant()) return Expand();
  if (kind_ != Kind::kDictionary) return *this;
  if (dictionary_->kind_ == Kind::kOpaque) return TakeOpaque();
  const int32_t* indices = values<int32_t>();
  Column out = Flat(type_, length_, nullptr, valid_, dictionary_->text_);
  ARROW_ASSIGN_OR_RAISE(out.values_, VisitPhysical(*type_, [&](auto value) -> Result<BufferPtr> {
                          using T = decltype(value);
                          ARROW_ASSIGN_OR_RAISE(auto buffer, AllocateValues<T>(length_));
                          T* to = MutableValues<T>(buffer);
                          const T* from = dictionary_->values<T>();
                          // The index below a NULL need not be one of the dictionary.
                          for (int64_t i = 0; i < length_; ++i) {
                            to[i] = IsValid(i) ? from[indices[i]] : T{};
                          }
                          return buffer;
                        }));
  return out;
}

Result<std::shared_ptr<arrow::Array>> Column::ToArray() const {
  if (kind_ == Kind::kOpaque) return array_;
  if (kind_ != Kind::kFlat) {
    ARROW_ASSIGN_OR_RAISE(Column flat, Flatten());
    return flat.ToArray();
  }
  BufferPtr bitmap;
  if (valid_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(bitmap, BitsFromBytes(valid(), length_));
  }
  BufferPtr values = values_;
  if (type_->id() == Type::BOOL) {
    ARROW_ASSIGN_OR_RAISE(values, BitsFromBytes(values_->data(), length_));
  }
  arrow::BufferVector buffers = {std::move(bitmap), std::move(values)};
  buffers.insert(buffers.end(), text_.begin(), text_.end());
  const int64_t nulls = valid_ == nullptr ? 0 : arrow::kUnknownNullCount;
  return arrow::MakeArray(arrow::ArrayData::Make(type_, length_, std::move(buffers), nulls));
}

Result<std::shared_ptr<arrow::Array>> Column::ToDictionaryArray() const {
  ARROW_ASSIGN_OR_RAISE(const auto values, dictionary_->ToArray());
  BufferPtr bitmap;
  if (valid_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(bitmap, BitsFromBytes(valid(), length_));
  }
  const int64_t nulls = valid_ == nullptr ? 0 : arrow::kUnknownNullCount;
  auto data = arrow::ArrayData::Make(arrow::dictionary(arrow::int32(), type_), length_,
                                     {std::move(bitmap), values_}, nulls);
  data->dictionary = values->data();
  return arrow::MakeArray(std::move(data));
}

Result<Column> Column::Compact() const {
  if (kind_ != Kind::kFlat || !plan::IsTextOrBytes(*type_)) return *this;
  int64_t held = 0;
  for (const auto& buffer : text_) held += buffer->size();
  int64_t used = 0;
  const TextView* views = values<TextView>();
  for (int64_t i = 0; i < length_; ++i) {
    if (IsValid(i) && !views[i].is_inline()) used += views[i].size();
  }
  if (!IsWorthCompacting(used, held)) return *this;
  ARROW_ASSIGN_OR_RAISE(auto copied, AllocateValues<TextView>(length_));
  TextView* to = MutableValues<TextView>(copied);
  for (int64_t i = 0; i < length_; ++i) to[i] = IsValid(i) ? views[i] : TextView{};
  ARROW_ASSIGN_OR_RAISE(auto bytes, CopyReferred({to, static_cast<size_t>(length_)}, text_, used,
                                                 arrow::default_memory_pool()));
  return Flat(type_, length_, std::move(copied), valid_, {std::move(bytes)});
}

}  // namespace skyhook::vector
