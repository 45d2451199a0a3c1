// Answers one call: a request over the bytes of one object.
#pragma once

#include <string>

#include "worker/kept_scans.h"
#include "worker/objects.h"

namespace skyhook::worker {

/// The reply, of at most call.reply_bytes. What goes wrong with the request or the object is told
/// in it; an error is that there is no reply, because the class is gone.
arrow::Result<std::string> Scan(const Call& call, const ScanKey& key, const arrow::StopToken& stop,
                                Objects* objects, KeptScans* kept);

}  // namespace skyhook::worker
