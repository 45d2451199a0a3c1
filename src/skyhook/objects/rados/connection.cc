#include "skyhook/objects/rados/connection.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <rados/librados.hpp>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::objects::rados {

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
  // What is in flight is bounded by who asks for it. Here, librados would hold up whoever asks for
  // more, and no stop would end that wait.
  for (const char* option : {"objecter_inflight_ops", "objecter_inflight_op_bytes"}) {
    ARROW_RETURN_NOT_OK(Set(cluster, option, "0"));
  }
  const std::string timeout = std::to_string(options.timeout_s);
  for (const char* option :
       {"client_mount_timeout", "rados_mon_op_timeout", "rados_osd_op_timeout"}) {
    if (options.timeout_s > 0) ARROW_RETURN_NOT_OK(Set(cluster, option, timeout));
  }
  const int error = cluster->connect();
  return error < 0 ? ConnectionError(options, error) : Status::OK();
}

// A connection that is there, or is being made.
struct Attempt {
  std::shared_ptr<Cluster> cluster;
  arrow::Future<> connected;
};

struct Connections {
  std::mutex mutex;
  std::map<RadosOptions, Attempt> by_options;

  // Of an attempt that failed: the next call makes another.
  void Forget(const RadosOptions& options, const Cluster* cluster) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = by_options.find(options);
    if (found != by_options.end() && found->second.cluster.get() == cluster) {
      by_options.erase(found);
    }
  }
};

// Shuts every connection down. A static made after the first connection goes before what that one
// uses, among it OpenSSL: a thread of librados may be in the middle of a message when the process
// ends. A connection that is still being made cannot be shut down.
struct Shutdown {
  Connections& connections;

  ~Shutdown() {
    const std::lock_guard<std::mutex> lock(connections.mutex);
    for (auto& [options, attempt] : connections.by_options) {
      attempt.cluster->waits.Stop();
      if (attempt.connected.is_finished()) attempt.cluster->rados.shutdown();
    }
  }
};

Attempt Begin(const RadosOptions& options, Connections* connections) {
  Attempt attempt;
  attempt.cluster = std::make_shared<Cluster>(options.waits);
  attempt.connected = Aside<arrow::internal::Empty>(
      [options, connections, cluster = attempt.cluster]() -> Result<arrow::internal::Empty> {
        Status connected = Connect(options, &cluster->rados);
        if (!connected.ok()) connections->Forget(options, cluster.get());
        return arrow::internal::Empty::ToResult(std::move(connected));
      });
  return attempt;
}

}  // namespace

Result<std::shared_ptr<Cluster>> Connection(const RadosOptions& options,
                                            const arrow::StopToken& stop) {
  static auto& connections = *new Connections;
  Attempt attempt;
  {
    const std::lock_guard<std::mutex> lock(connections.mutex);
    const auto found = connections.by_options.find(options);
    attempt = found != connections.by_options.end() ? found->second : Begin(options, &connections);
    connections.by_options.emplace(options, attempt);
  }
  const auto wait =
      attempt.cluster->waits.Begin(fmt::format("a monitor, to let {} in", options.name), stop);
  const auto connected = Await(attempt.connected, stop);
  if (!connected.ok() && !attempt.connected.is_finished()) attempt.cluster->waits.LeaveBehind();
  ARROW_RETURN_NOT_OK(connected.status());
  static const Shutdown at_exit{connections};
  return attempt.cluster;
}

}  // namespace skyhook::objects::rados
