// A site as who must not scan in his own process sees it.
#pragma once

#include <memory>

#include "skyhook/site/site.h"

namespace skyhook::daemon {

/// `site`, but that a pipeline which it declines ends in kBusy, with its reason, and no bytes of a
/// fragment are handed out: nobody goes on here with what a worker did not do.
std::shared_ptr<site::Site> RunsOrFails(std::shared_ptr<site::Site> site);

}  // namespace skyhook::daemon
