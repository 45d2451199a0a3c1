#include "skyhook/store/rados/connection.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <rados/librados.hpp>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::store::rados {

using arrow::Result;
using arrow::Status;
using base::Code;

namespace {

Status Set(librados::Rados* cluster, const char* option, const std::string& value) {
  if (value.empty() || cluster->conf_set(option, value.c_str()) == 0) return Status::OK();
  return base::Invalid("Ceph's option {} cannot be '{}'", option, value);
}

Status ConnectionError(const RadosOptions& options, int error) {
  if (error == -ETIMEDOUT) {
    // A client whose key is refused tries again until its time is over.
    return base::MakeStatus(
        Code::kUnreachable,
        fmt::format("no monitor of Ceph let {} in within {} s: none answers, or "
                    "it has another key",
                    options.name, options.timeout_s));
  }
  const std::string message =
      fmt::format("cannot connect to Ceph as {}: {}", options.name, std::strerror(-error));
  if (error == -EACCES || error == -EPERM) return base::MakeStatus(Code::kUnauthorised, message);
  if (error == -ENOENT) {
    return Status::IOError(message, ": there is no configuration, or no keyring that names it");
  }
  return Status::IOError(message);
}

Status Connect(const RadosOptions& options, librados::Rados* cluster) {
  if (cluster->init2(options.name.c_str(), options.cluster.c_str(), 0) != 0) {
    return base::Invalid("'{}' is no name of a Ceph client, e.g. client.admin", options.name);
  }
  const char* file = options.configuration.empty() ? nullptr : options.configuration.c_str();
  if (const int error = cluster->conf_read_file(file); error < 0) {
    return Status::IOError(fmt::format(
        "cannot read Ceph's configuration{}: {}",
        file == nullptr ? ", which CEPH_CONF or /etc/ceph names" : fmt::format(" '{}'", file),
        std::strerror(-error)));
  }
  cluster->conf_parse_env(nullptr);
  ARROW_RETURN_NOT_OK(Set(cluster, "keyring", options.keyring));
  const std::string timeout = std::to_string(options.timeout_s);
  for (const char* option :
       {"client_mount_timeout", "rados_mon_op_timeout", "rados_osd_op_timeout"}) {
    if (options.timeout_s > 0) ARROW_RETURN_NOT_OK(Set(cluster, option, timeout));
  }
  const int error = cluster->connect();
  return error < 0 ? ConnectionError(options, error) : Status::OK();
}

struct Connections {
  std::mutex mutex;
  std::map<RadosOptions, std::unique_ptr<librados::Rados>> by_options;
};

// Shuts every connection down. A static made after the first connection goes before what that one
// uses, among it OpenSSL: a thread of librados may be in the middle of a message when the process
// ends.
struct Shutdown {
  Connections& connections;

  ~Shutdown() {
    for (auto& [options, connection] : connections.by_options) connection->shutdown();
  }
};

}  // namespace

Result<librados::Rados*> Connection(const RadosOptions& options) {
  static auto& connections = *new Connections;
  const std::lock_guard<std::mutex> lock(connections.mutex);
  auto& connection = connections.by_options[options];
  if (connection == nullptr) {
    auto made = std::make_unique<librados::Rados>();
    const Status connected = Connect(options, made.get());
    if (!connected.ok()) {
      connections.by_options.erase(options);
      return connected;
    }
    connection = std::move(made);
    static const Shutdown at_exit{connections};
  }
  return connection.get();
}

}  // namespace skyhook::store::rados
