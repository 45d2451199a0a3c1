// By what a worker knows that a call goes on where another stopped.
#pragma once

#include <cstdint>
#include <string>

#include "worker/channel.h"

namespace skyhook::worker {

/// All that makes out a call's object; empty where nothing does.
std::string IdentityOf(const Call& call);

/// What calls that go on with each other have in common, and the rows that one asks for.
struct ScanKey {
  uint64_t scan = 0;     ///< wire::Request::scan
  std::string identity;  ///< of the object, as the OSD knows it: nothing that a client claims
  std::string pipeline;  ///< as the request has it
  std::string rows;      ///< likewise
  std::string layout;    ///< likewise, extents and tail

  bool operator==(const ScanKey&) const = default;
  /// Whether there is to be a next call, which can be told to be one.
  bool is_of_scan() const { return scan != 0 && !identity.empty(); }
};

/// Safe on bytes that are no request.
ScanKey KeyOf(const Call& call);

}  // namespace skyhook::worker
