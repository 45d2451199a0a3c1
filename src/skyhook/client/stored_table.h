// Tables of a store, as client tables: what a manifest says stands in for looking at each fragment.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "skyhook/client/table.h"
#include "skyhook/objects/object_store.h"
#include "skyhook/site/site.h"
#include "skyhook/table/location.h"

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

struct OpenedStore {
  std::shared_ptr<objects::ObjectStore> objects;
  std::shared_ptr<site::Site> site;  ///< of the same objects
  bool rados = false;

  /// What the site calls an object.
  std::string NameOf(const std::string& object) const;
};

/// Pools are opened once for the whole process; later calls give the same. Waits of the store, and
/// of the opening, end when the stop of `options` is requested; waits of the site are those of its
/// callers.
arrow::Result<OpenedStore> OpenStore(const table::Location& location, const OpenOptions& options);

/// The tables of `rados://POOL[/NAMESPACE]`: names and URIs.
arrow::Result<std::map<std::string, std::string>> TablesOfPool(const std::string& uri,
                                                               const OpenOptions& options);

arrow::Result<std::shared_ptr<Table>> OpenStoredTable(const std::string& uri,
                                                      const OpenOptions& options);

}  // namespace skyhook::client
