// What a ticket of DoGet, or the command of a descriptor, asks for.
#pragma once

#include <arrow/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "skyhook/base/byte_range.h"

namespace skyhook::daemon {

inline constexpr size_t kMostTicketBytes = size_t{4} << 20;
inline constexpr size_t kMostColumns = 10'000;
/// Of bytes asked for at once.
inline constexpr size_t kMostRanges = 65536;

/// Final rows: of a plan, or of a table.
///
///     {"table": "tpch/lineitem", "columns": ["l_orderkey"], "filter": "l_quantity < 3", "limit":
///     10}
///     {"table": "tpch/lineitem", "plan": BASE64}
struct RowsTicket {
  /// A Substrait plan, or expressions over a schema, which need `table`. Empty: rows of a table.
  std::string plan;

  std::string table;                ///< "export/table"; of a plan, empty where it names its own
  std::optional<int64_t> fragment;  ///< one of the table's, by its number; none: all
  std::optional<std::vector<std::string>> columns;  ///< none: all
  std::string filter;                               ///< plan/filter_text.h; empty: none
  std::optional<int64_t> limit;
};

/// The names of an export's tables: {"tables": "tpch"}.
struct TablesTicket {
  std::string export_name;
};

/// The names of the files that a table is made of, in its order: {"files": "tpch/lineitem"}.
struct FilesTicket {
  std::string table;
};

/// Bytes of a file: {"file": "tpch/lineitem.parquet", "version": "...", "ranges": [[0, 100]]}.
struct BytesTicket {
  std::string file;     ///< "export/path"
  std::string version;  ///< empty: any
  std::vector<base::ByteRange> ranges;
};

/// A request of `wire` over a file: {"file": ..., "version": ..., "request": BASE64}.
struct WireTicket {
  std::string file;
  std::string version;
  std::string request;
};

using Ticket = std::variant<RowsTicket, TablesTicket, FilesTicket, BytesTicket, WireTicket>;

/// Reads a JSON object of one of these forms; all other bytes are a Substrait plan, binary or JSON.
/// Invalid, naming the key: one that is not known, or has another type. Safe on hostile bytes.
arrow::Result<Ticket> ReadTicket(std::string_view bytes);

/// A ticket for the rows of one fragment.
std::string FragmentTicket(const std::string& table, size_t fragment);

}  // namespace skyhook::daemon
