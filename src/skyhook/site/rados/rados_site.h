// The site whose fragments are objects of a Ceph pool, and whose kernel runs beside their OSDs.
#pragma once

#include <memory>

#include "skyhook/base/timer.h"
#include "skyhook/objects/rados_pool.h"
#include "skyhook/site/site.h"

namespace skyhook::site::rados {

struct RadosSiteOptions {
  /// What a call may take when the request has no deadline. A call holds its placement group, which
  /// others wait for; while the OSD keeps the scan between two calls, shorter ones cost little
  /// more.
  uint32_t call_ms = 2;
  /// The same where the OSD keeps nothing: each call reads the pages again that it begins in.
  uint32_t lone_call_ms = 200;
  /// The most bytes of one reply.
  int64_t reply_bytes = int64_t{16} << 20;
};

/// FragmentId::name is an object of `pool`; a version is RADOS's own, which copying a pool changes.
/// What an OSD declines, or cannot do (no class, no worker, an erasure-coded pool, no right to
/// execute), is an answer that refuses, with the reason. Calls that have to wait do so by `timer`.
std::shared_ptr<Site> MakeRadosSite(std::shared_ptr<objects::RadosPool> pool,
                                    std::shared_ptr<base::Timer> timer,
                                    const RadosSiteOptions& options = {});

}  // namespace skyhook::site::rados
