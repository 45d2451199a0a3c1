// What the module exports.
#include "skyhook/objects/rados/pool.h"

#define SKYHOOK_EXPORT extern "C" __attribute__((visibility("default")))

SKYHOOK_EXPORT const char* const skyhook_rados_release;
const char* const skyhook_rados_release = SKYHOOK_VERSION;

SKYHOOK_EXPORT void skyhook_open_rados_pool(
    const skyhook::objects::RadosOptions& options, const std::string& pool,
    const std::string& name_space, const arrow::StopToken& stop,
    arrow::Result<std::shared_ptr<skyhook::objects::RadosPool>>* opened) {
  *opened = skyhook::objects::rados::OpenPool(options, pool, name_space, stop);
}
