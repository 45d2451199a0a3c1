#include "skyhook/store/snapshot.h"

#include <fmt/format.h>

namespace skyhook::store {

std::string Snapshot::id() const { return fmt::format("{:010}-{}", sequence, commit); }

int64_t Snapshot::num_rows() const {
  int64_t rows = 0;
  for (const Fragment& fragment : fragments) rows += fragment.rows;
  return rows;
}

int64_t Snapshot::num_bytes() const {
  int64_t bytes = 0;
  for (const Fragment& fragment : fragments) bytes += fragment.bytes;
  return bytes;
}

std::set<std::string> NeededBy(const std::string& table, const Snapshot& snapshot) {
  std::set<std::string> needed{ManifestOf(table, snapshot.id())};
  for (const Fragment& fragment : snapshot.fragments) {
    needed.insert(ObjectOf(table, fragment.object));
    for (const std::string& source : fragment.sources) needed.insert(ObjectOf(table, source));
  }
  return needed;
}

}  // namespace skyhook::store
