#include <arrow/compute/cast.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/listing.h"
#include "cli/progress.h"
#include "cli/standard_error.h"
#include "cli/store_access.h"
#include "skyhook/base/file_source.h"
#include "skyhook/client/file_listing.h"
#include "skyhook/client/hive_partitions.h"
#include "skyhook/client/scan.h"
#include "skyhook/client/stored_table.h"
#include "skyhook/plan/read_all.h"
#include "skyhook/sql/database.h"
#include "skyhook/table/put.h"

namespace skyhook::cli {
namespace {

using arrow::Result;
using arrow::Status;

constexpr int64_t kMostFiles = 1'000'000;

// Names a source otherwise than it was opened as.
class NamedSource : public base::ByteSource {
 public:
  NamedSource(std::shared_ptr<base::ByteSource> source, std::string name)
      : source_(std::move(source)), name_(std::move(name)) {}
  int64_t size() const override { return source_->size(); }
  const std::string& version() const override { return source_->version(); }
  const std::string& name() const override { return name_; }
  arrow::Future<base::Buffers> ReadAsync(std::vector<base::ByteRange> ranges,
                                         arrow::StopToken stop) override {
    return source_->ReadAsync(std::move(ranges), std::move(stop));
  }

 private:
  std::shared_ptr<base::ByteSource> source_;
  std::string name_;
};

// A Parquet file is read from its end: standard input goes to a file first, which has no name any
// more once it is open.
Result<std::shared_ptr<base::ByteSource>> SpoolStandardInput() {
  std::string path = TemporaryFolder() + "/skyhook-put-XXXXXX";
  const int file = mkstemp(path.data());
  const auto failed = [&] {
    return Status::IOError(
        fmt::format("cannot keep standard input in '{}': {}", path, std::strerror(errno)));
  };
  if (file < 0) return failed();
  Status status;
  std::vector<char> buffer(1 << 20);
  while (status.ok()) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got < 0) status = failed();
      break;
    }
    for (ssize_t done = 0; status.ok() && done < got;) {
      const ssize_t put = ::write(file, buffer.data() + done, static_cast<size_t>(got - done));
      if (put < 0 && errno != EINTR) status = failed();
      if (put > 0) done += put;
    }
  }
  ::close(file);
  auto source = status.ok() ? base::OpenFile(path) : status;
  ::unlink(path.c_str());
  ARROW_RETURN_NOT_OK(source.status());
  return std::make_shared<NamedSource>(*std::move(source), "stdin.parquet");
}

Result<std::vector<std::shared_ptr<base::ByteSource>>> OpenFiles(
    const std::vector<std::string>& patterns) {
  std::vector<std::shared_ptr<base::ByteSource>> files;
  for (const std::string& pattern : patterns) {
    // What is left over of a table, ListFiles refuses.
    if (client::IsPool(pattern) || client::KindOfFolder(pattern) == client::FolderKind::kTable) {
      return UsageError(fmt::format(
          "'{}' is a table: --rewrite puts its rows, and get gives its files back", pattern));
    }
    if (pattern == "-") {
      ARROW_ASSIGN_OR_RAISE(files.emplace_back(), SpoolStandardInput());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const auto names, client::ListFiles(pattern, kMostFiles));
    for (const std::string& name : names) {
      ARROW_ASSIGN_OR_RAISE(files.emplace_back(), base::OpenFile(name));
    }
  }
  return files;
}

// Rows in the types of `schema`, cast from what DuckDB has made of them.
class CastReader : public arrow::RecordBatchReader {
 public:
  CastReader(std::shared_ptr<arrow::RecordBatchReader> rows, std::shared_ptr<arrow::Schema> schema)
      : rows_(std::move(rows)), schema_(std::move(schema)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    ARROW_RETURN_NOT_OK(rows_->ReadNext(batch));
    if (*batch == nullptr) return Status::OK();
    arrow::ArrayVector columns;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const arrow::Datum cast,
                            arrow::compute::Cast((*batch)->column(i), schema_->field(i)->type()));
      columns.push_back(cast.make_array());
    }
    *batch = arrow::RecordBatch::Make(schema_, (*batch)->num_rows(), std::move(columns));
    return Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> rows_;
  std::shared_ptr<arrow::Schema> schema_;
};

