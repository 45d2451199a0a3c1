// Where a table is: which store, and what it is called there.
#pragma once

#include <arrow/result.h>

#include <optional>
#include <string>

namespace skyhook::table {

/// Of a URI: `rados://POOL[/NAMESPACE]/TABLE`, or the path of a directory; either may end in
/// `@SNAPSHOT`, the sequence number of an older snapshot.
struct Location {
  bool rados = false;
  std::string pool;
  std::string name_space;
  std::string root;      ///< of a local table: the directory that its directory is in
  std::string table;     ///< empty where a store is meant rather than a table
  std::string snapshot;  ///< empty: the current one

  /// Without the table: `rados://POOL[/NAMESPACE]`, or the directory.
  std::string store_uri() const;
};

/// True for what begins with `rados://`.
bool IsRadosUri(const std::string& uri);

/// The location of a table. Fails with Invalid, naming `uri` and the form that is expected.
arrow::Result<Location> ParseTableUri(const std::string& uri);

/// The location of a store: `rados://POOL[/NAMESPACE]`, or a directory.
arrow::Result<Location> ParseStoreUri(const std::string& uri);

}  // namespace skyhook::table
