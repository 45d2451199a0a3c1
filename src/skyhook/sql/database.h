// A DuckDB database set up for Skyhook: its function, its replacement scan, its optimizer
// extension.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "duckdb.hpp"
#include "skyhook/sql/session.h"

namespace skyhook::sql {

/// The one release of DuckDB whose C++ interface this folder is written against.
inline constexpr const char* kDuckDbVersion = "v1.5.6";

/// An empty database in memory. Fails when the library is of another release.
arrow::Result<std::unique_ptr<duckdb::DuckDB>> OpenDatabase(const SessionOptions& options);

}  // namespace skyhook::sql
