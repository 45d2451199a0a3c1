// What is queried: a schema and the fragments that hold its rows.
#pragma once

#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/cancel.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "skyhook/base/memory_budget.h"
#include "skyhook/client/session.h"
#include "skyhook/placement/rates.h"
#include "skyhook/plan/statistics.h"
#include "skyhook/site/site.h"
#include "skyhook/table/snapshot.h"

namespace skyhook::client {

/// The version of a fragment whose table's manifest does not know it: learnt from the first answer,
/// and asserted from then on. Thread-safe.
class LearntVersion {
 public:
  /// Empty: none is known yet.
  std::string Get() const;
  /// kStaleObject, naming the fragment by `name`, when another version was learnt before.
  arrow::Status Learn(const std::string& version, const std::string& name);

 private:
  mutable std::mutex mutex_;
  std::string version_;
};

/// One fragment of a table, as known when the table was opened.
struct TableFragment {
  site::FragmentDescription description;
  std::shared_ptr<site::Site> site;  ///< that holds it
  /// Others that run pipelines over it, such as a daemon or a device on the way to it, under the
  /// same name: they are asked before `site`, in this order.
  std::vector<std::shared_ptr<site::Site>> nearer = {};
  /// Values of the table's partition columns, in the order of Table::partition_columns.
  std::vector<std::shared_ptr<arrow::Scalar>> partition_values;
  /// Columns of the table that have another name here.
  std::map<std::string, std::string> renamed;
  /// What the manifest of a stored table says of it; null where there is no manifest.
  std::shared_ptr<const table::StoredFragment> stored = nullptr;
  std::shared_ptr<LearntVersion> learnt = nullptr;  ///< likewise

  /// What a column of the table is called here, if it is here.
  const std::string& NameOf(const std::string& column) const;
};

/// A table is a schema and a set of fragments, sorted by path; immutable.
struct Table {
  std::string name;  ///< what it was opened as
  /// Declared types; the partition columns come last.
  std::shared_ptr<arrow::Schema> schema;
  std::vector<std::string> partition_columns;
  /// The last partition column is kFileNameColumn.
  bool has_file_names = false;
  std::vector<TableFragment> fragments;
  /// Of what is kept of fragments that are opened here; null: each has its own.
  std::shared_ptr<base::MemoryBudget> budget;
  /// Which rows passed earlier predicates, where fragments are scanned here; null: not remembered.
  std::shared_ptr<exec::PredicateCache> predicates;
  /// How fast remote sites have answered; null: nobody remembers.
  std::shared_ptr<placement::Rates> rates;

  int64_t num_rows() const;
  int64_t num_bytes() const;
};

/// The column of OpenOptions::file_names.
inline constexpr const char* kFileNameColumn = "filename";

struct OpenOptions {
  /// Read `key=value` folders as columns.
  bool hive_partitioning = true;
  /// Add a last column, kFileNameColumn, of the fragments' names; not where there is one of that
  /// name.
  bool file_names = false;
  /// Ends waits for Ceph, within 100 ms.
  arrow::StopToken stop = arrow::StopToken::Unstoppable();
};

/// Opens a stored table (`rados://POOL[/NAMESPACE]/TABLE`, or a directory that `skyhook put` has
/// made; `@N` behind it means its snapshot N), or a table of a daemon
/// (`grpc://HOST:PORT/EXPORT/TABLE`), or a file, a directory (every .parquet, .arrow and
/// .feather file below it; hidden files and names that begin with _ are left out) or a glob (`*`,
/// `?`, `[abc]`, `**`). Fields are matched by Parquet's field ids where files have them, else by
/// name (SchemaUnion): a fragment may order them differently, name them differently, or lack some
/// (they are NULL there); a field of two different types is an error that names both files.
arrow::Result<std::shared_ptr<const Table>> OpenTable(Session* session, const std::string& pattern,
                                                      const OpenOptions& options = {});

/// What is known of a column of the table, by row group of the fragment; empty when nothing is. Of
/// a stored table without asking its site, and the same bounds for all row groups.
arrow::Result<std::vector<std::optional<plan::ColumnStatistics>>> StatisticsOf(
    const Table& table, const TableFragment& fragment, const std::string& column);

/// True unless statistics say that no row of the table is NULL in `column`, one of its own. Asks
/// for statistics of every fragment; of a table with more than 256 it does not, and says true.
arrow::Result<bool> MayHoldNull(const Table& table, const std::string& column);

/// True when `name` is something OpenTable might open: a stored table, a directory with a file of
/// ours in it, or a name with one of our endings or a glob character. False for text files (.csv,
/// .json).
bool LooksLikeTable(const std::string& name);

/// True when OpenTable has to answer for `name`, were it with an error, and nobody else: also for
/// every other file and directory that is there, and for what has a scheme.
bool NamesTable(const std::string& name);

/// The tables of --data by their names: of `rados://POOL[/NAMESPACE]` and of
/// `grpc://HOST:PORT/EXPORT` the tables there, of a directory
/// what LooksLikeTable accepts, by stem. Of a folder and a file of one stem the file is meant.
arrow::Result<std::map<std::string, std::string>> TablesOfStore(Session* session,
                                                                const std::string& store,
                                                                const arrow::StopToken& stop);

}  // namespace skyhook::client
