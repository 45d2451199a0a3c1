// Looks for what keeps the OSDs of a pool from running pipelines, and says how to mend it.
#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

#include "skyhook/objects/rados_pool.h"
#include "skyhook/table/location.h"

namespace skyhook::client {

struct Finding {
  bool good = false;
  std::string what;  ///< a sentence
  std::string mend;  ///< what mends it, commands included; empty where nothing has to be
};

/// Connects as `options` say and looks at the pool, at the client's capabilities, and at each OSD
/// that is the primary of one of the first thousand objects of the pool's namespace: its class, the
/// class's version and worker. Writes nothing. Fails as OpenRadosPool does; what else is amiss is a
/// finding.
arrow::Result<std::vector<Finding>> Diagnose(const table::Location& location,
                                             const objects::RadosOptions& options);

}  // namespace skyhook::client
