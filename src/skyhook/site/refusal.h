// The answer of a site that declines a request.
#pragma once

#include <memory>
#include <string>

#include "skyhook/site/site.h"

namespace skyhook::site {

/// An answer without batches: everything asked for remains, for `reason` (a sentence for people).
std::unique_ptr<Answer> Refuse(const Request& request, std::string reason);

}  // namespace skyhook::site
