// Tables of a store: their snapshots, and how the current one is changed.
#pragma once

#include <arrow/result.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/objects/object_store.h"
#include "skyhook/table/manifest.h"
#include "skyhook/table/snapshot.h"

namespace skyhook::table {

struct StoreListing {
  std::vector<std::string> tables;     ///< names, sorted
  std::vector<std::string> left_over;  ///< likewise, of objects without a table's pointer
};

/// Lists all objects of the store, and reads none.
arrow::Result<StoreListing> ListTables(objects::ObjectStore* store);

/// Whether there are objects of a table that may have no pointer. Lists the store's objects.
arrow::Result<bool> HasLeftOver(objects::ObjectStore* store, const std::string& table);

/// The error for a table that is not there. Where objects of one are all the same, which readers
/// must not take for its rows, it says what they are. Lists the store's objects.
arrow::Status NoTable(objects::ObjectStore* store, const std::string& table);

/// What to say of objects of a table without its pointer; `uri` is where they are.
std::string LeftOver(const std::string& uri);

/// What the current snapshot's manifest says; nothing when there is no such table.
arrow::Result<std::optional<Manifest>> CurrentManifest(objects::ObjectStore* store,
                                                       const std::string& table);

/// The snapshot, with all of its fragments, that `which` means: the current one when it is empty,
/// else that of this sequence number. Fails, naming the table, when there is none, or no more.
arrow::Result<Snapshot> ReadSnapshot(objects::ObjectStore* store, const std::string& table,
                                     const std::string& which);

/// The current snapshot and those before it, as far as they are kept; the newest first. Empty when
/// there is no such table.
arrow::Result<std::vector<Manifest>> History(objects::ObjectStore* store, const std::string& table);

/// Makes schema, parts, tail and operation of the next snapshot's manifest out of the current one
/// (null: there is no table). Called again when another writer was faster.
using Change = std::function<arrow::Result<Manifest>(const Manifest* current)>;

struct Committed {
  Manifest manifest;
  bool before = false;  ///< it had been committed already
};

/// Makes `change` the table's current snapshot under the name `commit`, which is unique to what is
/// to be done: done again, it is found to be there. The table is looked through for it back to
/// snapshot `since`.
///
/// Writes a manifest and swings the pointer. Whoever loses a race tries again, kMostCommitTries
/// times. After an error of the store the outcome is looked up; when that fails too, the error says
/// that it is unknown, and calling again with the same `commit` is safe.
arrow::Result<Committed> Commit(objects::ObjectStore* store, const std::string& table,
                                const std::string& commit, int64_t since, const Change& change);
inline constexpr int kMostCommitTries = 100;

/// Removes a table: the pointer first, then what its snapshots need. Objects of writers that have
/// not committed stay, for them or for Vacuum. False: there is no such table.
arrow::Result<bool> RemoveTable(objects::ObjectStore* store, const std::string& table);

}  // namespace skyhook::table
