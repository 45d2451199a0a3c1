#include "skyhook/site/local/file_bytes.h"

#include <vector>

#include "skyhook/base/file_source.h"

namespace skyhook::site::local {

arrow::Result<std::shared_ptr<base::ByteSource>> OpenFileBytes(
    const FragmentId& id, const std::shared_ptr<arrow::MemoryPool>& pool) {
  if (id.layout == nullptr) return base::OpenFile(id.name, pool);
  return base::OpenLayout(*id.layout, id.name,
                          [&](const std::string& file) { return base::OpenFile(file, pool); });
}

arrow::Result<std::string> FileVersionOf(const FragmentId& id) {
  if (id.layout == nullptr) return base::FileVersion(id.name);
  std::vector<std::string> versions;
  for (const std::string& file : id.layout->objects()) {
    ARROW_ASSIGN_OR_RAISE(versions.emplace_back(), base::FileVersion(file));
  }
  return base::VersionOf(*id.layout, versions);
}

}  // namespace skyhook::site::local
