// What stands before every call: whose token it brings.
#pragma once

#include <arrow/flight/server.h>
#include <arrow/flight/server_middleware.h>

#include <memory>
#include <string>

#include "daemon/tokens.h"

namespace skyhook::daemon {

/// The name under which Server registers it.
inline constexpr const char* kGate = "skyhook-gate";

/// Refuses calls without `authorization: Bearer TOKEN` of one of `tokens` as UNAUTHENTICATED,
/// before anything else is looked at.
std::shared_ptr<arrow::flight::ServerMiddlewareFactory> MakeGate(
    std::shared_ptr<const Tokens> tokens);

/// Who calls: the name of the token, else that of the client's certificate, else nothing.
std::string CallerOf(const arrow::flight::ServerCallContext& context);

}  // namespace skyhook::daemon