std::string Quoted(const std::string& text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out += c == quote ? std::string(2, c) : std::string(1, c);
  return out + quote;
}

// What rows that are encoded anew come from: a scan, or a sort above it, which spills.
struct Rows {
  std::unique_ptr<sql::Connection> connection;
  std::shared_ptr<arrow::RecordBatchReader> reader;
};

Result<Rows> RowsOf(const std::string& path, const PutCommand& command, const RunOptions& options,
                    const arrow::StopToken& stop) {
  Rows rows;
  ARROW_ASSIGN_OR_RAISE(const auto table,
                        client::OpenTable(options.session.get(), path, {.stop = stop}));
  for (const std::string& column : command.sort_by) {
    if (table->schema->GetFieldByName(column) == nullptr) {
      return UsageError(fmt::format("--sort-by: '{}' has no column '{}'", path, column));
    }
  }
  if (command.sort_by.empty()) {
    client::ScanOptions scan;
    scan.stop = stop;
    ARROW_ASSIGN_OR_RAISE(auto running,
                          client::Scan::Make(table, plan::ReadAll(*table->schema), scan));
    ARROW_ASSIGN_OR_RAISE(rows.reader, client::ToReader(std::move(running)));
    rows.reader = std::make_shared<CastReader>(rows.reader, table->schema);
    return rows;
  }
  ARROW_ASSIGN_OR_RAISE(rows.connection, OpenConnection(options));
  std::string keys;
  for (const std::string& column : command.sort_by) {
    keys += (keys.empty() ? "" : ", ") + Quoted(column, '"');
  }
  sql::QueryOptions query;
  query.stop = stop;
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<sql::QueryStream> stream,
      rows.connection->Query(
          fmt::format("SELECT * FROM skyhook_scan({}) ORDER BY {}", Quoted(path, '\''), keys),
          query));
  rows.reader = std::make_shared<CastReader>(std::move(stream), table->schema);
  return rows;
}

// What lies within a table's directory is the table's: nobody would find another table there.
Status CheckIsOutsideTables(const std::filesystem::path& directory) {
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(directory, ignored).lexically_normal();
  for (auto above = absolute.parent_path(); above != above.root_path();
       above = above.parent_path()) {
    if (client::KindOfFolder(above.string()) == client::FolderKind::kPlain) continue;
    return UsageError(
        fmt::format("'{}' would lie within the table '{}': name a directory beside it",
                    directory.string(), above.string()));
  }
  return Status::OK();
}

// A new table gets a directory of its own: not one where somebody keeps other files, or tables.
Status CheckDirectory(const table::Location& location) {
  namespace fs = std::filesystem;
  if (location.rados) return Status::OK();
  const fs::path directory = fs::path(location.root) / location.table;
  ARROW_RETURN_NOT_OK(CheckIsOutsideTables(directory));
  std::error_code error;
  if (fs::exists(location.root / fs::path(table::HeadOf(location.table)), error)) {
    return Status::OK();
  }
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.front() == '.' || table::IsObjectName(name)) continue;
    return UsageError(
        fmt::format("'{0}' is no table and holds '{1}': name a directory that is not there yet, "
                    "such as '{0}/NAME'",
                    directory.string(), name));
  }
  return Status::OK();
}

// Folders of the form key=value are columns to who scans files, and nothing to who copies them.
void WarnOfPartitions(const std::vector<std::shared_ptr<base::ByteSource>>& files) {
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file->name());
  const auto partitions = client::ReadHivePartitions(names);
  if (!partitions.ok()) return;
  for (const auto& field : partitions->fields) {
    Tell(
        fmt::format("note: '{}=...' in the names of folders is no column of the table; --rewrite "
                    "makes it one\n",
                    field->name()));
  }
}

