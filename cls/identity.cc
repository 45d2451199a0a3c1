#include "cls/identity.h"

#include <chrono>
#include <cstring>
#include <ctime>

namespace ceph {
class real_clock;
}

// Of the OSD, but not of Ceph's header for classes: it may be missing.
using RealTime =
    std::chrono::time_point<ceph::real_clock, std::chrono::duration<uint64_t, std::nano>>;
__attribute__((weak)) int cls_cxx_stat2(cls_method_context_t context, uint64_t* size,
                                        RealTime* mtime);

namespace skyhook::cls {

int Identify(cls_method_context_t context, lending::Message* call) {
  if (cls_cxx_stat2 == nullptr) {
    time_t seconds = 0;
    const int error = cls_cxx_stat(context, &call->object_bytes, &seconds);
    call->object_mtime = int64_t{seconds} * 1'000'000'000;
    return error;
  }
  RealTime mtime;
  if (const int error = cls_cxx_stat2(context, &call->object_bytes, &mtime); error < 0) {
    return error;
  }
  call->object_mtime = static_cast<int64_t>(mtime.time_since_epoch().count());
  ceph::bufferlist id;
  const int got = cls_cxx_getxattr(context, "skyhook.id", &id);
  if (got > 0 && id.length() <= sizeof(call->object_id)) {
    std::memcpy(call->object_id, id.c_str(), id.length());
  }
  return 0;
}

}  // namespace skyhook::cls
