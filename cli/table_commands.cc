#include <arrow/util/formatting.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
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
#include "skyhook/store/compact.h"
#include "skyhook/store/table.h"
#include "skyhook/store/upkeep.h"

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
Status ListSnapshot(const store::Snapshot& snapshot, int column, Listing* listing) {
  ARROW_RETURN_NOT_OK(listing->Number(column, snapshot.sequence));
  ARROW_RETURN_NOT_OK(listing->Text(column + 1, snapshot.operation));
  ARROW_RETURN_NOT_OK(listing->Text(column + 2, TimeOf(snapshot.created_ns)));
  ARROW_RETURN_NOT_OK(listing->Number(column + 3, snapshot.num_rows()));
  ARROW_RETURN_NOT_OK(listing->Number(column + 4, snapshot.num_bytes()));
  return listing->Number(column + 5, static_cast<int64_t>(snapshot.fragments.size()));
}

arrow::FieldVector SnapshotFields() {
  return {field("snapshot", arrow::int64()), field("operation", arrow::utf8()),
          field("written", arrow::utf8()),   field("rows", arrow::int64()),
          field("bytes", arrow::int64()),    field("objects", arrow::int64())};
}

Status ListObjects(const store::Snapshot& snapshot, const RunOptions& options) {
  Listing listing(
      arrow::schema({field("object", arrow::utf8()), field("rows", arrow::int64()),
                     field("bytes", arrow::int64()), field("row_groups", arrow::int64()),
                     field("crc32c", arrow::utf8()), field("as_put", arrow::boolean())}));
  ARROW_RETURN_NOT_OK(listing.Begin());
  for (const store::Fragment& fragment : snapshot.fragments) {
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
  return store::NoTable(table.store.get(), table.table());
}

// Those that can be read are listed whatever is wrong with others, of which the first is the error.
Status ListTables(store::ObjectStore* store, const store::StoreListing& found,
                  const RunOptions& options) {
  arrow::FieldVector fields = SnapshotFields();
  fields.insert(fields.begin(), field("table", arrow::utf8()));
  Listing listing(arrow::schema(fields));
  ARROW_RETURN_NOT_OK(listing.Begin());
  std::vector<Status> unreadable;
  for (const std::string& table : found.tables) {
    const auto snapshot = store::CurrentSnapshot(store, table);
    if (!snapshot.ok()) unreadable.push_back(snapshot.status());
    if (!snapshot.ok() || !snapshot->has_value()) continue;  // the latter was removed since
    ARROW_RETURN_NOT_OK(listing.Text(0, table));
    ARROW_RETURN_NOT_OK(ListSnapshot(**snapshot, 1, &listing));
  }
  ARROW_RETURN_NOT_OK(WriteListing(&listing, options));
  for (const std::string& table : found.left_over) {
    const std::string uri = store->UriOf(table);
    Tell(fmt::format("note: '{}' is no table: {}\n", uri, store::LeftOver(uri)));
  }
  if (unreadable.empty()) return Status::OK();
  for (size_t i = 1; i < unreadable.size(); ++i) {
    Tell(fmt::format("note: {}\n", unreadable[i].message()));
  }
  return base::AddContext(unreadable.front(),
                          fmt::format("{} of {} cannot be read", unreadable.size(),
                                      Counted(found.tables.size(), "table")));
}

}  // namespace

