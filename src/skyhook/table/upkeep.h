// Keeps tables in order: checks what is stored, removes what nobody needs.
#pragma once

#include <arrow/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "skyhook/objects/object_store.h"
#include "skyhook/table/snapshot.h"

namespace skyhook::table {

struct VerifyReport {
  int64_t objects = 0;
  int64_t bytes = 0;
  std::vector<std::string> problems;  ///< a sentence each, naming the object
};

/// Compares size and CRC-32C of every data object of a snapshot with the manifest, and reads the
/// objects that describe its files; whether these come back byte for byte, only giving them back
/// tells. `on_progress` is told the bytes that were checked. Errors of the store end it; what is
/// missing or changed is a problem.
arrow::Result<VerifyReport> Verify(objects::ObjectStore* store, const std::string& table,
                                   const Snapshot& snapshot,
                                   const std::function<void(int64_t)>& on_progress);

struct VacuumOptions {
  /// Snapshots that were current, and objects that were written, within this time stay: somebody
  /// may read the ones, or be about to commit the others.
  std::chrono::seconds keep = std::chrono::hours(7 * 24);
  bool dry_run = false;  ///< only say what would be removed
};

struct VacuumReport {
  std::vector<std::string> removed;  ///< names of objects
  int64_t bytes = 0;                 ///< of these
  int64_t snapshots_kept = 0;
};

/// Removes snapshots that are past keeping, and objects that no snapshot needs: those of snapshots
/// removed, and what writers that ended early have left. Works also where only such is left, and
/// leaves alone what no table has named (IsObjectName).
arrow::Result<VacuumReport> Vacuum(objects::ObjectStore* store, const std::string& table,
                                   const VacuumOptions& options);

}  // namespace skyhook::table
