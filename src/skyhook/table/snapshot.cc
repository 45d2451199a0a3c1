#include "skyhook/table/snapshot.h"

namespace skyhook::table {

std::string Snapshot::id() const { return SnapshotId(sequence, commit); }

int64_t Snapshot::num_rows() const {
  int64_t rows = 0;
  for (const StoredFragment& fragment : fragments) rows += fragment.rows;
  return rows;
}

int64_t Snapshot::num_bytes() const {
  int64_t bytes = 0;
  for (const StoredFragment& fragment : fragments) bytes += fragment.bytes;
  return bytes;
}

}  // namespace skyhook::table
