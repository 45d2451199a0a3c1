#include "skyhook/format/engine_array.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/extension_type.h>

#include "skyhook/base/status.h"
#include "skyhook/vector/gather.h"

namespace skyhook::format {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;

arrow::Result<ArrayPtr> Cast(const ArrayPtr& array, const TypePtr& type, arrow::MemoryPool* pool) {
  if (array->type()->Equals(*type)) return array;
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  // date64 that is not a whole day becomes the day it lies in, as in the declared type.
  auto options = arrow::compute::CastOptions::Safe(type);
  options.allow_time_truncate = array->type_id() == arrow::Type::DATE64;
  return arrow::compute::Cast(*array, type, options, &context);
}

arrow::Result<ArrayPtr> TakeAny(const ArrayPtr& values, const ArrayPtr& indices,
                                arrow::MemoryPool* pool) {
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  const auto options = arrow::compute::TakeOptions::NoBoundsCheck();
  ARROW_ASSIGN_OR_RAISE(arrow::Datum taken,
                        arrow::compute::Take(values, indices, options, &context));
  return taken.make_array();
}

arrow::Result<ArrayPtr> DictionaryToEngineType(const arrow::DictionaryArray& array,
                                               const TypePtr& type, arrow::MemoryPool* pool) {
  if (array.dictionary()->null_count() > 0) {
    ARROW_ASSIGN_OR_RAISE(ArrayPtr flat, TakeAny(array.dictionary(), array.indices(), pool));
    return ToEngineType(flat, type, pool);
  }
  ARROW_ASSIGN_OR_RAISE(ArrayPtr values, ToEngineType(array.dictionary(), type, pool));
  ARROW_ASSIGN_OR_RAISE(ArrayPtr indices, Cast(array.indices(), arrow::int32(), pool));
  const TypePtr dictionary_type = arrow::dictionary(arrow::int32(), type);
  return std::make_shared<arrow::DictionaryArray>(dictionary_type, indices, values);
}

/// What Take of gather.h is made for.
bool IsSimple(const arrow::DataType& type) {
  return arrow::is_primitive(type.id()) || arrow::is_decimal(type.id()) ||
         arrow::is_binary_view_like(type.id()) || type.id() == arrow::Type::FIXED_SIZE_BINARY ||
         type.id() == arrow::Type::DICTIONARY;
}

}  // namespace

arrow::Result<ArrayPtr> ToEngineType(const ArrayPtr& array, const TypePtr& engine_type,
                                     arrow::MemoryPool* pool) {
  if (array->type_id() == arrow::Type::EXTENSION) {
    return ToEngineType(static_cast<const arrow::ExtensionArray&>(*array).storage(), engine_type,
                        pool);
  }
  if (array->type_id() == arrow::Type::DICTIONARY && !array->type()->Equals(*engine_type)) {
    return DictionaryToEngineType(static_cast<const arrow::DictionaryArray&>(*array), engine_type,
                                  pool);
  }
  return Cast(array, engine_type, pool);
}

arrow::Result<ArrayPtr> FieldOf(ArrayPtr array, std::span<const int> path,
                                arrow::MemoryPool* pool) {
  for (const int index : path) {
    if (array->type_id() != arrow::Type::STRUCT || index >= array->type()->num_fields()) {
      return base::CorruptData("field {} of {}", index, array->type()->ToString());
    }
    const auto& parent = static_cast<const arrow::StructArray&>(*array);
    ARROW_ASSIGN_OR_RAISE(array, parent.GetFlattenedField(index, pool));
  }
  return array;
}

arrow::Result<ArrayPtr> SelectRows(const ArrayPtr& array, int64_t begin, int64_t length,
                                   const Selection& selection, arrow::MemoryPool* pool) {
  const bool all = !selection.has_value() || static_cast<int64_t>(selection->size()) == length;
  if (all) return array->Slice(begin, length);
  if (IsSimple(*array->type())) {
    ARROW_ASSIGN_OR_RAISE(auto data, vector::Take(*array->data(), *selection, -begin, pool));
    return arrow::MakeArray(data);
  }
  return vector::TakeBySlices(*array->Slice(begin, length), *selection, pool);
}

}  // namespace skyhook::format
