#include "skyhook/client/stored_table.h"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/table/table.h"

namespace skyhook::client {

namespace fs = std::filesystem;
using arrow::Result;

namespace {

site::FragmentDescription Describe(const table::StoredFragment& fragment, std::string name,
                                   std::shared_ptr<arrow::Schema> schema) {
  site::FragmentDescription out;
  out.id = {std::move(name), "", fragment.bytes};
  out.bytes = fragment.bytes;
  out.declared_schema = std::move(schema);
  out.num_rows = fragment.rows;
  int64_t begin = 0;
  for (const int64_t rows : fragment.row_group_rows) {
    out.row_groups.push_back({begin, begin + rows});
    begin += rows;
  }
  return out;
}

}  // namespace

FolderKind KindOfFolder(const std::string& directory) {
  std::error_code error;
  const fs::path path = directory.empty() ? fs::path(".") : fs::path(directory);
  if (fs::exists(table::HeadOf(path.string()), error)) return FolderKind::kTable;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (table::IsObjectName(entry->path().filename().string())) return FolderKind::kLeftOver;
  }
  return FolderKind::kPlain;
}

bool IsStoredTable(const std::string& uri) {
  if (table::IsRadosUri(uri)) return true;
  const auto location = table::ParseTableUri(uri);
  if (!location.ok()) return false;
  return KindOfFolder((fs::path(location->root) / location->table).string()) != FolderKind::kPlain;
}

bool IsPool(const std::string& uri) { return table::IsRadosUri(uri); }

arrow::Status CheckHoldsTables(const std::string& directory) {
  switch (KindOfFolder(directory)) {
    case FolderKind::kPlain:
      return arrow::Status::OK();
    case FolderKind::kTable:
      return base::Invalid("'{}' is a table, and no directory of tables: name the one above it",
                           directory);
    case FolderKind::kLeftOver:
      return arrow::Status::IOError(
          fmt::format("'{}' holds no tables: {}", directory, table::LeftOver(directory)));
  }
  return arrow::Status::OK();
}

Result<std::map<std::string, std::string>> TablesOfPool(Session* session, const std::string& uri,
                                                        const arrow::StopToken& stop) {
  ARROW_ASSIGN_OR_RAISE(const table::Location location, table::ParseStoreUri(uri));
  ARROW_ASSIGN_OR_RAISE(const OpenedStore store, session->OpenStore(location, stop));
  ARROW_ASSIGN_OR_RAISE(const auto listing, table::ListTables(store.objects.get()));
  std::map<std::string, std::string> tables;
  for (const std::string& name : listing.tables) tables[name] = location.store_uri() + "/" + name;
  return tables;
}

Result<std::shared_ptr<Table>> OpenStoredTable(Session* session, const std::string& uri,
                                               const arrow::StopToken& stop) {
  ARROW_ASSIGN_OR_RAISE(const table::Location location, table::ParseTableUri(uri));
  ARROW_ASSIGN_OR_RAISE(const OpenedStore store, session->OpenStore(location, stop));
  ARROW_ASSIGN_OR_RAISE(
      table::Snapshot read,
      table::ReadSnapshot(store.objects.get(), location.table, location.snapshot));
  const auto snapshot = std::make_shared<const table::Snapshot>(std::move(read));
  if (snapshot->schema->num_fields() == 0) {
    return base::UnsupportedPlan("'{}' has no columns that can be read", uri);
  }
  auto table = std::make_shared<Table>();
  table->name = uri;
  table->schema = snapshot->schema;
  for (const table::StoredFragment& stored : snapshot->fragments) {
    TableFragment fragment;
    const std::string name = store.NameOf(table::ObjectOf(location.table, stored.object));
    fragment.description = Describe(stored, name, snapshot->schema);
    fragment.site = store.site;
    fragment.stored = std::shared_ptr<const table::StoredFragment>(snapshot, &stored);
    fragment.learnt = std::make_shared<LearntVersion>();
    table->fragments.push_back(std::move(fragment));
  }
  return table;
}

}  // namespace skyhook::client
