// The site of this machine's files whose kernel runs in sandboxed workers: a file or a plan that
// ends one costs its own call.
#pragma once

#include <memory>
#include <string>

#include "skyhook/lending/host/worker_host.h"
#include "skyhook/site/site.h"

namespace skyhook::site::sandbox {

/// Runs pipelines in workers of `host`, which get the bytes of the one file that a call is about,
/// and never its name; what they cannot do is declined, with the reason. Files in several pieces
/// are declined where these lie in several files. `files` describes fragments and hands out their
/// bytes, in this process.
std::shared_ptr<Site> MakeSandboxSite(std::shared_ptr<lending::WorkerHost> host,
                                      std::shared_ptr<Site> files);

}  // namespace skyhook::site::sandbox
