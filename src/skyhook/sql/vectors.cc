#include "skyhook/sql/vectors.h"

#include <arrow/c/bridge.h>
#include <arrow/util/bitmap_ops.h>
#include <arrow/util/float16.h>

#include <cstring>
#include <limits>
#include <utility>

#include "duckdb/common/arrow/arrow_wrapper.hpp"
#include "duckdb/common/types/timestamp.hpp"
#include "duckdb/common/types/uuid.hpp"
#include "duckdb/function/table/arrow.hpp"

namespace skyhook::sql {
namespace {

using arrow::Result;
using arrow::Type;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::PhysicalType;
using Owner = duckdb::buffer_ptr<duckdb::VectorBuffer>;

class BatchOwner : public duckdb::VectorBuffer {
 public:
  explicit BatchOwner(std::shared_ptr<arrow::RecordBatch> batch)
      : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), batch_(std::move(batch)) {}

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;
};

void ReadValidity(const arrow::Array& array, int64_t offset, idx_t count, duckdb::Vector* out) {
  auto& validity = duckdb::FlatVector::Validity(*out);
  const uint8_t* bitmap = array.null_bitmap_data();
  if (bitmap == nullptr || array.null_count() == 0) return;
  validity.EnsureWritable();
  arrow::internal::CopyBitmap(bitmap, array.offset() + offset, static_cast<int64_t>(count),
                              reinterpret_cast<uint8_t*>(validity.GetData()), 0);
}

const uint8_t* Values(const arrow::Array& array, int64_t offset, int64_t width) {
  return array.data()->buffers[1]->data() + (array.offset() + offset) * width;
}

template <typename T>
T Load(const uint8_t* values, idx_t row) {
  T value;
  std::memcpy(&value, values + row * sizeof(T), sizeof(T));
  return value;
}

// Equal layouts on both sides: the vector points at the Arrow buffer.
class SameLayoutReader : public ColumnReader {
 public:
  SameLayoutReader(idx_t width, idx_t alignment) : width_(width), alignment_(alignment) {}

  void Read(const arrow::Array& array, int64_t offset, idx_t count, const Owner& owner,
            duckdb::Vector* out) override {
    ReadValidity(array, offset, count, out);
    const uint8_t* values = Values(array, offset, static_cast<int64_t>(width_));
    if (reinterpret_cast<uintptr_t>(values) % alignment_ != 0) {
      std::memcpy(duckdb::FlatVector::GetData(*out), values, count * width_);
      return;
    }
    // DuckDB never writes to the vectors of a scan; its interface has no const for them.
    duckdb::FlatVector::SetData(*out, const_cast<uint8_t*>(values));
    out->SetAuxiliary(owner);
  }

 private:
  idx_t width_;
  idx_t alignment_;
};

class BoolReader : public ColumnReader {
 public:
  void Read(const arrow::Array& array, int64_t offset, idx_t count, const Owner&,
            duckdb::Vector* out) override {
    ReadValidity(array, offset, count, out);
    const auto& values = static_cast<const arrow::BooleanArray&>(array);
    auto* data = duckdb::FlatVector::GetData<bool>(*out);
    for (idx_t i = 0; i < count; ++i) data[i] = values.Value(offset + static_cast<int64_t>(i));
  }
};

class NullReader : public ColumnReader {
 public:
  void Read(const arrow::Array&, int64_t, idx_t count, const Owner&, duckdb::Vector* out) override {
    duckdb::FlatVector::Validity(*out).SetAllInvalid(count);
  }
};

// Text and bytes: both sides have 16 bytes a value with up to 12 of them inline.
class ViewReader : public ColumnReader {
 public:
  void Read(const arrow::Array& array, int64_t offset, idx_t count, const Owner& owner,
            duckdb::Vector* out) override {
    ReadValidity(array, offset, count, out);
    const auto& views = static_cast<const arrow::BinaryViewArray&>(array);
    const bool nulls = array.null_count() != 0;
    auto* data = duckdb::FlatVector::GetData<duckdb::string_t>(*out);
    for (idx_t i = 0; i < count; ++i) {
      const int64_t row = offset + static_cast<int64_t>(i);
      if (nulls && array.IsNull(row)) {
        data[i] = duckdb::string_t();
        continue;
      }
      const std::string_view value = views.GetView(row);
      data[i] = duckdb::string_t(value.data(), static_cast<uint32_t>(value.size()));
    }
    duckdb::StringVector::AddBuffer(*out, owner);
  }
};

class UuidReader : public ColumnReader {
 public:
  void Read(const arrow::Array& array, int64_t offset, idx_t count, const Owner&,
            duckdb::Vector* out) override {
    ReadValidity(array, offset, count, out);
    const auto& views = static_cast<const arrow::BinaryViewArray&>(array);
    const auto& validity = duckdb::FlatVector::Validity(*out);
    auto* data = duckdb::FlatVector::GetData<duckdb::hugeint_t>(*out);
    for (idx_t i = 0; i < count; ++i) {
      if (!validity.RowIsValid(i)) continue;
      const std::string_view value = views.GetView(offset + static_cast<int64_t>(i));
      if (value.size() != 16) {
        throw duckdb::InvalidInputException("a UUID has %llu bytes", value.size());
      }
      data[i] =
          duckdb::BaseUUID::FromBlob(reinterpret_cast<duckdb::const_data_ptr_t>(value.data()));
    }
  }
};

// One value at a time by `Convert`; rows that are null are not looked at.
template <typename From, typename To, To (*Convert)(From, int64_t)>
class ConvertingReader : public ColumnReader {
 public:
  explicit ConvertingReader(int64_t factor = 1) : factor_(factor) {}

