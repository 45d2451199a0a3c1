// The connections to Ceph clusters that this process holds.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <memory>
#include <rados/librados.hpp>

#include "skyhook/objects/rados/waits.h"
#include "skyhook/objects/rados_pool.h"

namespace skyhook::objects::rados {

struct Cluster {
  explicit Cluster(std::shared_ptr<WaitObserver> observer) : waits(std::move(observer)) {}

  Waits waits;
  librados::Rados rados;
};

/// The connection for these options: made at the first call, and held until the process ends. When
/// `stop` is requested, this returns what it says; the connection that is being made is that of the
/// next call.
arrow::Result<std::shared_ptr<Cluster>> Connection(const RadosOptions& options,
                                                   const arrow::StopToken& stop);

}  // namespace skyhook::objects::rados
