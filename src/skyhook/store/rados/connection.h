// The connections to Ceph clusters that this process holds.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <rados/librados_fwd.hpp>

#include "skyhook/store/rados_pool.h"

namespace skyhook::store::rados {

/// The connection for these options: made at the first call, and held until the process ends.
arrow::Result<librados::Rados*> Connection(const RadosOptions& options);

}  // namespace skyhook::store::rados
