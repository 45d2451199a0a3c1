// Tables of a store, as client tables: what a manifest says stands in for looking at each fragment.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "skyhook/client/session.h"
#include "skyhook/client/table.h"

namespace skyhook::client {

/// What a directory is to tables.
enum class FolderKind : uint8_t {
  kPlain,
  kTable,     ///< it holds a table's pointer
  kLeftOver,  ///< it holds objects of a table, and no pointer says which of them are its rows
};
FolderKind KindOfFolder(const std::string& directory);

/// True for what begins with `rados://`, and for a directory (an `@N` behind it left out) that
/// holds a table or what is left over of one, which is then an error to open.
bool IsStoredTable(const std::string& uri);

/// True for what begins with `rados://`.
bool IsPool(const std::string& uri);

/// Fails, saying what to name instead, for a directory whose files are no tables each for itself
/// because it is a table, or what is left over of one.
arrow::Status CheckHoldsTables(const std::string& directory);

/// The tables of `rados://POOL[/NAMESPACE]`: names and URIs.
arrow::Result<std::map<std::string, std::string>> TablesOfPool(Session* session,
                                                               const std::string& uri,
                                                               const arrow::StopToken& stop);

arrow::Result<std::shared_ptr<Table>> OpenStoredTable(Session* session, const std::string& uri,
                                                      const arrow::StopToken& stop);

}  // namespace skyhook::client
