// As whom daemons are asked.
#pragma once

#include <string>

namespace skyhook::site::flight {

/// Of grpc+tls:// addresses but the token, which also goes to grpc:// addresses of this machine.
struct FlightOptions {
  /// Whose certificates daemons may show, in PEM; empty: the authorities that gRPC knows.
  std::string tls_ca;
  /// What is shown to daemons that ask for it, and its key, in PEM; empty: nothing.
  std::string tls_certificate;
  std::string tls_key;
  /// A bearer token; empty: none.
  std::string token;
};

}  // namespace skyhook::site::flight
