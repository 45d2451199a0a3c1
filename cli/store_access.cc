#include "cli/store_access.h"

#include <fmt/format.h>

#include "cli/exit_code.h"
#include "skyhook/client/stored_table.h"

namespace skyhook::cli {

using arrow::Result;

Result<OpenedTable> OpenTableOf(const std::string& uri, const RunOptions& options) {
  auto location = store::ParseTableUri(uri);
  if (!location.ok()) return UsageError(location.status().message());
  ARROW_ASSIGN_OR_RAISE(const auto opened,
                        client::OpenStore(*location, OpenOptionsOf(options).rados));
  return OpenedTable{opened.objects, *std::move(location)};
}

Result<OpenedTable> OpenTableToChange(const std::string& uri, const RunOptions& options,
                                      const std::string& what) {
  ARROW_ASSIGN_OR_RAISE(auto opened, OpenTableOf(uri, options));
  if (opened.location.snapshot.empty()) return opened;
  return UsageError(fmt::format("'{}' names a snapshot, which nobody can {}", uri, what));
}

}  // namespace skyhook::cli
