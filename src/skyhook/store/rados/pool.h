// A pool of Ceph by way of librados.
#pragma once

#include <memory>
#include <string>

#include "skyhook/store/rados_pool.h"

namespace skyhook::store::rados {

/// As OpenRadosPool, within the module.
arrow::Result<std::shared_ptr<RadosPool>> OpenPool(const RadosOptions& options,
                                                   const std::string& pool,
                                                   const std::string& name_space,
                                                   const arrow::StopToken& stop);

}  // namespace skyhook::store::rados