Result<table::PutOptions> OptionsOf(const PutCommand& command) {
  table::PutOptions options = command.options;
  if (command.append && command.replace) {
    return UsageError("give either --append or --replace, not both");
  }
  if (command.append) options.existing = table::Existing::kAppend;
  if (command.replace) options.existing = table::Existing::kReplace;
  if (options.verbatim && command.rewrite) {
    return UsageError("--verbatim keeps bytes as they are, --rewrite encodes them anew");
  }
  if (!command.page_bytes.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.write.page_bytes, ParseSize("--page-bytes", command.page_bytes));
  }
  if (!command.object_bytes.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.target_bytes, ParseSize("--object-bytes", command.object_bytes));
    options.most_bytes = 2 * options.target_bytes;
    constexpr int64_t kMost = int64_t{40} << 20;
    constexpr int64_t kLeast = int64_t{64} << 10;
    if (options.target_bytes < kLeast) {
      return UsageError(fmt::format(
          "--object-bytes: '{}' would make a great many small objects; 64KiB is the least",
          command.object_bytes));
    }
    if (options.target_bytes > kMost) {
      return UsageError("--object-bytes: Ceph takes no objects above 90 MB; 40MiB is the most");
    }
  }
  const Status valid = format::Validate(options.write);
  if (!valid.ok()) return UsageError(valid.message());
  return options;
}

void Say(const table::PutReport& report, const std::string& uri, double seconds) {
  const int64_t bytes = report.snapshot.num_bytes();
  for (const std::string& notice : report.notices) Tell("note: " + notice + "\n");
  if (report.objects_found > 0) {
    Tell(fmt::format("note: {} had been written by a run that was interrupted\n",
                     Counted(report.objects_found, "object")));
  }
  if (report.committed_before) Tell("note: that run had come to its end; nothing was added\n");
  Tell(fmt::format("{}: snapshot {} ({}), {} in {}, {}; {:.1f} s\n", uri, report.snapshot.sequence,
                   report.snapshot.operation, Counted(report.snapshot.num_rows(), "row"),
                   Counted(report.snapshot.num_fragments(), "object"), sql::ByteSize(bytes),
                   seconds));
}

}  // namespace

Status RunPut(const PutCommand& command, const RunOptions& options) {
  if (command.paths.size() < 2) return UsageError("put needs a file, and a table to put it into");
  const std::string& uri = command.paths.back();
  const std::vector<std::string> sources(command.paths.begin(), command.paths.end() - 1);
  ARROW_ASSIGN_OR_RAISE(table::PutOptions put, OptionsOf(command));
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  put.stop = interruptible.token();
  ARROW_ASSIGN_OR_RAISE(const OpenedTable table,
                        OpenTableToChange(uri, options, "change", put.stop));
  ARROW_RETURN_NOT_OK(CheckDirectory(table.location));
  ProgressBar bar;
  put.on_progress = [&bar](int64_t done, int64_t total) { bar.ShowBytes(done, total); };
  table::PutReport report;
  if (command.rewrite) {
    if (sources.size() != 1 || sources.front() == "-") {
      return UsageError("--rewrite takes one file, directory, glob or table");
    }
    ARROW_ASSIGN_OR_RAISE(const Rows rows, RowsOf(sources.front(), command, options, put.stop));
    ARROW_ASSIGN_OR_RAISE(report,
                          table::PutRows(table.store.get(), table.table(), rows.reader.get(),
                                         table.table() + ".parquet", put));
  } else {
    ARROW_ASSIGN_OR_RAISE(const auto files, OpenFiles(sources));
    WarnOfPartitions(files);
    ARROW_ASSIGN_OR_RAISE(report, table::Put(table.store.get(), table.table(), files, put));
  }
  bar.Hide();
  Say(report, uri, bar.seconds());
  return Status::OK();
}

}  // namespace skyhook::cli
