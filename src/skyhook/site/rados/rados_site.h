// The site whose fragments are objects of a Ceph pool, and whose kernel runs beside their OSDs.
#pragma once

#include <memory>

#include "skyhook/base/timer.h"
#include "skyhook/objects/rados_pool.h"
#include "skyhook/site/site.h"

namespace skyhook::site::rados {

/// FragmentId::name is an object of `pool`; a version is RADOS's own, which copying a pool changes.
/// What an OSD declines, or cannot do (no class, no worker, an erasure-coded pool, no right to
/// execute), is an answer that refuses, with the reason. Calls that have to wait do so by `timer`.
std::shared_ptr<Site> MakeRadosSite(std::shared_ptr<objects::RadosPool> pool,
                                    std::shared_ptr<base::Timer> timer);

}  // namespace skyhook::site::rados
