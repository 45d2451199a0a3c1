#include "skyhook/format/parquet/rewrite/thrift_struct.h"

#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::format {
namespace {

std::span<const uint8_t> SpanOf(std::string_view bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void AppendZigZag(int64_t value, std::string* out) {
  AppendVarint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63), out);
}

std::string ZigZag(int64_t value) {
  std::string out;
  AppendZigZag(value, &out);
  return out;
}

/// A field's id is written as the distance from the one before where that is short.
void AppendFieldHeader(int32_t previous_id, int32_t id, ThriftType type, std::string* out) {
  const int32_t delta = id - previous_id;
  const bool is_short = delta > 0 && delta <= 15;
  out->push_back(static_cast<char>((is_short ? delta << 4 : 0) | static_cast<int>(type)));
  if (!is_short) AppendZigZag(static_cast<int16_t>(id), out);
}

void AppendListHeader(size_t size, ThriftType element, std::string* out) {
  const size_t nibble = size < 15 ? size : 15;
  out->push_back(static_cast<char>((nibble << 4) | static_cast<size_t>(element)));
  if (nibble == 15) AppendVarint(size, out);
}

}  // namespace

arrow::Result<ThriftStruct> ThriftStruct::Parse(std::string_view bytes) {
  ThriftStruct out;
  ThriftCursor cursor(SpanOf(bytes));
  int32_t twice = -1;
  ReadStruct(&cursor, [&](const ThriftCursor::Field& field) {
    const size_t begin = cursor.position();
    cursor.Skip(field.type);
    std::string value(bytes.substr(begin, cursor.position() - begin));
    const bool is_new =
        out.fields_.try_emplace(field.id, Value{field.type, std::move(value)}).second;
    if (!is_new) twice = field.id;
  });
  if (!cursor.good()) {
    return base::CorruptData("malformed Thrift struct at byte {} of {}", cursor.position(),
                             bytes.size());
  }
  if (twice >= 0) return base::CorruptData("Thrift struct with two fields of id {}", twice);
  return out;
}

const std::string* ThriftStruct::Find(int32_t id, ThriftType type) const {
  const auto found = fields_.find(id);
  return found != fields_.end() && found->second.type == type ? &found->second.bytes : nullptr;
}

std::optional<int64_t> ThriftStruct::Int64(int32_t id) const {
  const std::string* bytes = Find(id, ThriftType::kInt64);
  if (bytes == nullptr) return std::nullopt;
  return ThriftCursor(SpanOf(*bytes)).ReadInt64();
}

std::optional<std::string_view> ThriftStruct::Struct(int32_t id) const {
  const std::string* bytes = Find(id, ThriftType::kStruct);
  if (bytes == nullptr) return std::nullopt;
  return *bytes;
}

std::vector<std::string_view> ThriftStruct::Structs(int32_t id) const {
  const std::string* bytes = Find(id, ThriftType::kList);
  if (bytes == nullptr) return {};
  ThriftCursor cursor(SpanOf(*bytes));
  const ThriftCursor::ListHeader list = cursor.ReadListHeader();
  std::vector<std::string_view> out;
  for (uint64_t i = 0; list.element == ThriftType::kStruct && i < list.size && cursor.good(); ++i) {
    const size_t begin = cursor.position();
    cursor.Skip(list.element);
    out.push_back(std::string_view(*bytes).substr(begin, cursor.position() - begin));
  }
  return out;
}

void ThriftStruct::SetInt16(int32_t id, int16_t value) {
  fields_[id] = {ThriftType::kInt16, ZigZag(value)};
}

void ThriftStruct::SetInt32(int32_t id, int32_t value) {
  fields_[id] = {ThriftType::kInt32, ZigZag(value)};
}

void ThriftStruct::SetInt64(int32_t id, int64_t value) {
  fields_[id] = {ThriftType::kInt64, ZigZag(value)};
}

void ThriftStruct::SetStruct(int32_t id, std::string bytes) {
  fields_[id] = {ThriftType::kStruct, std::move(bytes)};
}

void ThriftStruct::SetStructs(int32_t id, const std::vector<std::string>& structs) {
  std::string bytes;
  AppendListHeader(structs.size(), ThriftType::kStruct, &bytes);
  for (const std::string& element : structs) bytes += element;
  fields_[id] = {ThriftType::kList, std::move(bytes)};
}

std::string ThriftStruct::Serialise() const {
  std::string out;
  int32_t previous_id = 0;
  for (const auto& [id, value] : fields_) {
    AppendFieldHeader(previous_id, id, value.type, &out);
    out += value.bytes;
    previous_id = id;
  }
  out.push_back(static_cast<char>(ThriftType::kStop));
  return out;
}

}  // namespace skyhook::format
