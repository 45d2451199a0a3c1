// Tables of tests, each in a session of its own.
#pragma once

#include <memory>
#include <string>

#include "skyhook/client/session.h"
#include "skyhook/client/table.h"

namespace skyhook::client {

inline arrow::Result<std::shared_ptr<const Table>> OpenAlone(const std::string& pattern,
                                                             const OpenOptions& options = {}) {
  Session session;
  return OpenTable(&session, pattern, options);
}

}  // namespace skyhook::client
