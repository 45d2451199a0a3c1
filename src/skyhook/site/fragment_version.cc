#include "skyhook/site/fragment_version.h"

#include "skyhook/base/status.h"

namespace skyhook::site {

arrow::Status CheckVersion(const FragmentId& id, const std::string& version,
                           const std::string& name) {
  if (id.version.empty() || id.version == version) return arrow::Status::OK();
  return base::StaleObject("'{}' changed since it was first looked at: version {} became {}", name,
                           id.version, version);
}

}  // namespace skyhook::site
