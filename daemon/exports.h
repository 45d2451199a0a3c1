// The directories that are served, and which names in them are tables.
#pragma once

#include <arrow/result.h>
#include <arrow/util/cancel.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/settings.h"
#include "skyhook/client/session.h"
#include "skyhook/client/table.h"

namespace skyhook::daemon {

/// Names a table: its export, and what it is called there. `@N` behind it means its snapshot N.
struct TableName {
  std::string export_name;
  std::string table;

  std::string ToString() const { return export_name + "/" + table; }
};

/// Thread-safe.
class Exports {
 public:
  /// Fails where one is no directory.
  static arrow::Result<std::unique_ptr<Exports>> Open(const std::vector<ExportSettings>& settings,
                                                      client::Session* session);

  /// All of them, in order.
  arrow::Result<std::vector<TableName>> List(const arrow::StopToken& stop) const;
  /// The tables of an export, in order; KeyError: there is none of that name.
  arrow::Result<std::vector<std::string>> TablesOf(const std::string& export_name,
                                                   const arrow::StopToken& stop) const;
  /// Those of its exports that have a table of that name.
  arrow::Result<std::vector<TableName>> Find(const std::string& table,
                                             const arrow::StopToken& stop) const;
  /// KeyError: there is none. A name is looked up among those that an export has, and never taken
  /// for a path; what leads out of the directory, through a link, is refused.
  arrow::Result<std::shared_ptr<const client::Table>> OpenTable(const TableName& name,
                                                                const arrow::StopToken& stop) const;
  /// "export/path" of a file of an export.
  std::string NameOf(const std::string& path) const;
  /// The file that NameOf gave a name; KeyError where it is none of a table of files, a part of the
  /// name is hidden, or there is no such export. Links that lead out are refused.
  arrow::Result<std::string> PathOf(const std::string& name) const;
  /// `status` with NameOf in place of the paths in its message: where files lie is no concern of
  /// clients.
  arrow::Status Shown(const arrow::Status& status) const;

 private:
  explicit Exports(client::Session* session) : session_(session) {}
  arrow::Result<std::map<std::string, std::string>> TablesBelow(const std::string& root,
                                                                const arrow::StopToken& stop) const;
  arrow::Result<std::string> RootOf(const std::string& export_name) const;

  client::Session* const session_;
  std::map<std::string, std::string> exports_;  ///< directories, without links
};

}  // namespace skyhook::daemon
