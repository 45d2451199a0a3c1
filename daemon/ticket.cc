#include "daemon/ticket.h"

#include <arrow/util/base64.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::daemon {
namespace {

using arrow::Result;
using arrow::Status;
using nlohmann::json;

Result<std::string> TextOf(const std::string& key, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return base::Invalid("ticket: '{}' is not text", key);
}

Result<std::string> BytesOf(const std::string& key, const json& value) {
  ARROW_ASSIGN_OR_RAISE(const std::string encoded, TextOf(key, value));
  auto bytes = arrow::util::base64_decode(encoded);
  if (bytes.ok() && !bytes->empty()) return bytes;
  return base::Invalid("ticket: '{}' is not base64", key);
}

Result<int64_t> NumberOf(const std::string& key, const json& value) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  if (value.is_number_unsigned() && value.get<uint64_t>() <= kMost) {
    return static_cast<int64_t>(value.get<uint64_t>());
  }
  return base::Invalid("ticket: '{}' is not a whole number that is not negative", key);
}

Result<std::vector<std::string>> TextsOf(const std::string& key, const json& value) {
  if (!value.is_array()) return base::Invalid("ticket: '{}' is not a list of text", key);
  if (value.size() > kMostColumns) {
    return base::Invalid("ticket: '{}' has {} entries, where {} are the most", key, value.size(),
                         kMostColumns);
  }
  std::vector<std::string> out;
  for (const json& entry : value) {
    ARROW_ASSIGN_OR_RAISE(out.emplace_back(), TextOf(key, entry));
  }
  return out;
}

Result<std::vector<base::ByteRange>> RangesOf(const std::string& key, const json& value) {
  if (!value.is_array() || value.size() > kMostRanges) {
    return base::Invalid("ticket: '{}' is not a list of at most {} ranges", key, kMostRanges);
  }
  std::vector<base::ByteRange> out;
  for (const json& entry : value) {
    if (!entry.is_array() || entry.size() != 2) {
      return base::Invalid("ticket: '{}' holds what is not [OFFSET, LENGTH]", key);
    }
    base::ByteRange range;
    ARROW_ASSIGN_OR_RAISE(range.offset, NumberOf(key, entry[0]));
    ARROW_ASSIGN_OR_RAISE(range.length, NumberOf(key, entry[1]));
    out.push_back(range);
  }
  return out;
}

Status Unknown(const std::string& key, const char* known) {
  return base::Invalid("ticket: '{}' is not known; known are {}", key, known);
}

Result<Ticket> ReadRows(const json& keys) {
  RowsTicket out;
  for (const auto& [key, value] : keys.items()) {
    if (key == "table") {
      ARROW_ASSIGN_OR_RAISE(out.table, TextOf(key, value));
    } else if (key == "filter") {
      ARROW_ASSIGN_OR_RAISE(out.filter, TextOf(key, value));
    } else if (key == "columns") {
      ARROW_ASSIGN_OR_RAISE(out.columns, TextsOf(key, value));
    } else if (key == "limit") {
      ARROW_ASSIGN_OR_RAISE(out.limit, NumberOf(key, value));
    } else if (key == "fragment") {
      ARROW_ASSIGN_OR_RAISE(out.fragment, NumberOf(key, value));
    } else if (key == "plan") {
      ARROW_ASSIGN_OR_RAISE(out.plan, BytesOf(key, value));
    } else {
      return Unknown(key, "table, columns, filter, limit, fragment and plan");
    }
  }
  if (!out.plan.empty() && keys.size() > 2) {
    return base::Invalid("ticket: beside 'plan' there may be 'table' alone");
  }
  return out;
}

// The text of an object's only key.
Result<std::string> OnlyText(const json& keys) {
  const auto only = keys.begin();
  if (keys.size() == 1) return TextOf(only.key(), *only);
  return base::Invalid("ticket: beside 'files' and 'tables' there is nothing else");
}

Result<Ticket> ReadFile(const json& keys) {
  BytesTicket bytes;
  std::string request;
  for (const auto& [key, value] : keys.items()) {
    if (key == "file") {
      ARROW_ASSIGN_OR_RAISE(bytes.file, TextOf(key, value));
    } else if (key == "version") {
      ARROW_ASSIGN_OR_RAISE(bytes.version, TextOf(key, value));
    } else if (key == "ranges") {
      ARROW_ASSIGN_OR_RAISE(bytes.ranges, RangesOf(key, value));
    } else if (key == "request") {
      ARROW_ASSIGN_OR_RAISE(request, BytesOf(key, value));
    } else {
      return Unknown(key, "file, version, ranges and request");
    }
  }
  if (request.empty()) return bytes;
  if (keys.contains("ranges")) return base::Invalid("ticket: both 'ranges' and 'request'");
  return WireTicket{std::move(bytes.file), std::move(bytes.version), std::move(request)};
}

// A ticket of ours is no deeper than a list of pairs in an object, and what is deeper takes many
// times its bytes: it is left out, which makes it none of ours.
json ParseShallow(std::string_view bytes) {
  constexpr int kMostDepth = 3;
  bool is_deep = false;
  const auto look = [&](int depth, json::parse_event_t, json&) {
    is_deep = is_deep || depth > kMostDepth;
    return !is_deep;
  };
  json out = json::parse(bytes.begin(), bytes.end(), look, /*allow_exceptions=*/false);
  return is_deep ? json() : out;
}

}  // namespace

Result<Ticket> ReadTicket(std::string_view bytes) {
  if (bytes.size() > kMostTicketBytes) {
    return base::Invalid("a ticket of {} bytes, where {} are the most", bytes.size(),
                         kMostTicketBytes);
  }
  const size_t begin = bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return base::Invalid("the ticket is empty");
  // A binary plan may begin with such a byte too, but is no JSON.
  json keys;
  if (bytes[begin] == '{') {
    keys = ParseShallow(bytes);
  }
  if (keys.is_object()) {
    if (keys.contains("table")) return ReadRows(keys);
    if (keys.contains("tables")) {
      ARROW_ASSIGN_OR_RAISE(auto name, OnlyText(keys));
      return TablesTicket{std::move(name)};
    }
    if (keys.contains("files")) {
      ARROW_ASSIGN_OR_RAISE(auto table, OnlyText(keys));
      return FilesTicket{std::move(table)};
    }
    if (keys.contains("file")) return ReadFile(keys);
  }
  RowsTicket out;
  out.plan = std::string(bytes);
  return out;
}

std::string FragmentTicket(const std::string& table, size_t fragment) {
  return json{{"table", table}, {"fragment", fragment}}.dump();
}

}  // namespace skyhook::daemon
