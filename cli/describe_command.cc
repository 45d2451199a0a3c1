#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/interrupts.h"
#include "cli/listing.h"
#include "cli/output.h"
#include "cli/query_run.h"
#include "skyhook/client/describe.h"
#include "skyhook/client/table.h"
#include "skyhook/sql/database.h"
#include "skyhook/sql/plan_tree.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

arrow::Result<bool> IsTable(const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Format format, FormatOf(options));
  return format == Format::kTable;
}

Status ListColumn(const client::ColumnStorage& column, Listing* out) {
  ARROW_RETURN_NOT_OK(out->Text(0, column.name));
  ARROW_RETURN_NOT_OK(out->Text(1, column.type));
  ARROW_RETURN_NOT_OK(out->Text(2, column.encodings));
  ARROW_RETURN_NOT_OK(out->Text(3, column.compression));
  ARROW_RETURN_NOT_OK(out->Number(4, column.data_pages));
  ARROW_RETURN_NOT_OK(out->Number(5, column.values));
  ARROW_RETURN_NOT_OK(out->Number(6, column.nulls));
  ARROW_RETURN_NOT_OK(out->Number(7, column.compressed_bytes));
  ARROW_RETURN_NOT_OK(out->Number(8, column.uncompressed_bytes));
  ARROW_RETURN_NOT_OK(out->Bool(9, column.page_index));
  return out->Bool(10, column.bloom_filter);
}

Status WriteStorage(const client::FragmentStorage& storage, const RunOptions& options,
                    const Sink& sink) {
  ARROW_ASSIGN_OR_RAISE(const bool table, IsTable(options));
  if (table) {
    ARROW_RETURN_NOT_OK(sink.stream->Write(fmt::format(
        "{}: {}, {}, {} in {}{}\n", storage.name, storage.format, sql::ByteSize(storage.bytes),
        Counted(storage.rows, "row"),
        Counted(storage.row_groups, storage.format == "Parquet" ? "row group" : "record batch"),
        storage.created_by.empty() ? "" : ", written by " + storage.created_by)));
  }
  using arrow::field;
  const auto text = arrow::utf8();
  const auto number = arrow::int64();
  Listing listing(
      arrow::schema({field("column", text), field("type", text), field("encodings", text),
                     field("compression", text), field("pages", number), field("values", number),
                     field("nulls", number), field("compressed_bytes", number),
                     field("uncompressed_bytes", number), field("page_index", arrow::boolean()),
                     field("bloom_filter", arrow::boolean())}));
  ARROW_RETURN_NOT_OK(listing.Begin());
  for (const auto& column : storage.columns) ARROW_RETURN_NOT_OK(ListColumn(column, &listing));
  return listing.Write(options, sink);
}

std::string QuotedPath(const std::string& path) {
  std::string out = "'";
  for (char c : path) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

// Files are read from their ends, and standard input has none before all of it was read.
Status CheckPath(const std::string& path) {
  if (path != "-") return Status::OK();
  return UsageError(
      "standard input cannot be read as a table: write it to a file, or 'skyhook put - TABLE'");
}

}  // namespace

Status RunSchema(const PathCommand& command, const RunOptions& options) {
  ARROW_RETURN_NOT_OK(CheckPath(command.path));
  ARROW_ASSIGN_OR_RAISE(const auto table, client::OpenTable(options.session.get(), command.path));
  Listing listing(arrow::schema(
      {arrow::field("column", arrow::utf8()), arrow::field("type", arrow::utf8()),
       arrow::field("nullable", arrow::boolean()), arrow::field("partition", arrow::boolean())}));
  ARROW_RETURN_NOT_OK(listing.Begin());
  const auto& partitions = table->partition_columns;
  for (const auto& field : table->schema->fields()) {
    ARROW_RETURN_NOT_OK(listing.Text(0, field->name()));
    ARROW_RETURN_NOT_OK(listing.Text(1, field->type()->ToString()));
    ARROW_RETURN_NOT_OK(listing.Bool(2, field->nullable()));
    const bool partition =
        std::find(partitions.begin(), partitions.end(), field->name()) != partitions.end();
    ARROW_RETURN_NOT_OK(listing.Bool(3, partition));
  }
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options));
  ARROW_RETURN_NOT_OK(listing.Write(options, sink));
  return sink.stream->Close();
}

Status RunHead(const PathCommand& command, const RunOptions& options) {
  ARROW_RETURN_NOT_OK(CheckPath(command.path));
  ARROW_ASSIGN_OR_RAISE(auto connection, OpenConnection(options));
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options));
  const std::string sql = fmt::format("SELECT * FROM skyhook_scan({}) LIMIT {}",
                                      QuotedPath(command.path), command.rows);
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  ARROW_RETURN_NOT_OK(
      RunStatement(connection.get(), sql, options, sink, Rows::kWrite, interruptible.token())
          .status());
  return sink.stream->Close();
}

Status RunStats(const PathCommand& command, const RunOptions& options) {
  ARROW_RETURN_NOT_OK(CheckPath(command.path));
  ARROW_ASSIGN_OR_RAISE(const auto table, client::OpenTable(options.session.get(), command.path));
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options));
  for (const auto& fragment : table->fragments) {
    ARROW_ASSIGN_OR_RAISE(const auto storage, client::DescribeStorage(fragment));
    ARROW_RETURN_NOT_OK(WriteStorage(storage, options, sink));
  }
  return sink.stream->Close();
}

std::string VersionText() {
  return fmt::format("skyhook {} (Arrow {}, DuckDB {})", SKYHOOK_VERSION,
                     arrow::GetBuildInfo().version_string, sql::DuckDbVersion());
}

Status RunVersion() {
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(RunOptions()));
  return sink.stream->Write(VersionText() + "\n");
}

}  // namespace skyhook::cli
