// One version of an object of a pool, to be read.
#pragma once

#include <memory>
#include <optional>
#include <rados/librados.hpp>
#include <string>

#include "skyhook/base/byte_source.h"
#include "skyhook/objects/rados/connection.h"

namespace skyhook::objects::rados {

/// Reads assert the version. With `stop`, every read of the source ends by it too.
std::shared_ptr<base::ByteSource> MakeObject(std::shared_ptr<Cluster> cluster, librados::IoCtx io,
                                             std::string object, std::string uri, uint64_t version,
                                             int64_t size, std::optional<arrow::StopToken> stop);

}  // namespace skyhook::objects::rados
