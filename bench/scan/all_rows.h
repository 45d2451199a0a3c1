// All rows of a Parquet file: how long client::Scan takes for them, and the least that any reader
// needs.
#pragma once

#include <arrow/result.h>

#include <string>
#include <vector>

namespace skyhook::bench {

/// Milliseconds until all rows of `file` were there as batches, on one thread; `dictionaries` are
/// handed out as such (client::ScanOptions).
arrow::Result<double> ReadAllRows(const std::string& file,
                                  const std::vector<std::string>& dictionaries);

/// Milliseconds that decompressing all pages of `file` takes, two in step where that is faster, and
/// copying what comes out once; without reading the file.
arrow::Result<double> DecompressAndCopy(const std::string& file);

}  // namespace skyhook::bench
