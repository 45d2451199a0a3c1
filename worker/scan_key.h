// By what a worker knows that a call goes on where another stopped.
#pragma once

#include <string>

#include "skyhook/plan/slice.h"
#include "worker/channel.h"

namespace skyhook::worker {

/// All that makes out a call's object; empty where nothing does.
std::string IdentityOf(const Call& call);

/// What calls that go on with each other have in common, and the slice that one asks for.
struct ScanKey {
  plan::Slice slice;
  std::string identity;  ///< of the object, as the OSD knows it: nothing that a client claims
  std::string pipeline;  ///< as the request has it
  std::string extents;   ///< likewise
  std::string tail;      ///< likewise

  bool operator==(const ScanKey&) const = default;
  /// Whether there is to be a next call, which can be told to be one.
  bool is_of_scan() const { return slice.goes_on() && !identity.empty(); }
};

/// Safe on bytes that are no request.
ScanKey KeyOf(const Call& call);

}  // namespace skyhook::worker
