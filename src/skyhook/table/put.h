// Puts files into a table: as objects that are Parquet files of their own.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/base/byte_source.h"
#include "skyhook/format/parquet/rewrite/writer.h"
#include "skyhook/objects/object_store.h"
#include "skyhook/table/manifest.h"

namespace skyhook::table {

enum class Existing : uint8_t { kRefuse, kAppend, kReplace };

struct PutOptions {
  /// What to do when there is such a table.
  Existing existing = Existing::kRefuse;
  /// Objects are ended when they have so many bytes, and have at most `most_bytes` where row groups
  /// allow it: what an OSD reads in one call, and far below what Ceph takes for one object.
  int64_t target_bytes = int64_t{32} << 20;
  int64_t most_bytes = int64_t{64} << 20;
  /// Fail rather than re-encode a row group that is larger than an object.
  bool verbatim = false;
  /// How what is encoded anew is written.
  format::ParquetWriteOptions write;
  /// Objects on their way at a time; each is held in memory.
  int uploads = 4;
  /// Called from several threads with the bytes that have arrived, and those of all files.
  std::function<void(int64_t done, int64_t total)> on_progress;
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

struct PutReport {
  Manifest snapshot;
  int64_t objects = 0;               ///< that were needed
  int64_t objects_found = 0;         ///< of these, written by a run that was interrupted
  bool committed_before = false;     ///< such a run had come to its end after all
  std::vector<std::string> notices;  ///< for people: what was encoded anew
};

/// Puts Parquet files, in this order, cut at row-group boundaries and otherwise as they are; Arrow
/// IPC files of up to `most_bytes` as they are. All have the columns of the first, or of the table:
/// otherwise it fails before it writes anything.
///
/// Interrupted, it goes on where it was when it is called again for the same files (by name, size
/// and version) and options, within three days. Such calls at the same time put the files once
/// each.
arrow::Result<PutReport> Put(objects::ObjectStore* store, const std::string& table,
                             const std::vector<std::shared_ptr<base::ByteSource>>& files,
                             const PutOptions& options);

/// Puts rows as they come, encoded as `options.write` says; `name` is what the account calls their
/// origin.
arrow::Result<PutReport> PutRows(objects::ObjectStore* store, const std::string& table,
                                 arrow::RecordBatchReader* rows, const std::string& name,
                                 const PutOptions& options);

}  // namespace skyhook::table
