// Connections to a DuckDbDatabase.
#pragma once

#include <memory>

#include "skyhook/sql/connection.h"
#include "skyhook/sql/duckdb_database.h"

namespace skyhook::sql {

std::unique_ptr<Connection> MakeConnection(std::shared_ptr<DuckDbDatabase> database);

}  // namespace skyhook::sql
