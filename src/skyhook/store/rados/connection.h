// A connection to a Ceph cluster, and the objects of one pool and namespace.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/util/future.h>
#include <rados/buffer_fwd.h>

#include <cstdint>
#include <memory>
#include <rados/librados_fwd.hpp>
#include <string>

#include "skyhook/base/byte_source.h"

namespace skyhook::store::rados {

/// As Ceph's own programs take them; empty: Ceph's defaults, CEPH_CONF and CEPH_ARGS included.
struct ConnectionOptions {
  std::string cluster = "ceph";
  std::string name = "client.admin";  ///< -n
  std::string configuration;          ///< -c
  std::string keyring;                ///< -k
  /// How long an operation may take, in seconds; 0: as long as it takes.
  int timeout_s = 30;
};

/// What one operation gave.
struct Operated {
  int result = 0;        ///< of the whole operation: 0 or more, or a negative error number
  uint64_t version = 0;  ///< of the object
};

/// The objects of one pool and namespace. Thread-safe; keeps its connection.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  /// Connects. kUnreachable when no monitor lets the client in before its time is over, an
  /// IOError that names the pool when there is none.
  static arrow::Result<std::shared_ptr<Pool>> Open(const ConnectionOptions& options,
                                                   const std::string& pool,
                                                   const std::string& name_space);
  ~Pool();

  /// How messages name an object: rados://POOL[/NAMESPACE]/OBJECT.
  std::string UriOf(const std::string& object) const;

  /// Sends `operation`; what it writes to must live until the future is finished.
  arrow::Future<Operated> Operate(const std::string& object,
                                  librados::ObjectReadOperation* operation);

  /// The object as it is now. Reads assert its version: after a change they fail with kStaleObject.
  arrow::Result<std::shared_ptr<base::ByteSource>> OpenObject(const std::string& object);

  /// For writers and tests.
  librados::IoCtx& io();

 private:
  struct State;
  explicit Pool(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// What Ceph hands over, in one piece.
arrow::Result<std::shared_ptr<arrow::Buffer>> CopyOf(const ceph::bufferlist& bytes);

/// An error number of an operation on an object, in words; kStaleObject for a version that is no
/// longer there.
arrow::Status ObjectError(const std::string& what, const std::string& uri, int error);

}  // namespace skyhook::store::rados
