// What the Tab key offers at the prompt: keywords, tables, columns of the tables that a statement
// names, files within quotes, and the commands of the shell.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/line_editor.h"
#include "skyhook/sql/database.h"

namespace skyhook::cli {

/// Asks `connection` for names when they are needed. Not thread-safe; `connection` has to outlive
/// it.
class NameCompleter {
 public:
  NameCompleter(sql::Connection* connection, std::vector<std::string> commands)
      : connection_(connection), commands_(std::move(commands)) {}

  /// `statement` is what was typed before the line, `before` the line up to the cursor.
  Completions Complete(const std::string& statement, const std::string& before);

 private:
  std::vector<std::string> NamesFor(const std::string& statement);
  const std::vector<std::string>& ColumnsOf(const std::string& table);

  sql::Connection* connection_;
  std::vector<std::string> commands_;
  std::vector<std::string> keywords_;
  std::map<std::string, std::vector<std::string>> columns_;  // by table, as it is written in SQL
};

/// The tables behind FROM, JOIN and commas, as they are written: "lineitem", "'dir/x.parquet'".
std::vector<std::string> TablesNamedIn(const std::string& statement);

}  // namespace skyhook::cli
