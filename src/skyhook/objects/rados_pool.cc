#include "skyhook/objects/rados_pool.h"

#include <dlfcn.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/base/write_error.h"

namespace skyhook::objects {

using arrow::Result;
using arrow::Status;

namespace {

constexpr char kModule[] = "libskyhook_rados.so";

// Where the module may lie, beside the program or library that this is linked into: in a build and
// in an installation.
std::vector<std::string> Places() {
  if (const char* named = std::getenv("SKYHOOK_RADOS_MODULE"); named != nullptr) return {named};
  Dl_info self{};
  if (dladdr(reinterpret_cast<const void*>(&OpenRadosPool), &self) == 0) return {kModule};
  std::error_code error;
  // Of a program, the name that it was started by.
  std::filesystem::path here = std::filesystem::canonical("/proc/self/exe", error);
  if (const std::string file = self.dli_fname; file.find(".so") != std::string::npos) here = file;
  const std::filesystem::path folder = here.parent_path();
  return {(folder / kModule).string(), (folder / "../lib/skyhook" / kModule).string(),
          (folder / "../lib" / kModule).string()};
}

Result<RadosModuleEntry> Load() {
  std::string errors;
  for (const std::string& place : Places()) {
    void* module = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      errors += fmt::format("{}{}", errors.empty() ? "" : "; ", dlerror());
      continue;
    }
    const auto* release = static_cast<const char* const*>(dlsym(module, kRadosModuleRelease));
    if (release == nullptr || std::strcmp(*release, SKYHOOK_VERSION) != 0) {
      return Status::IOError(fmt::format("'{}' belongs to release {} of Skyhook, this is {}", place,
                                         release == nullptr ? "?" : *release, SKYHOOK_VERSION));
    }
    if (void* entry = dlsym(module, kRadosModuleEntry); entry != nullptr) {
      return reinterpret_cast<RadosModuleEntry>(entry);
    }
    return Status::IOError(fmt::format("'{}' is no module of Skyhook", place));
  }
  return Status::IOError("cannot load what talks to Ceph: ", errors);
}

}  // namespace

Result<std::shared_ptr<RadosPool>> OpenRadosPool(const RadosOptions& options,
                                                 const std::string& pool,
                                                 const std::string& name_space,
                                                 const arrow::StopToken& stop) {
  static const Result<RadosModuleEntry> entry = Load();
  ARROW_RETURN_NOT_OK(entry.status());
  Result<std::shared_ptr<RadosPool>> opened = Status::UnknownError("the module gave no answer");
  (*entry)(options, pool, name_space, stop, &opened);
  return opened;
}

Status ObjectError(const std::string& what, const std::string& uri, int error) {
  using base::Code;
  if (error == -ERANGE || error == -EOVERFLOW) {
    return base::StaleObject("'{}' changed since it was first looked at", uri);
  }
  const std::string message = fmt::format("{} '{}': {}", what, uri, std::strerror(-error));
  if (error == -ETIMEDOUT) return base::MakeStatus(Code::kUnreachable, message);
  if (error == -EPERM || error == -EACCES) return base::MakeStatus(Code::kUnauthorised, message);
  if (error == -ENOSPC || error == -EDQUOT) return base::WriteError(message);
  return Status::IOError(message);
}

}  // namespace skyhook::objects
