#include <arrow/util/formatting.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/listing.h"
#include "cli/progress.h"
#include "cli/standard_error.h"
#include "cli/store_access.h"
#include "skyhook/base/status.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/table/compact.h"
#include "skyhook/table/table.h"
#include "skyhook/table/upkeep.h"

namespace skyhook::cli {
namespace {

using arrow::field;
using arrow::Result;
using arrow::Status;

std::string TimeOf(int64_t ns) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}Z", fmt::gmtime(static_cast<time_t>(ns / 1'000'000'000)));
}

Status WriteListing(Listing* listing, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options));
  ARROW_RETURN_NOT_OK(listing->Write(options, sink));
  return sink.stream->Close();
}

// A row of a snapshot, from `column` on.
Status ListSnapshot(const table::Manifest& snapshot, int column, Listing* listing) {
  ARROW_RETURN_NOT_OK(listing->Number(column, snapshot.sequence));
  ARROW_RETURN_NOT_OK(listing->Text(column + 1, snapshot.operation));
  ARROW_RETURN_NOT_OK(listing->Text(column + 2, TimeOf(snapshot.created_ns)));
  ARROW_RETURN_NOT_OK(listing->Number(column + 3, snapshot.num_rows()));
  ARROW_RETURN_NOT_OK(listing->Number(column + 4, snapshot.num_bytes()));
  return listing->Number(column + 5, snapshot.num_fragments());
}

arrow::FieldVector SnapshotFields() {
  return {field("snapshot", arrow::int64()), field("operation", arrow::utf8()),
          field("written", arrow::utf8()),   field("rows", arrow::int64()),
          field("bytes", arrow::int64()),    field("objects", arrow::int64())};
}

Status ListObjects(const table::Snapshot& snapshot, const RunOptions& options) {
  Listing listing(
      arrow::schema({field("object", arrow::utf8()), field("rows", arrow::int64()),
                     field("bytes", arrow::int64()), field("row_groups", arrow::int64()),
                     field("crc32c", arrow::utf8()), field("as_put", arrow::boolean())}));
  ARROW_RETURN_NOT_OK(listing.Begin());
  for (const table::StoredFragment& fragment : snapshot.fragments) {
    ARROW_RETURN_NOT_OK(listing.Text(0, fragment.object));
    ARROW_RETURN_NOT_OK(listing.Number(1, fragment.rows));
    ARROW_RETURN_NOT_OK(listing.Number(2, fragment.bytes));
    ARROW_RETURN_NOT_OK(listing.Number(3, static_cast<int64_t>(fragment.row_group_rows.size())));
    ARROW_RETURN_NOT_OK(listing.Text(4, fmt::format("{:08x}", fragment.crc32c)));
    ARROW_RETURN_NOT_OK(listing.Bool(5, !fragment.reencoded));
  }
  return WriteListing(&listing, options);
}

Status NoTable(const OpenedTable& table) {
  return table::NoTable(table.store.get(), table.table());
}

// Those that can be read are listed whatever is wrong with others, of which the first is the error.
Status ListTables(const Found& where, const RunOptions& options) {
  objects::ObjectStore* store = where.store.get();
  const table::StoreListing& found = where.listing;
  arrow::FieldVector fields = SnapshotFields();
  fields.insert(fields.begin(), field("table", arrow::utf8()));
  Listing listing(arrow::schema(fields));
  ARROW_RETURN_NOT_OK(listing.Begin());
  std::vector<Status> unreadable;
  for (const std::string& table : found.tables) {
    const auto snapshot = table::CurrentManifest(store, table);
    if (!snapshot.ok()) unreadable.push_back(snapshot.status());
    if (!snapshot.ok() || !snapshot->has_value()) continue;  // the latter was removed since
    ARROW_RETURN_NOT_OK(listing.Text(0, table));
    ARROW_RETURN_NOT_OK(ListSnapshot(**snapshot, 1, &listing));
  }
  ARROW_RETURN_NOT_OK(WriteListing(&listing, options));
  for (const std::string& table : found.left_over) {
    const std::string uri = store->UriOf(table);
    Tell(fmt::format("note: '{}' is no table: {}\n", uri, table::LeftOver(uri)));
  }
  if (!where.name_spaces.empty()) {
    const std::string pool = store->UriOf("");
    Tell(fmt::format(
        "note: '{0}' has tables in namespaces too, which 'ls {0}NAMESPACE' lists: {1}\n", pool,
        fmt::join(where.name_spaces, ", ")));
  }
  if (unreadable.empty()) return Status::OK();
  for (size_t i = 1; i < unreadable.size(); ++i) {
    Tell(fmt::format("note: {}\n", unreadable[i].message()));
  }
  return base::AddContext(unreadable.front(),
                          fmt::format("{} of {} cannot be read", unreadable.size(),
                                      Counted(found.tables.size(), "table")));
}

