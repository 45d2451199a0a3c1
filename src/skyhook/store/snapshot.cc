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

std::string ObjectOf(const std::string& table, const std::string& object) {
  return table + "/" + object;
}

std::string HeadOf(const std::string& table) { return ObjectOf(table, "_head"); }

std::string ManifestOf(const std::string& table, const std::string& snapshot_id) {
  return ObjectOf(table, "_manifest-" + snapshot_id + ".arrow");
}

}  // namespace skyhook::store
