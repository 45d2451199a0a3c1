// How a fragment stores its columns: row groups, pages, encodings and sizes, for people to look at.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <vector>

#include "skyhook/client/table.h"

namespace skyhook::client {

/// One column of a fragment, over all its row groups.
struct ColumnStorage {
  std::string name;                 ///< path of the leaf, "a.b" for nested columns
  std::string type;                 ///< physical and logical type as the file declares them
  std::string encodings;            ///< of its data pages, "RLE_DICTIONARY, PLAIN"
  std::string compression;          ///< "SNAPPY"
  int64_t data_pages = -1;          ///< -1: the file does not say
  int64_t values = 0;               ///< nulls included
  int64_t nulls = -1;               ///< -1: the file does not say
  int64_t compressed_bytes = -1;    ///< -1: the file does not say
  int64_t uncompressed_bytes = -1;  ///< -1: the file does not say
  bool page_index = false;          ///< in all row groups
  bool bloom_filter = false;        ///< in all row groups
};

struct FragmentStorage {
  std::string name;
  std::string format;  ///< "Parquet" or "Arrow IPC"
  std::string created_by;
  int64_t bytes = 0;
  int64_t rows = 0;
  int64_t row_groups = 0;  ///< of Arrow IPC: record batches
  std::vector<ColumnStorage> columns;
};

/// Reads the fragment's footer.
arrow::Result<FragmentStorage> DescribeStorage(const TableFragment& fragment);

}  // namespace skyhook::client
