// Whether a fragment still is what a caller knows it as.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>

#include "skyhook/site/site.h"

namespace skyhook::site {

/// Code::kStaleObject when `id` names another version than `version`, or another size than `bytes`
/// (-1: not known); `name` is how the message names the fragment.
arrow::Status CheckVersion(const FragmentId& id, const std::string& version, int64_t bytes,
                           const std::string& name);

}  // namespace skyhook::site