Status RunLs(const TableCommand& command, const RunOptions& options) {
  const auto as_table = store::ParseTableUri(command.uri);
  std::optional<OpenedTable> table;
  if (as_table.ok()) {
    ARROW_ASSIGN_OR_RAISE(table, OpenTableOf(command.uri, options));
    ARROW_ASSIGN_OR_RAISE(const auto current,
                          store::CurrentSnapshot(table->store.get(), table->table()));
    if (current.has_value()) {
      ARROW_ASSIGN_OR_RAISE(
          const auto snapshot,
          store::ReadSnapshot(table->store.get(), table->table(), table->location.snapshot));
      return ListObjects(snapshot, options);
    }
  }
  const auto location = store::ParseStoreUri(command.uri);
  if (!location.ok()) {
    return UsageError(fmt::format("'{}' is no table, and no store: {}", command.uri,
                                  location.status().message()));
  }
  std::error_code ignored;
  const auto nothing = [&] {
    if (table.has_value()) return NoTable(*table);
    return Status::IOError(fmt::format("'{}' is no store of tables", command.uri));
  };
  if (!location->rados && (!std::filesystem::is_directory(location->root, ignored) ||
                           client::KindOfFolder(location->root) != client::FolderKind::kPlain)) {
    return nothing();
  }
  ARROW_ASSIGN_OR_RAISE(const auto opened,
                        client::OpenStore(*location, OpenOptionsOf(options).rados));
  ARROW_ASSIGN_OR_RAISE(const auto found, store::ListTables(opened.objects.get()));
  // Nobody makes namespaces: one without tables is as good as a table that is not there.
  if (found.tables.empty() && found.left_over.empty() && !location->name_space.empty()) {
    return nothing();
  }
  return ListTables(opened.objects.get(), found, options);
}

Status RunRm(const TableCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table, OpenTableToChange(command.uri, options, "remove"));
  ARROW_ASSIGN_OR_RAISE(const bool removed, store::RemoveTable(table.store.get(), table.table()));
  return removed ? Status::OK() : NoTable(table);
}

Status RunHistory(const TableCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table, OpenTableOf(command.uri, options));
  ARROW_ASSIGN_OR_RAISE(const auto history, store::History(table.store.get(), table.table()));
  if (history.empty()) return NoTable(table);
  Listing listing(arrow::schema(SnapshotFields()));
  ARROW_RETURN_NOT_OK(listing.Begin());
  for (const store::Snapshot& snapshot : history) {
    ARROW_RETURN_NOT_OK(ListSnapshot(snapshot, 0, &listing));
  }
  return WriteListing(&listing, options);
}

Status RunCompact(const TableCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table,
                        OpenTableToChange(command.uri, options, "compact"));
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  store::CompactOptions compact;
  compact.stop = interruptible.token();
  ARROW_ASSIGN_OR_RAISE(const auto report,
                        store::Compact(table.store.get(), table.table(), compact));
  if (report.unlike > 0) {
    Tell(
        fmt::format("note: {} stay apart: they were written differently; put --rewrite joins "
                    "them\n",
                    Counted(report.unlike, "neighbour")));
  }
  if (report.objects_before == 0) {
    Tell(fmt::format("{}: there is nothing to join\n", command.uri));
  } else {
    Tell(fmt::format("{}: snapshot {}, {} joined into {}\n", command.uri, report.snapshot.sequence,
                     Counted(report.objects_before, "object"), report.objects_after));
  }
  return Status::OK();
}

Status RunVacuum(const TableCommand& command, const RunOptions& options) {
  store::VacuumOptions vacuum;
  vacuum.dry_run = command.dry_run;
  ARROW_ASSIGN_OR_RAISE(vacuum.keep, ParseKeep(command.keep));
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table, OpenTableToChange(command.uri, options, "vacuum"));
  ARROW_ASSIGN_OR_RAISE(const auto report, store::Vacuum(table.store.get(), table.table(), vacuum));
  if (report.snapshots_kept == 0 && report.removed.empty()) return NoTable(table);
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(RunOptions()));
  for (const std::string& object : report.removed) {
    ARROW_RETURN_NOT_OK(sink.stream->Write(object + "\n"));
  }
  ARROW_RETURN_NOT_OK(sink.stream->Close());
  Tell(fmt::format("{}: {} of {} {}; {} kept\n", command.uri,
                   Counted(static_cast<int64_t>(report.removed.size()), "object"),
                   sql::ByteSize(report.bytes), command.dry_run ? "would be removed" : "removed",
                   Counted(report.snapshots_kept, "snapshot")));
  return Status::OK();
}

Status RunVerify(const TableCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table, OpenTableOf(command.uri, options));
  ARROW_ASSIGN_OR_RAISE(const auto snapshot, store::ReadSnapshot(table.store.get(), table.table(),
                                                                 table.location.snapshot));
  ProgressBar bar;
  const int64_t total = snapshot.num_bytes();
  ARROW_ASSIGN_OR_RAISE(const auto report,
                        store::Verify(table.store.get(), table.table(), snapshot,
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
