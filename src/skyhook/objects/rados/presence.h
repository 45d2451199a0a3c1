// Presence in a pool: an object that is watched for as long as somebody is at work.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <rados/librados.hpp>
#include <string>

#include "skyhook/objects/object_store.h"
#include "skyhook/objects/rados/connection.h"

namespace skyhook::objects::rados {

/// Watches `object`, which is there; `uri` names it in messages. The presence removes the object
/// when it goes. It is not waited for longer than `stop` allows.
arrow::Result<std::unique_ptr<Presence>> Watch(std::shared_ptr<Cluster> cluster, librados::IoCtx io,
                                               const std::string& object, const std::string& uri,
                                               const arrow::StopToken& stop);

}  // namespace skyhook::objects::rados
