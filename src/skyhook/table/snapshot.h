// A table at one moment: its schema and the objects that hold its rows.
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/plan/statistics.h"
#include "skyhook/table/object_names.h"

namespace skyhook::table {

/// One data object: a whole Parquet or Arrow IPC file.
struct StoredFragment {
  std::string object;  ///< its name within the table
  int64_t bytes = 0;
  int64_t rows = 0;
  std::vector<int64_t> row_group_rows;  ///< of each row group
  uint32_t crc32c = 0;                  ///< of the whole object
  /// The objects that describe the files these rows were put from (table/source_file.h).
  std::vector<std::string> sources;
  bool reencoded = false;  ///< its bytes are not those of the file
  /// By column of the table, of all rows together, in engine types; nothing where little is known.
  std::vector<std::optional<plan::ColumnStatistics>> statistics;
  std::vector<int64_t> column_bytes;  ///< stored, by column of the table
};

struct Snapshot {
  int64_t sequence = 0;                   ///< 1 for the first of a table
  std::string commit;                     ///< the unique name of the change that made it
  std::string parent;                     ///< the id of the snapshot before; empty: there is none
  std::string operation;                  ///< what made it: "put", "append", "replace", "compact"
  int64_t created_ns = 0;                 ///< since 1970, by the writer's clock
  std::shared_ptr<arrow::Schema> schema;  ///< as the fragments declare it
  std::vector<StoredFragment> fragments;  ///< in the order of the table's rows

  std::string id() const;
  int64_t num_rows() const;
  int64_t num_bytes() const;
};

}  // namespace skyhook::table