  void Read(const arrow::Array& array, int64_t offset, idx_t count, const Owner&,
            duckdb::Vector* out) override {
    ReadValidity(array, offset, count, out);
    const uint8_t* values = Values(array, offset, sizeof(From));
    const auto& validity = duckdb::FlatVector::Validity(*out);
    auto* data = duckdb::FlatVector::GetData<To>(*out);
    for (idx_t i = 0; i < count; ++i) {
      if (validity.RowIsValid(i)) data[i] = Convert(Load<From>(values, i), factor_);
    }
  }

 private:
  int64_t factor_;
};

template <typename To>
To Narrow(int64_t value, int64_t) {
  return static_cast<To>(value);
}

int64_t ScaleUp(int64_t value, int64_t factor) {
  int64_t scaled = 0;
  if (__builtin_mul_overflow(value, factor, &scaled)) {
    throw duckdb::OutOfRangeException("Timestamp %lld does not fit microseconds", value);
  }
  return scaled;
}
int64_t ScaleUp32(int32_t value, int64_t factor) { return ScaleUp(value, factor); }

int64_t ScaleDown(int64_t value, int64_t factor) {
  const int64_t quotient = value / factor;
  return value % factor < 0 ? quotient - 1 : quotient;
}

int64_t MicrosPer(arrow::TimeUnit::type unit) {
  return unit == arrow::TimeUnit::SECOND ? 1'000'000 : unit == arrow::TimeUnit::MILLI ? 1000 : 1;
}

template <typename T>
std::unique_ptr<ColumnReader> SameLayout() {
  return std::make_unique<SameLayoutReader>(sizeof(T), alignof(T));
}

std::unique_ptr<ColumnReader> MakeTimestampReader(const arrow::TimestampType& from,
                                                  const LogicalType& to) {
  if (to.id() != LogicalTypeId::TIMESTAMP_TZ || from.unit() == arrow::TimeUnit::MICRO) {
    return SameLayout<int64_t>();
  }
  if (from.unit() == arrow::TimeUnit::NANO) {
    return std::make_unique<ConvertingReader<int64_t, int64_t, ScaleDown>>(1000);
  }
  return std::make_unique<ConvertingReader<int64_t, int64_t, ScaleUp>>(MicrosPer(from.unit()));
}

std::unique_ptr<ColumnReader> MakeDecimalReader(Type::type from, PhysicalType to) {
  if (from == Type::DECIMAL128) {
    return to == PhysicalType::INT128 ? SameLayout<duckdb::hugeint_t>() : nullptr;
  }
  switch (to) {
    case PhysicalType::INT16:
      return std::make_unique<ConvertingReader<int64_t, int16_t, Narrow<int16_t>>>();
    case PhysicalType::INT32:
      return std::make_unique<ConvertingReader<int64_t, int32_t, Narrow<int32_t>>>();
    case PhysicalType::INT64:
      return SameLayout<int64_t>();
    default:
      return nullptr;
  }
}

std::unique_ptr<ColumnReader> MakeFlatReader(const arrow::DataType& from, const LogicalType& to) {
  switch (from.id()) {
    case Type::NA:
      return std::make_unique<NullReader>();
    case Type::BOOL:
      return std::make_unique<BoolReader>();
    case Type::INT8:
    case Type::UINT8:
      return SameLayout<int8_t>();
    case Type::INT16:
    case Type::UINT16:
      return SameLayout<int16_t>();
    case Type::INT32:
    case Type::UINT32:
    case Type::FLOAT:
    case Type::DATE32:
      return SameLayout<int32_t>();
    case Type::INT64:
    case Type::UINT64:
    case Type::DOUBLE:
      return SameLayout<int64_t>();
    case Type::DECIMAL64:
    case Type::DECIMAL128:
      return MakeDecimalReader(from.id(), to.InternalType());
    case Type::STRING_VIEW:
    case Type::BINARY_VIEW:
      if (to.id() == LogicalTypeId::UUID) return std::make_unique<UuidReader>();
      return std::make_unique<ViewReader>();
    case Type::TIME32:
      return std::make_unique<ConvertingReader<int32_t, int64_t, ScaleUp32>>(
          MicrosPer(static_cast<const arrow::Time32Type&>(from).unit()));
    case Type::TIME64:
      return SameLayout<int64_t>();
    case Type::TIMESTAMP:
      return MakeTimestampReader(static_cast<const arrow::TimestampType&>(from), to);
    default:
      return nullptr;
  }
}

// The same values, in arrays of which no struct and no union has an offset: DuckDB's import adds
// that of the struct around a column, forgets those of the structs around that one, and that of a
// union.
Result<std::shared_ptr<arrow::ArrayData>> WithoutOffsets(const arrow::ArrayData& data) {
  std::shared_ptr<arrow::ArrayData> out = data.Copy();
  const bool is_union = data.type->id() == Type::SPARSE_UNION;
  if ((is_union || data.type->id() == Type::STRUCT) && data.offset != 0) {
    out->offset = 0;
    for (auto& child : out->child_data) child = child->Slice(data.offset, data.length);
    if (is_union) {
      out->buffers[1] = arrow::SliceBuffer(data.buffers[1], data.offset, data.length);
    } else if (data.buffers[0] != nullptr) {
      ARROW_ASSIGN_OR_RAISE(
          out->buffers[0],
          arrow::internal::CopyBitmap(arrow::default_memory_pool(), data.buffers[0]->data(),
                                      data.offset, data.length));
    }
  }
  for (auto& child : out->child_data) {
    ARROW_ASSIGN_OR_RAISE(child, WithoutOffsets(*child));
  }
  return out;
}

// Nested and rare types, by DuckDB's own import.
class ImportingReader : public ColumnReader {
 public:
  ImportingReader(duckdb::ClientContext& context, const arrow::Field& field) : state_(context) {
    const arrow::Status exported = arrow::ExportField(field, &schema_.arrow_schema);
    if (!exported.ok()) throw duckdb::InvalidInputException(exported.message());
    type_ = duckdb::ArrowType::GetTypeFromSchema(context, schema_.arrow_schema);
  }

