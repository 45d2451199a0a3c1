// Where tables of a daemon are: grpc://HOST:PORT/EXPORT or grpc+tls://HOST:PORT/EXPORT, and /TABLE
// behind it.
#pragma once

#include <arrow/result.h>

#include <string>

namespace skyhook::site::flight {

struct FlightLocation {
  std::string address;  ///< grpc://HOST:PORT, or grpc+tls://HOST:PORT
  std::string name;     ///< EXPORT/TABLE, or EXPORT
};

/// True for what begins with grpc:// or grpc+tls://.
bool IsFlightUri(const std::string& uri);

/// The location of a table. Invalid, naming `uri` and the form that is expected.
arrow::Result<FlightLocation> ParseFlightTable(const std::string& uri);
/// The location of an export, likewise.
arrow::Result<FlightLocation> ParseFlightExport(const std::string& uri);

}  // namespace skyhook::site::flight
