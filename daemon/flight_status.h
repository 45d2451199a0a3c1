// Our failures as Flight has them.
#pragma once

#include <arrow/flight/server.h>
#include <arrow/status.h>

namespace skyhook::daemon {

/// `failed` as a code that clients of Flight can tell apart, and, for those that are ours, a word:
/// {"code": "limit exceeded"} in the error's extra info, and in the trailer `skyhook-error-bin` for
/// clients that drop the former. Messages are cut after 1,500 bytes.
///
/// | ours | gRPC |
/// |---|---|
/// | Invalid | INVALID_ARGUMENT |
/// | no such table or action | NOT_FOUND |
/// | kUnsupportedPlan, not implemented | UNIMPLEMENTED |
/// | Cancelled | CANCELLED |
/// | kBusy, kUnreachable, kStaleObject | UNAVAILABLE: the same call may succeed later |
/// | kUnauthorised | PERMISSION_DENIED |
/// | kLimitExceeded, kCorruptData, I/O, all else | INTERNAL |
arrow::Status ToFlight(const arrow::Status& failed,
                       const arrow::flight::ServerCallContext& context);

}  // namespace skyhook::daemon
