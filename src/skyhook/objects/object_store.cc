#include "skyhook/objects/object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "skyhook/base/crc32c.h"

namespace skyhook::objects {
namespace {

constexpr int64_t kStepBytes = 4 << 20;

}  // namespace

arrow::Result<Checksum> ObjectStore::ChecksumOf(const std::string& object) {
  ARROW_ASSIGN_OR_RAISE(const auto source, OpenObject(object));
  Checksum checksum{source->size(), 0};
  for (int64_t done = 0; done < checksum.bytes; done += kStepBytes) {
    const int64_t bytes = std::min(kStepBytes, checksum.bytes - done);
    ARROW_ASSIGN_OR_RAISE(const auto read, source->ReadOne({done, bytes}));
    checksum.crc32c = base::Crc32c(std::string_view(*read), checksum.crc32c);
  }
  return checksum;
}

std::string UniqueId() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
}

}  // namespace skyhook::objects
