#include "daemon/settings.h"

#include <arpa/inet.h>
#include <arrow/util/uri.h>

#include <algorithm>
#include <set>

#include "skyhook/base/status.h"

namespace skyhook::daemon {
namespace {

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// Names are resolved when it listens, to whatever the resolver says then: only addresses tell.
bool IsLoopback(const std::string& host) {
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool IsAddress(const std::string& host) {
  in6_addr ignored{};
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

constexpr const char* kTlsScheme = "grpc+tls";

}  // namespace

bool Settings::has_tls() const { return listen.starts_with(std::string(kTlsScheme) + "://"); }

arrow::Result<ExportSettings> ParseExport(const std::string& text) {
  const size_t separator = text.find('=');
  if (separator == std::string::npos || separator + 1 == text.size()) {
    return base::Invalid("--export {}: write NAME=DIRECTORY", text);
  }
  ExportSettings out{text.substr(0, separator), text.substr(separator + 1)};
  if (!IsName(out.name)) {
    return base::Invalid(
        "--export {}: the name '{}' is not made of at most 64 letters, digits, - and _", text,
        out.name);
  }
  return out;
}

arrow::Status CheckSettings(const Settings& settings) {
  if (settings.exports.empty()) return base::Invalid("there is nothing to export: --export");
  std::set<std::string> names;
  for (const ExportSettings& one : settings.exports) {
    if (!names.insert(one.name).second) {
      return base::Invalid("--export {}: there are two of that name", one.name);
    }
  }
  arrow::util::Uri uri;
  const bool parses = uri.Parse(settings.listen).ok();
  if (!parses || (uri.scheme() != "grpc" && uri.scheme() != kTlsScheme) || uri.host().empty() ||
      uri.port() < 0 || !uri.path().empty()) {
    return base::Invalid(
        "--listen {}: write grpc://ADDRESS:PORT, or grpc+tls://ADDRESS:PORT with --tls-cert and "
        "--tls-key",
        settings.listen);
  }
  if (settings.has_tls() && (settings.tls_certificate.empty() || settings.tls_key.empty())) {
    return base::Invalid("--listen {}: it needs --tls-cert and --tls-key", settings.listen);
  }
  const bool names_tls = !settings.tls_certificate.empty() || !settings.tls_key.empty() ||
                         !settings.tls_client_ca.empty();
  if (!settings.has_tls() && names_tls) {
    return base::Invalid(
        "--listen {}: --tls-cert, --tls-key and --tls-client-ca are for grpc+tls://",
        settings.listen);
  }
  if (settings.insecure || IsLoopback(uri.host())) return arrow::Status::OK();
  if (!IsAddress(uri.host())) {
    return base::Invalid("--listen {}: write an address in numbers, or say --insecure",
                         settings.listen);
  }
  if (!settings.has_tls()) {
    return base::Invalid(
        "--listen {}: rows and tokens would travel unencrypted; listen at 127.0.0.1 or with "
        "grpc+tls://, or say --insecure",
        settings.listen);
  }
  if (settings.tokens.empty() && settings.tls_client_ca.empty()) {
    return base::Invalid(
        "--listen {}: whoever reaches this address could read every table; give --tokens or "
        "--tls-client-ca, or say --insecure",
        settings.listen);
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::daemon
