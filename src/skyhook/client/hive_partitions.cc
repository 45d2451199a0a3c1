#include "skyhook/client/hive_partitions.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::client {
namespace {

constexpr std::string_view kNullValue = "__HIVE_DEFAULT_PARTITION__";

struct KeyValue {
  std::string key;
  std::string value;
};

using Text = std::optional<std::string>;

std::string PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

std::vector<KeyValue> KeyValuesOf(const std::string& path) {
  std::vector<KeyValue> out;
  for (const std::filesystem::path& part : std::filesystem::path(path).parent_path()) {
    const std::string text = part.string();
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) continue;
    out.push_back({PercentDecoded(text.substr(0, equals)), text.substr(equals + 1)});
  }
  return out;
}

// Whether an integer stands for the text without loss: 7 would be the value of the folders 007, +7
// and 7 alike, which then were one.
bool IsInt64(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stopped == end && std::to_string(value) == text;
}

bool IsDate(const std::string& text) {
  return text.size() == 10 && arrow::Scalar::Parse(arrow::date32(), text).ok();
}

std::shared_ptr<arrow::DataType> TypeOf(const std::vector<Text>& values) {
  bool any = false;
  bool integers = true;
  bool dates = true;
  for (const Text& value : values) {
    if (!value.has_value()) continue;
    any = true;
    integers = integers && IsInt64(*value);
    dates = dates && IsDate(*value);
  }
  if (any && integers) return arrow::int64();
  return any && dates ? arrow::date32() : arrow::utf8();
}

arrow::Result<std::shared_ptr<arrow::Scalar>> ScalarOf(
    const Text& text, const std::shared_ptr<arrow::DataType>& type) {
  if (!text.has_value()) return arrow::MakeNullScalar(type);
  return arrow::Scalar::Parse(type, *text);
}

/// The values as text: by key, then by path.
struct Columns {
  std::vector<std::string> keys;
  std::vector<std::vector<Text>> values;

  std::vector<Text>& Of(const std::string& key, size_t num_paths) {
    const auto found = std::find(keys.begin(), keys.end(), key);
    if (found != keys.end()) return values[static_cast<size_t>(found - keys.begin())];
    keys.push_back(key);
    return values.emplace_back(num_paths);
  }
};

arrow::Result<Columns> ReadColumns(const std::vector<std::string>& paths) {
  Columns columns;
  for (size_t path = 0; path < paths.size(); ++path) {
    for (const KeyValue& pair : KeyValuesOf(paths[path])) {
      Text& value = columns.Of(pair.key, paths.size())[path];
      if (value.has_value()) {
        return base::Invalid("'{}' has two folders for the partition column '{}'", paths[path],
                             pair.key);
      }
      if (pair.value != kNullValue) value = PercentDecoded(pair.value);
    }
  }
  return columns;
}

}  // namespace

arrow::Result<HivePartitions> ReadHivePartitions(const std::vector<std::string>& paths) {
  ARROW_ASSIGN_OR_RAISE(const Columns columns, ReadColumns(paths));
  HivePartitions out;
  out.values.resize(paths.size());
  for (size_t key = 0; key < columns.keys.size(); ++key) {
    const std::shared_ptr<arrow::DataType> type = TypeOf(columns.values[key]);
    out.fields.push_back(arrow::field(columns.keys[key], type));
    for (size_t path = 0; path < paths.size(); ++path) {
      ARROW_ASSIGN_OR_RAISE(out.values[path].emplace_back(),
                            ScalarOf(columns.values[key][path], type));
    }
  }
  return out;
}

}  // namespace skyhook::client
