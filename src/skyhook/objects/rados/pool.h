// A pool of Ceph by way of librados.
#pragma once

#include <memory>
#include <string>

#include "skyhook/objects/rados_pool.h"

namespace skyhook::objects::rados {

/// As OpenRadosPool, within the module.
arrow::Result<std::shared_ptr<RadosPool>> OpenPool(const RadosOptions& options,
                                                   const std::string& pool,
                                                   const std::string& name_space,
                                                   const arrow::StopToken& stop);

}  // namespace skyhook::objects::rados
