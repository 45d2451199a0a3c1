#include "skyhook/table/location.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "skyhook/base/status.h"

namespace skyhook::table {

using arrow::Result;

namespace {

constexpr std::string_view kRados = "rados://";
constexpr std::string_view kNotInNames = "@*?[";

arrow::Status NoScheme(const std::string& uri) {
  return base::Invalid("'{}' is neither a directory nor of the form rados://POOL[/NAMESPACE]/TABLE",
                       uri);
}

bool HasScheme(const std::string& uri) { return uri.find("://") != std::string::npos; }

std::vector<std::string> Components(std::string_view path) {
  std::vector<std::string> components;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    components.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return components;
}

bool AllNamed(const std::vector<std::string>& components) {
  return std::none_of(components.begin(), components.end(),
                      [](const std::string& one) { return one.empty(); });
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Takes `@SNAPSHOT` off.
std::string TakeSnapshot(std::string* uri) {
  const size_t at = uri->rfind('@');
  if (at == std::string::npos || !IsNumber(std::string_view(*uri).substr(at + 1))) return "";
  std::string snapshot = uri->substr(at + 1);
  // As numbers are written: 007 is 7.
  snapshot.erase(0, std::min(snapshot.find_first_not_of('0'), snapshot.size() - 1));
  uri->erase(at);
  return snapshot;
}

}  // namespace

std::string Location::store_uri() const {
  if (!rados) return root;
  return std::string(kRados) + pool + (name_space.empty() ? "" : "/" + name_space);
}

bool IsRadosUri(const std::string& uri) { return uri.starts_with(kRados); }

Result<Location> ParseTableUri(const std::string& uri) {
  Location location;
  std::string rest = uri;
  location.snapshot = TakeSnapshot(&rest);
  if (IsRadosUri(uri)) {
    const auto components = Components(std::string_view(rest).substr(kRados.size()));
    if (components.size() < 2 || components.size() > 3 || !AllNamed(components)) {
      return base::Invalid("'{}' is not of the form rados://POOL[/NAMESPACE]/TABLE", uri);
    }
    location.rados = true;
    location.pool = components.front();
    if (components.size() == 3) location.name_space = components[1];
    location.table = components.back();
  } else if (HasScheme(rest)) {
    return NoScheme(uri);
  } else {
    namespace fs = std::filesystem;
    fs::path path = fs::path(rest).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    location.table = path.filename().string();
    location.root = path.parent_path().string();
    if (location.root.empty()) location.root = ".";
  }
  if (location.table.empty() || location.table.front() == '.' || location.table.front() == '_' ||
      location.table.find_first_of(kNotInNames) != std::string::npos) {
    return base::Invalid(
        "'{}' does not end in the name of a table: one does not begin with _ or ., and has none of "
        "{}",
        uri, kNotInNames);
  }
  return location;
}

Result<Location> ParseStoreUri(const std::string& uri) {
  Location location;
  if (!IsRadosUri(uri)) {
    if (HasScheme(uri)) return NoScheme(uri);
    location.root = uri.empty() ? "." : uri;
    return location;
  }
  const auto components = Components(std::string_view(uri).substr(kRados.size()));
  if (components.empty() || components.size() > 2 || !AllNamed(components)) {
    return base::Invalid("'{}' is not of the form rados://POOL[/NAMESPACE]", uri);
  }
  location.rados = true;
  location.pool = components.front();
  if (components.size() == 2) location.name_space = components.back();
  return location;
}

}  // namespace skyhook::table
