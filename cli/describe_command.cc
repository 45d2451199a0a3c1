#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/commands.h"
#include "cli/interrupts.h"
#include "cli/output.h"
#include "cli/query_run.h"
#include "skyhook/client/describe.h"
#include "skyhook/client/table.h"
#include "skyhook/sql/plan_tree.h"
#include "skyhook/sql/session.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

// Collects rows of text, integer and boolean columns and writes them in the format asked for.
class Listing {
 public:
  explicit Listing(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}

  Status Begin() {
    return arrow::RecordBatchBuilder::Make(schema_, arrow::default_memory_pool()).Value(&builder_);
  }
  Status Text(int column, const std::string& value) {
    return builder_->GetFieldAs<arrow::StringBuilder>(column)->Append(value);
  }
  Status Bool(int column, bool value) {
    return builder_->GetFieldAs<arrow::BooleanBuilder>(column)->Append(value);
  }
  // Negative: unknown.
  Status Number(int column, int64_t value) {
    auto* builder = builder_->GetFieldAs<arrow::Int64Builder>(column);
    return value < 0 ? builder->AppendNull() : builder->Append(value);
  }

  Status Write(const RunOptions& options, const Sink& sink) {
    ARROW_ASSIGN_OR_RAISE(const Format format, ParseFormat(options.format));
    ARROW_ASSIGN_OR_RAISE(auto writer, MakeRowWriter(format, sink, schema_));
    ARROW_ASSIGN_OR_RAISE(const auto batch, builder_->Flush());
    ARROW_RETURN_NOT_OK(writer->Write(*batch));
    return writer->Finish();
  }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::RecordBatchBuilder> builder_;
};

arrow::Result<bool> IsTable(const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Format format, ParseFormat(options.format));
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

// "1 row", "2 rows".
std::string Counted(int64_t number, const std::string& noun) {
  const char* ending = number == 1 ? "" : noun.ends_with("ch") ? "es" : "s";
  return fmt::format("{} {}{}", sql::GroupedNumber(number), noun, ending);
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

}  // namespace

Status RunSchema(const PathCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto table, client::OpenTable(command.path));
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
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options.output));
  ARROW_RETURN_NOT_OK(listing.Write(options, sink));
  return sink.stream->Close();
}

Status RunHead(const PathCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto session, OpenSession(options));
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options.output));
  const std::string sql = fmt::format("SELECT * FROM skyhook_scan({}) LIMIT {}",
                                      QuotedPath(command.path), command.rows);
  Interruptible interruptible;
  ARROW_RETURN_NOT_OK(interruptible.Begin());
  ARROW_RETURN_NOT_OK(
      RunStatement(session.get(), sql, options, sink, Rows::kWrite, interruptible.token())
          .status());
  return sink.stream->Close();
}

Status RunStats(const PathCommand& command, const RunOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto table, client::OpenTable(command.path));
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(options.output));
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
  ARROW_ASSIGN_OR_RAISE(const Sink sink, OpenSink(""));
  return sink.stream->Write(VersionText() + "\n");
}

}  // namespace skyhook::cli
