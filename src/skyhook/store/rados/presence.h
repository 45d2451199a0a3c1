// Presence in a pool: an object that is watched for as long as somebody is at work.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <rados/librados.hpp>
#include <string>

#include "skyhook/store/object_store.h"
#include "skyhook/store/rados/connection.h"

namespace skyhook::store::rados {

/// Watches `object`, which is there; `uri` names it in messages. The presence removes the object
/// when it goes. It is not waited for longer than `stop` allows.
arrow::Result<std::unique_ptr<Presence>> Watch(std::shared_ptr<Cluster> cluster, librados::IoCtx io,
                                               const std::string& object, const std::string& uri,
                                               const arrow::StopToken& stop);

}  // namespace skyhook::store::rados