  void Read(const arrow::Array& array, int64_t offset, idx_t count, const Owner& owner,
            duckdb::Vector* out) override {
    if (owner != owner_) Import(array, owner);
    ArrowArray& imported = state_.owned_data->arrow_array;
    const auto chunk_offset = static_cast<idx_t>(offset);
    using Conversion = duckdb::ArrowToDuckDBConversion;
    switch (type_->GetPhysicalType()) {
      case duckdb::ArrowArrayPhysicalType::DICTIONARY_ENCODED:
        Conversion::ColumnArrowToDuckDBDictionary(*out, imported, chunk_offset, state_, count,
                                                  *type_);
        return;
      case duckdb::ArrowArrayPhysicalType::RUN_END_ENCODED:
        Conversion::ColumnArrowToDuckDBRunEndEncoded(*out, imported, chunk_offset, state_, count,
                                                     *type_);
        return;
      case duckdb::ArrowArrayPhysicalType::DEFAULT:
        Conversion::SetValidityMask(*out, imported, chunk_offset, count, 0, -1);
        Conversion::ColumnArrowToDuckDB(*out, imported, chunk_offset, state_, count, *type_);
    }
  }

 private:
  void Import(const arrow::Array& array, const Owner& owner) {
    state_.Reset();
    state_.owned_data = duckdb::make_shared_ptr<duckdb::ArrowArrayWrapper>();
    const auto data = WithoutOffsets(*array.data());
    if (!data.ok()) throw duckdb::InvalidInputException(data.status().message());
    const arrow::Status exported =
        arrow::ExportArray(*arrow::MakeArray(*data), &state_.owned_data->arrow_array);
    if (!exported.ok()) throw duckdb::InvalidInputException(exported.message());
    owner_ = owner;
  }

  duckdb::ArrowSchemaWrapper schema_;
  std::unique_ptr<duckdb::ArrowType> type_;
  duckdb::ArrowArrayScanState state_;
  Owner owner_;
};

}  // namespace

std::unique_ptr<ColumnReader> MakeColumnReader(duckdb::ClientContext& context,
                                               const arrow::Field& field, const LogicalType& type) {
  auto reader = MakeFlatReader(*field.type(), type);
  if (reader != nullptr) return reader;
  const bool decimal =
      field.type()->id() == Type::DECIMAL64 || field.type()->id() == Type::DECIMAL128;
  if (decimal) {
    throw duckdb::InternalException("column '%s': %s cannot become %s", field.name(),
                                    field.type()->ToString(), type.ToString());
  }
  return std::make_unique<ImportingReader>(context, field);
}

duckdb::buffer_ptr<duckdb::VectorBuffer> MakeOwner(std::shared_ptr<arrow::RecordBatch> batch) {
  return duckdb::make_buffer<BatchOwner>(std::move(batch));
}

}  // namespace skyhook::sql
