#include "skyhook/site/flight/flight_location.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "skyhook/base/status.h"

namespace skyhook::site::flight {
namespace {

// Of `uri`, with the slashes; empty: none of a daemon.
std::string_view SchemeOf(std::string_view uri) {
  for (const std::string_view scheme : {"grpc://", "grpc+tls://"}) {
    if (uri.starts_with(scheme)) return scheme;
  }
  return {};
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<FlightLocation> Parse(const std::string& uri) {
  const size_t begin = SchemeOf(uri).size();
  const size_t slash = uri.find('/', begin);
  const std::string address = uri.substr(0, slash);
  const size_t colon = address.rfind(':');
  const bool has_port = colon != std::string::npos && colon > begin &&
                        IsPort(std::string_view(address).substr(colon + 1));
  if (begin == 0 || !has_port) return std::nullopt;
  return FlightLocation{address, slash == std::string::npos ? "" : uri.substr(slash + 1)};
}

}  // namespace

bool IsFlightUri(const std::string& uri) { return !SchemeOf(uri).empty(); }

arrow::Result<FlightLocation> ParseFlightTable(const std::string& uri) {
  const auto location = Parse(uri);
  const size_t slash = location.has_value() ? location->name.find('/') : std::string::npos;
  if (slash != std::string::npos && slash > 0 && slash + 1 < location->name.size()) {
    return *location;
  }
  return base::Invalid("'{}' is not of the form grpc[+tls]://HOST:PORT/EXPORT/TABLE", uri);
}

arrow::Result<FlightLocation> ParseFlightExport(const std::string& uri) {
  const auto location = Parse(uri);
  const bool is_export = location.has_value() && !location->name.empty() &&
                         location->name.find('/') == std::string::npos;
  if (is_export) return *location;
  return base::Invalid("'{}' is not of the form grpc[+tls]://HOST:PORT/EXPORT", uri);
}

}  // namespace skyhook::site::flight
