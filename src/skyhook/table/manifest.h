// How a snapshot is stored: a manifest, and parts that list what is too much for it.
//
// A manifest is an Arrow IPC file with a row for each fragment at the end of the table. Columns:
// object, bytes, rows, row_group_rows, crc32c, sources, reencoded, column_bytes, and statistics, a
// struct with a field for each column of the table, each a struct of min, max, null_count and
// may_have_nan. The rest of the snapshot is in the schema's metadata, under keys that begin with
// `skyhook.`; the table's schema is there as an IPC schema message in base 64. `skyhook.parts` has
// a line for each part: its object, bytes and CRC-32C, and how many fragments, rows and bytes of
// data it lists.
//
// A part is an Arrow IPC file with the same columns, and `skyhook.part` instead of
// `skyhook.manifest`. It is written once, and named by every manifest whose table has its
// fragments. A manifest without parts is of version 1, as the first release wrote it, and one with
// parts of version 2. Readers refuse others.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "skyhook/table/snapshot.h"

namespace skyhook::table {

struct ManifestPart {
  std::string object;  ///< its name within the table
  int64_t bytes = 0;
  uint32_t crc32c = 0;
  int64_t fragments = 0;   ///< that it lists
  int64_t rows = 0;        ///< of these
  int64_t data_bytes = 0;  ///< likewise

  bool operator==(const ManifestPart&) const = default;
};

/// What one object says of a snapshot. The table's fragments are those of its parts, in order, and
/// then the tail.
struct Manifest {
  int64_t sequence = 0;   ///< 1 for the first of a table
  std::string commit;     ///< the unique name of the change that made it
  std::string parent;     ///< the id of the snapshot before; empty: there is none
  std::string operation;  ///< what made it: "put", "append", "replace", "compact"
  int64_t created_ns = 0;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<ManifestPart> parts;
  std::vector<StoredFragment> tail;

  std::string id() const;
  int64_t num_fragments() const;
  int64_t num_rows() const;
  int64_t num_bytes() const;
};

/// Without parts.
Manifest ManifestWith(Snapshot snapshot);

arrow::Result<std::shared_ptr<arrow::Buffer>> EncodeManifest(const Manifest& manifest);

/// kCorruptData, naming `name`, for bytes that are no manifest.
arrow::Result<Manifest> DecodeManifest(const std::shared_ptr<arrow::Buffer>& bytes,
                                       const std::string& name);

/// `schema` is that of the table. Sets all of `part` but its name.
arrow::Result<std::shared_ptr<arrow::Buffer>> EncodePart(
    const std::vector<StoredFragment>& fragments, const arrow::Schema& schema, ManifestPart* part);

/// kCorruptData, naming `name`, for bytes that are not what `part` says, or of a table with other
/// columns than `schema`.
arrow::Result<std::vector<StoredFragment>> DecodePart(const std::shared_ptr<arrow::Buffer>& bytes,
                                                      const ManifestPart& part,
                                                      const arrow::Schema& schema,
                                                      const std::string& name);

}  // namespace skyhook::table
