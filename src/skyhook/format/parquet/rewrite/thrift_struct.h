// A struct of Thrift's compact protocol whose fields stay bytes until somebody asks: what nobody
// changes, known or not, is written as it was read.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "skyhook/format/parquet/thrift_cursor.h"

namespace skyhook::format {

/// Takes no more than a constant times the bytes it was parsed from.
class ThriftStruct {
 public:
  /// The struct that `bytes` begin with, which are copied. Fails with kCorruptData when it is
  /// malformed or names a field twice.
  static arrow::Result<ThriftStruct> Parse(std::string_view bytes);

  /// A field of that id and type; nullopt when it is missing or has another type, which to readers
  /// is the same.
  std::optional<int64_t> Int64(int32_t id) const;
  std::optional<std::string_view> Struct(int32_t id) const;
  /// The elements of a list of structs, each as its bytes; empty when it is missing. These and
  /// Struct's are valid until the field changes or this is copied.
  std::vector<std::string_view> Structs(int32_t id) const;
  bool Has(int32_t id, ThriftType type) const { return Find(id, type) != nullptr; }

  void SetInt16(int32_t id, int16_t value);
  void SetInt32(int32_t id, int32_t value);
  void SetInt64(int32_t id, int64_t value);
  void SetStruct(int32_t id, std::string bytes);
  void SetStructs(int32_t id, const std::vector<std::string>& structs);
  void Remove(int32_t id) { fields_.erase(id); }

  /// The fields in ascending order of their ids.
  std::string Serialise() const;

  bool operator==(const ThriftStruct&) const = default;

 private:
  struct Value {
    ThriftType type = ThriftType::kStop;
    std::string bytes;
    bool operator==(const Value&) const = default;
  };

  const std::string* Find(int32_t id, ThriftType type) const;

  std::map<int32_t, Value> fields_;  ///< ids are 16 bits wide, without sign
};

}  // namespace skyhook::format