Status VacuumTable(objects::ObjectStore* store, const std::string& table, const std::string& uri,
                   const table::VacuumOptions& options, const Sink& sink) {
  ARROW_ASSIGN_OR_RAISE(const auto report, table::Vacuum(store, table, options));
  for (const std::string& object : report.removed) {
    ARROW_RETURN_NOT_OK(sink.stream->Write(object + "\n"));
  }
  Tell(fmt::format("{}: {} of {} {}; {} kept\n", uri,
                   Counted(static_cast<int64_t>(report.removed.size()), "object"),
                   sql::ByteSize(report.bytes), options.dry_run ? "would be removed" : "removed",
                   Counted(report.snapshots_kept, "snapshot")));
  return Status::OK();
}

}  // namespace

Status RunLs(const TableCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Found found, FindTableOrStore(command.uri, options));
  if (!found.table.has_value()) return ListTables(found, options);
  ARROW_ASSIGN_OR_RAISE(const auto snapshot,
                        table::ReadSnapshot(found.table->store.get(), found.table->table(),
                                            found.table->location.snapshot));
  return ListObjects(snapshot, options);
}

Status RunRm(const TableCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table, OpenTableToChange(command.uri, options, "remove"));
  ARROW_ASSIGN_OR_RAISE(const bool removed, table::RemoveTable(table.store.get(), table.table()));
  if (!removed) return NoTable(table);
  Tell(fmt::format("{}: removed\n", command.uri));
  return Status::OK();
}

Status RunHistory(const TableCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table, OpenTableOf(command.uri, options));
  ARROW_ASSIGN_OR_RAISE(const auto history, table::History(table.store.get(), table.table()));
  if (history.empty()) return NoTable(table);
  Listing listing(arrow::schema(SnapshotFields()));
  ARROW_RETURN_NOT_OK(listing.Begin());
  for (const table::Manifest& snapshot : history) {
    ARROW_RETURN_NOT_OK(ListSnapshot(snapshot, 0, &listing));
  }
  return WriteListing(&listing, options);
}

Status RunCompact(const TableCommand& command, const RunOptions& options) {
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table,
                        OpenTableToChange(command.uri, options, "compact", interruptible.token()));
  table::CompactOptions compact;
  compact.stop = interruptible.token();
  ARROW_ASSIGN_OR_RAISE(const auto report,
                        table::Compact(table.store.get(), table.table(), compact));
  if (report.unlike > 0) {
    Tell(
        fmt::format("note: {} stay apart: they were written differently; put --rewrite joins "
                    "them\n",
                    Counted(report.unlike, "neighbour")));
  }
  if (report.objects_before == 0) {
    Tell(fmt::format("{}: there is nothing to join\n", command.uri));
  } else {
    Tell(fmt::format("{}: snapshot {}, {} joined into {}\n", command.uri, report.sequence,
                     Counted(report.objects_before, "object"), report.objects_after));
  }
  return Status::OK();
}

Status RunVacuum(const TableCommand& command, const RunOptions& options) {
  table::VacuumOptions vacuum;
  vacuum.dry_run = command.dry_run;
  ARROW_ASSIGN_OR_RAISE(vacuum.keep, ParseKeep(command.keep));
  ARROW_ASSIGN_OR_RAISE(const Found found, FindTableOrStore(command.uri, options));
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(RunOptions()));
  Status failed;
  if (found.table.has_value()) {
    if (!found.table->location.snapshot.empty()) {
      return UsageError(fmt::format("'{}' names a snapshot, which nobody can vacuum", command.uri));
    }
    failed = VacuumTable(found.table->store.get(), found.table->table(), command.uri, vacuum, sink);
  } else {
    std::vector<std::string> tables = found.listing.tables;
    tables.insert(tables.end(), found.listing.left_over.begin(), found.listing.left_over.end());
    if (tables.empty()) {
      return Status::IOError(fmt::format("there is no table '{0}', nor any in it", command.uri));
    }
    // What is wrong with one keeps no other from being vacuumed.
    for (const std::string& table : tables) {
      const Status status =
          VacuumTable(found.store.get(), table, found.store->UriOf(table), vacuum, sink);
      if (!status.ok() && !failed.ok()) Tell(fmt::format("note: {}\n", status.message()));
      if (failed.ok()) failed = status;
    }
  }
  ARROW_RETURN_NOT_OK(failed);
  return sink.stream->Close();
}

Status RunVerify(const TableCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table, OpenTableOf(command.uri, options));
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, table::ReadSnapshot(table.store.get(), table.table(),
                                                                 table.location.snapshot));
  ProgressBar bar;
  const int64_t total = snapshot.num_bytes();
  ARROW_ASSIGN_OR_RAISE(const auto report,
                        table::Verify(table.store.get(), table.table(), snapshot,
                                      [&](int64_t done) { bar.ShowBytes(done, total); }));
  bar.Hide();
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(RunOptions()));
  for (const std::string& problem : report.problems) {
    ARROW_RETURN_NOT_OK(sink.stream->Write(problem + "\n"));
  }
  ARROW_RETURN_NOT_OK(sink.stream->Close());
  if (!report.problems.empty()) {
    return base::CorruptData("{}: {}", command.uri,
                             Counted(static_cast<int64_t>(report.problems.size()), "problem"));
  }
  Tell(fmt::format("{}: {} of {}, as written\n", command.uri, Counted(report.objects, "object"),
                   sql::ByteSize(report.bytes)));
  return Status::OK();
}

}  // namespace skyhook::cli
