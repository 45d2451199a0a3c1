// Reads and writes the manifests of a table, and their parts.
#pragma once

#include <arrow/result.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "skyhook/objects/object_store.h"
#include "skyhook/table/manifest.h"

namespace skyhook::table {

/// kCorruptData, naming the object, when it holds another snapshot than `id` or none.
arrow::Result<Manifest> ReadManifest(objects::ObjectStore* store, const std::string& table,
                                     const std::string& id);

/// The snapshot before; nothing at the first, or where those before it were vacuumed.
arrow::Result<std::optional<Manifest>> ReadParent(objects::ObjectStore* store,
                                                  const std::string& table,
                                                  const Manifest& manifest);

/// The snapshot with all of its fragments: reads the parts.
arrow::Result<Snapshot> LoadSnapshot(objects::ObjectStore* store, const std::string& table,
                                     const Manifest& manifest);

/// Writes a manifest, after it was read back from the bytes that are written. An earlier try of the
/// same commit may have written the same.
///
/// A tail of more than kMostTail fragments becomes a part before. Of parts of about one size there
/// are fewer than kMergedParts, for as many become one: what is written for fragments that are
/// added is in proportion to them, whatever the table has, but for a factor that grows with its
/// logarithm.
arrow::Status WriteManifest(objects::ObjectStore* store, const std::string& table,
                            Manifest* manifest);
inline constexpr size_t kMostTail = 64;
inline constexpr size_t kMergedParts = 8;

/// The names, with the table, of the objects that snapshots need. Reads each part once.
arrow::Result<std::set<std::string>> NeededBy(objects::ObjectStore* store, const std::string& table,
                                              const std::vector<const Manifest*>& manifests);

}  // namespace skyhook::table
