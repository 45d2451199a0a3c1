#include "cli/store_access.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/exit_code.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/objects/rados_pool.h"

namespace skyhook::cli {

using arrow::Result;

Result<OpenedTable> OpenTableOf(const std::string& uri, const RunOptions& options,
                                arrow::StopToken stop) {
  auto location = table::ParseTableUri(uri);
  if (!location.ok()) return UsageError(location.status().message());
  std::error_code ignored;
  const auto there =
      std::filesystem::status(std::filesystem::path(location->root) / location->table, ignored);
  if (!location->rados && std::filesystem::exists(there) && !std::filesystem::is_directory(there)) {
    return UsageError(
        fmt::format("'{}' is a file, and a table is a directory that put has made "
                    "(sql, schema, head and stats read files)",
                    uri));
  }
  ARROW_ASSIGN_OR_RAISE(const auto opened, options.session->OpenStore(*location, stop));
  return OpenedTable{opened.objects, *std::move(location)};
}

Result<OpenedTable> OpenTableToChange(const std::string& uri, const RunOptions& options,
                                      const std::string& what, arrow::StopToken stop) {
  ARROW_ASSIGN_OR_RAISE(auto opened, OpenTableOf(uri, options, std::move(stop)));
  if (opened.location.snapshot.empty()) return opened;
  return UsageError(fmt::format("'{}' names a snapshot, which nobody can {}", uri, what));
}

namespace {

// The table of a URI that may be one; nothing where neither it nor anything of it is there.
Result<std::optional<OpenedTable>> FindTable(const std::string& uri, const RunOptions& options) {
  if (!table::ParseTableUri(uri).ok()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(OpenedTable table, OpenTableOf(uri, options));
  ARROW_ASSIGN_OR_RAISE(const auto head, table.store->ReadPointer(table::HeadOf(table.table())));
  if (head.has_value()) return table;
  ARROW_ASSIGN_OR_RAISE(const auto left, table::HasLeftOver(table.store.get(), table.table()));
  return left ? std::optional(std::move(table)) : std::nullopt;
}

}  // namespace

Result<Found> FindTableOrStore(const std::string& uri, const RunOptions& options) {
  Found found;
  ARROW_ASSIGN_OR_RAISE(found.table, FindTable(uri, options));
  if (found.table.has_value()) return found;
  const auto location = table::ParseStoreUri(uri);
  if (!location.ok()) {
    return UsageError(
        fmt::format("'{}' is no table, and no store: {}", uri, location.status().message()));
  }
  const auto nothing = arrow::Status::IOError(fmt::format("there is no table '{}'", uri));
  std::error_code ignored;
  if (!location->rados && !std::filesystem::is_directory(location->root, ignored)) return nothing;
  if (!location->rados) ARROW_RETURN_NOT_OK(client::CheckHoldsTables(location->root));
  ARROW_ASSIGN_OR_RAISE(const auto opened,
                        options.session->OpenStore(*location, arrow::StopToken::Unstoppable()));
  found.store = opened.objects;
  ARROW_ASSIGN_OR_RAISE(found.listing, table::ListTables(found.store.get()));
  // Nobody makes namespaces: one without tables is as good as a table that is not there.
  const bool empty = found.listing.tables.empty() && found.listing.left_over.empty();
  if (empty && !location->name_space.empty()) return nothing;
  if (location->rados && location->name_space.empty()) {
    auto* pool = static_cast<objects::RadosPool*>(found.store.get());
    ARROW_ASSIGN_OR_RAISE(found.name_spaces, pool->NameSpacesWithTables());
  }
  return found;
}

}  // namespace skyhook::cli
