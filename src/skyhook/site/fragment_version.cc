#include "skyhook/site/fragment_version.h"

#include "skyhook/base/status.h"

namespace skyhook::site {

arrow::Status CheckVersion(const FragmentId& id, const std::string& version, int64_t bytes,
                           const std::string& name) {
  if (!id.version.empty() && id.version != version) {
    return base::StaleObject("'{}' changed since it was first looked at: version {} became {}",
                             name, id.version, version);
  }
  if (id.bytes >= 0 && bytes >= 0 && id.bytes != bytes) {
    return base::StaleObject("'{}' has {} bytes, and had {} when its table was written", name,
                             bytes, id.bytes);
  }
  return arrow::Status::OK();
}

}  // namespace skyhook::site
