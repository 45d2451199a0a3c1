// A pool of a Ceph cluster: a store of objects whose OSDs also run object classes.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>
#include <arrow/util/future.h>

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/objects/object_store.h"

namespace skyhook::objects {

/// Is told of waits for Ceph, on threads of their own that no exception may leave. It may be told
/// as long as the process lives.
class WaitObserver {
 public:
  virtual ~WaitObserver() = default;

  /// How long a wait lasts before the observer is told of it.
  virtual std::chrono::milliseconds patience() const { return std::chrono::seconds(2); }
  /// About ten times a second: the longest wait of those under way is for `what`, e.g. "object
  /// 'rados://p/t/x'".
  virtual void Lasts(const std::string& what, std::chrono::milliseconds lasted) noexcept = 0;
  /// None lasts any more.
  virtual void Ended() noexcept = 0;
  /// A wait was left by its stop while a thread of its is still within librados. A process that
  /// calls `exit` then may crash in its last moments: `_Exit` ends it safely.
  virtual void LeftBehind() noexcept = 0;
};

/// As Ceph's own programs take them; empty: Ceph's defaults, CEPH_CONF and CEPH_ARGS included.
struct RadosOptions {
  std::string cluster = "ceph";
  std::string name = "client.admin";  ///< -n
  std::string configuration;          ///< -c
  std::string keyring;                ///< -k
  /// How long an operation may take, in seconds; 0: as long as it takes.
  int timeout_s = 30;
  /// Is told of waits; null: nobody is.
  std::shared_ptr<WaitObserver> waits;

  auto operator<=>(const RadosOptions&) const = default;
};

/// What a method of an object class gave.
struct Executed {
  int result = 0;        ///< of the whole operation: 0 or more, or a negative error number
  uint64_t version = 0;  ///< of the object
  std::shared_ptr<arrow::Buffer> output;
};

/// The objects of one pool and namespace. Keeps its connection, which all pools of the same options
/// share. A new object gets the attribute `skyhook.id`, which no other object has.
///
/// Writes to a full cluster fail at once; what only removes succeeds there.
class RadosPool : public ObjectStore {
 public:
  /// The same pool for somebody whose every wait ends when `stop` is requested, with what that
  /// says, within 100 ms; reads of sources opened by it too. What was asked of Ceph goes on.
  virtual std::shared_ptr<RadosPool> WithStop(arrow::StopToken stop) const = 0;

  using ObjectStore::OpenObject;
  /// Opens an object; only the opening ends by `stop`.
  virtual arrow::Result<std::shared_ptr<base::ByteSource>> OpenObject(
      const std::string& object, const arrow::StopToken& stop) = 0;

  /// Calls a method that only reads, where `object` lies: at the primary, or with `any_copy` at any
  /// of its OSDs. When a version is given and the object has another, the result is -ERANGE or
  /// -EOVERFLOW. Whoever waits for the future may leave; nobody is told of the wait any more once
  /// `stop` is requested.
  virtual arrow::Future<Executed> Execute(const std::string& object,
                                          std::optional<uint64_t> version,
                                          const std::string& class_name, const std::string& method,
                                          const std::string& input, bool any_copy,
                                          const arrow::StopToken& stop) = 0;

  /// The placement group of an object, within the pool. Local: no message is sent.
  virtual uint32_t PlacementGroupOf(const std::string& object) = 0;

  /// The namespaces of the pool, other than the one without a name, that hold tables; sorted. Lists
  /// all objects of the pool.
  virtual arrow::Result<std::vector<std::string>> NameSpacesWithTables() = 0;

  /// Asks the monitors, in Ceph's JSON; the answer as they give it.
  virtual arrow::Result<std::string> AskMonitors(const std::string& command) = 0;
};

/// Connects, through a module that is loaded at the first call: whoever does not call this needs no
/// librados. kUnreachable when no monitor lets the client in before its time is over, an IOError
/// that names the pool when there is none, or what is missing for the module to be loaded. Only the
/// opening ends by `stop`; a connection that is being made then goes on, and is that of the next
/// call.
arrow::Result<std::shared_ptr<RadosPool>> OpenRadosPool(
    const RadosOptions& options, const std::string& pool, const std::string& name_space,
    const arrow::StopToken& stop = arrow::StopToken::Unstoppable());

/// An error number of an operation on an object, in words; kStaleObject for a version that is no
/// longer there, a WriteError for a pool or cluster without room.
arrow::Status ObjectError(const std::string& what, const std::string& uri, int error);

/// What the module exports, under the name kRadosModuleEntry.
using RadosModuleEntry = void (*)(const RadosOptions& options, const std::string& pool,
                                  const std::string& name_space, const arrow::StopToken& stop,
                                  arrow::Result<std::shared_ptr<RadosPool>>* opened);
inline constexpr char kRadosModuleEntry[] = "skyhook_open_rados_pool";
/// A string that the module exports: the release it belongs to.
inline constexpr char kRadosModuleRelease[] = "skyhook_rados_release";

}  // namespace skyhook::objects
