// Joins the small objects of a table into larger ones, without encoding anything anew.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <string>

#include "skyhook/objects/object_store.h"
#include "skyhook/table/snapshot.h"

namespace skyhook::table {

struct CompactOptions {
  /// Objects of less are joined with their neighbours until they have so many bytes.
  int64_t target_bytes = int64_t{32} << 20;
  int uploads = 4;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

struct CompactReport {
  int64_t sequence = 0;        ///< of the snapshot that is current afterwards
  int64_t objects_before = 0;  ///< that were joined
  int64_t objects_after = 0;   ///< that they became
  /// Neighbours that stay apart because footers differ in more than their row groups: another
  /// writer, other metadata.
  int64_t unlike = 0;
};

/// The order of rows, and what `get` gives back, stay as they are. Fails with kBusy when what it
/// has joined was replaced meanwhile.
arrow::Result<CompactReport> Compact(objects::ObjectStore* store, const std::string& table,
                                     const CompactOptions& options);

}  // namespace skyhook::table
