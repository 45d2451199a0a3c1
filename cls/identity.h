// Which object a call is about.
#pragma once

#include <rados/objclass.h>

#include "skyhook/lending/message.h"

namespace skyhook::cls {

/// Sets size, time and id of the call's object. The id is its attribute `skyhook.id`, which its
/// writer gave to no other; there is none without one, and where the OSD does not tell the time in
/// nanoseconds. 0, or a negative error number.
int Identify(cls_method_context_t context, lending::Message* call);

}  // namespace skyhook::cls
