// Failures of a daemon as ours again.
#pragma once

#include <arrow/status.h>

#include <string>

namespace skyhook::site::flight {

/// `status`, which a call to the daemon at `address` ended with, with the code that the daemon gave
/// it (the word in the error's extra info), and the daemon's own words. UNAVAILABLE without a word
/// is kUnreachable, PERMISSION_DENIED and UNAUTHENTICATED are kUnauthorised.
arrow::Status FromFlight(const arrow::Status& status, const std::string& address);

}  // namespace skyhook::site::flight
