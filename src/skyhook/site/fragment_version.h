// Whether a fragment still is of the version that a caller has seen.
#pragma once

#include <arrow/status.h>

#include <string>

#include "skyhook/site/site.h"

namespace skyhook::site {

/// Code::kStaleObject when `id` names another version than `version`; `name` is how the message
/// names the fragment.
arrow::Status CheckVersion(const FragmentId& id, const std::string& version,
                           const std::string& name);

}  // namespace skyhook::site
