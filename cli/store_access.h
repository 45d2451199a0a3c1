// The store and the table that a URI of the command line means.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "skyhook/objects/object_store.h"
#include "skyhook/table/location.h"
#include "skyhook/table/table.h"

namespace skyhook::cli {

struct OpenedTable {
  std::shared_ptr<objects::ObjectStore> store;
  table::Location location;

  const std::string& table() const { return location.table; }
};

/// Opens the store, whose waits end by `stop`; whether it has the table is not looked at.
arrow::Result<OpenedTable> OpenTableOf(const std::string& uri, const RunOptions& options,
                                       arrow::StopToken stop = arrow::StopToken::Unstoppable());

/// The same of a URI that must not name a snapshot: `what` is what is to be done with it.
arrow::Result<OpenedTable> OpenTableToChange(
    const std::string& uri, const RunOptions& options, const std::string& what,
    arrow::StopToken stop = arrow::StopToken::Unstoppable());

/// What a URI of `ls` and `vacuum` names: a table, or what is left over of one, or else a store.
struct Found {
  std::optional<OpenedTable> table;
  std::shared_ptr<objects::ObjectStore> store;  ///< where `table` is empty, with what it holds
  table::StoreListing listing;
  /// Of a whole pool: the namespaces that hold tables too.
  std::vector<std::string> name_spaces;
};
arrow::Result<Found> FindTableOrStore(const std::string& uri, const RunOptions& options);

}  // namespace skyhook::cli
