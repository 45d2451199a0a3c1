#include "daemon/exports.h"

#include <arrow/util/utf8.h>

#include <filesystem>
#include <sstream>
#include <system_error>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/client/file_listing.h"
#include "skyhook/client/stored_table.h"

namespace skyhook::daemon {
namespace {

using arrow::Result;
using arrow::Status;

// What follows a table's name: "@" and digits, or nothing.
std::string SnapshotOf(const std::string& table) {
  const size_t at = table.rfind('@');
  if (at == std::string::npos || at + 1 == table.size()) return {};
  if (table.find_first_not_of("0123456789", at + 1) != std::string::npos) return {};
  return table.substr(at);
}

// What `path` of a directory links to, which has to lie there too. A link that changes from now on
// is for the confinement of the process (confinement.h).
Result<std::string> WithoutLinks(const std::string& root, const std::string& path,
                                 const std::string& name) {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  if (error) {
    return Status::IOError(fmt::format("cannot open '{}': {}", name, error.message()));
  }
  if (real.starts_with(root + "/")) return real;
  return base::MakeStatus(base::Code::kUnauthorised,
                          fmt::format("'{}' is a link that leads out of its export", name));
}

}  // namespace

Result<std::unique_ptr<Exports>> Exports::Open(const std::vector<ExportSettings>& settings,
                                               client::Session* session) {
  arrow::util::InitializeUTF8();
  std::unique_ptr<Exports> out(new Exports(session));
  for (const ExportSettings& one : settings) {
    std::error_code error;
    const std::filesystem::path root = std::filesystem::canonical(one.root, error);
    if (error) {
      return Status::IOError(
          fmt::format("--export {}={}: {}", one.name, one.root, error.message()));
    }
    if (!std::filesystem::is_directory(root, error)) {
      return Status::IOError(
          fmt::format("--export {}={}: it is not a directory", one.name, one.root));
    }
    out->exports_.emplace(one.name, root.string());
  }
  return out;
}

Result<std::map<std::string, std::string>> Exports::TablesBelow(
    const std::string& root, const arrow::StopToken& stop) const {
  ARROW_ASSIGN_OR_RAISE(auto tables, client::TablesOfStore(session_, root, stop));
  // No message of Flight can name others.
  std::erase_if(tables, [](const auto& table) { return !arrow::util::ValidateUTF8(table.first); });
  return tables;
}

Result<std::string> Exports::RootOf(const std::string& export_name) const {
  const auto found = exports_.find(export_name);
  if (found != exports_.end()) return found->second;
  return Status::KeyError(fmt::format("there is no export '{}'", export_name));
}

Result<std::vector<std::string>> Exports::TablesOf(const std::string& export_name,
                                                   const arrow::StopToken& stop) const {
  ARROW_ASSIGN_OR_RAISE(const std::string root, RootOf(export_name));
  ARROW_ASSIGN_OR_RAISE(const auto tables, TablesBelow(root, stop));
  std::vector<std::string> out;
  for (const auto& [table, path] : tables) out.push_back(table);
  return out;
}

Result<std::vector<TableName>> Exports::List(const arrow::StopToken& stop) const {
  std::vector<TableName> out;
  for (const auto& [name, root] : exports_) {
    const auto tables = TablesBelow(root, stop);
    ARROW_RETURN_NOT_OK(stop.Poll());
    // One that cannot be read hides no other.
    if (!tables.ok() && exports_.size() > 1) continue;
    ARROW_RETURN_NOT_OK(tables);
    for (const auto& [table, path] : *tables) out.push_back({name, table});
  }
  return out;
}

Result<std::vector<TableName>> Exports::Find(const std::string& table,
                                             const arrow::StopToken& stop) const {
  const std::string stem = table.substr(0, table.size() - SnapshotOf(table).size());
  ARROW_ASSIGN_OR_RAISE(const std::vector<TableName> all, List(stop));
  std::vector<TableName> out;
  for (const TableName& one : all) {
    // Of a table that is called so, and of one with that snapshot, there is one in an export.
    const bool is_last = !out.empty() && out.back().export_name == one.export_name;
    if ((one.table == stem || one.table == table) && !is_last)
      out.push_back({one.export_name, table});
  }
  return out;
}

Result<std::shared_ptr<const client::Table>> Exports::OpenTable(
    const TableName& name, const arrow::StopToken& stop) const {
  ARROW_ASSIGN_OR_RAISE(const std::string root, RootOf(name.export_name));
  ARROW_ASSIGN_OR_RAISE(const auto tables, TablesBelow(root, stop));
  std::string snapshot;
  auto listed = tables.find(name.table);
  if (listed == tables.end()) {
    snapshot = SnapshotOf(name.table);
    listed = tables.find(name.table.substr(0, name.table.size() - snapshot.size()));
  }
  if (listed == tables.end()) {
    return Status::KeyError(
        fmt::format("export '{}' has no table '{}'", name.export_name, name.table));
  }
  ARROW_ASSIGN_OR_RAISE(const std::string path,
                        WithoutLinks(root, listed->second, name.ToString()));
  if (!snapshot.empty() && !client::IsStoredTable(path)) {
    return Status::KeyError(
        fmt::format("table '{}' of export '{}' has no snapshots: it is not stored", listed->first,
                    name.export_name));
  }
  client::OpenOptions options;
  options.stop = stop;
  ARROW_ASSIGN_OR_RAISE(auto table, client::OpenTable(session_, path + snapshot, options));
  for (const client::TableFragment& fragment : table->fragments) {
    if (fragment.stored != nullptr) break;  // its objects are files that it has written itself
    const std::string& file = fragment.description.id.name;
    ARROW_RETURN_NOT_OK(WithoutLinks(root, file, NameOf(file)));
  }
  return table;
}

std::string Exports::NameOf(const std::string& path) const {
  for (const auto& [name, root] : exports_) {
    if (path.starts_with(root + "/")) return name + path.substr(root.size());
  }
  return path;
}

Result<std::string> Exports::PathOf(const std::string& name) const {
  const size_t slash = name.find('/');
  ARROW_ASSIGN_OR_RAISE(const std::string root, RootOf(name.substr(0, slash)));
  const std::string below = slash == std::string::npos ? "" : name.substr(slash + 1);
  std::istringstream parts(below + "/");
  for (std::string part; std::getline(parts, part, '/');) {
    // ".." is one of them.
    if (!part.empty() && part.front() != '.' && part.find('\0') == std::string::npos) continue;
    return Status::KeyError(fmt::format("'{}' names no file of an export", name));
  }
  ARROW_ASSIGN_OR_RAISE(std::string path, WithoutLinks(root, root + "/" + below, name));
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const bool is_listed =
      client::HasKnownEnding(below) && client::KindOfFolder(folder) == client::FolderKind::kPlain;
  if (is_listed) return path;
  return Status::KeyError(fmt::format("'{}' names no file of a table", name));
}

Status Exports::Shown(const Status& status) const {
  if (status.ok()) return status;
  std::string message = status.message();
  for (const auto& [name, root] : exports_) {
    for (size_t at = 0; (at = message.find(root, at)) != std::string::npos;) {
      const size_t end = at + root.size();
      const bool is_whole = end == message.size() || message[end] == '/' || message[end] == '\'';
      if (is_whole) message.replace(at, root.size(), name);
      at += is_whole ? name.size() : root.size();
    }
  }
  return Status(status.code(), std::move(message), status.detail());
}

}  // namespace skyhook::daemon
