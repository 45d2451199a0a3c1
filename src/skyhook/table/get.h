// Gives a table back as files.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/format/parquet/rewrite/assembly.h"
#include "skyhook/objects/object_store.h"
#include "skyhook/table/snapshot.h"
#include "skyhook/table/source_file.h"

namespace skyhook::table {

/// One file that a table gives back.
struct TableFile {
  std::string name;  ///< as it was put; unlike all others
  int64_t bytes = 0;
  /// The file as it was put, byte for byte...
  std::optional<SourceFile> source;
  /// ...or one with the same rows, put together of the objects that hold them; and why.
  std::optional<format::ParquetAssembly> assembly;
  std::string notice;
};

/// The files that `snapshot` was put from, in the order of rows. Where row groups were encoded
/// anew, the rows that stand in for a file are as many files as their footers make necessary.
arrow::Result<std::vector<TableFile>> FilesOf(objects::ObjectStore* store, const std::string& table,
                                              const Snapshot& snapshot);

/// Hands the file's bytes to `write`, a few MiB at a time. Fails with kCorruptData when a file that
/// should be as it was put is not.
arrow::Status WriteTableFile(objects::ObjectStore* store, const std::string& table,
                             const TableFile& file,
                             const std::function<arrow::Status(const arrow::Buffer&)>& write);

}  // namespace skyhook::table
