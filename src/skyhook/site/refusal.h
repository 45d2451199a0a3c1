// The answer of a site that declines a request.
#pragma once

#include <memory>
#include <string>

#include "skyhook/site/site.h"

namespace skyhook::site {

/// The outcome of a call that declined: everything asked for remains, for `reason` (a sentence for
/// people).
plan::Outcome RefusedOutcome(const Request& request, std::string reason);

/// An answer without batches, with that outcome.
std::unique_ptr<Answer> Refuse(const Request& request, std::string reason);

}  // namespace skyhook::site
