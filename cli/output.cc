#include "cli/output.h"

#include <arrow/ipc/writer.h>
#include <arrow/util/byte_size.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "cli/exit_code.h"
#include "cli/output_file.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

// Formats that Arrow writes through a RecordBatchWriter.
class BatchFileWriter : public RowWriter {
 public:
  explicit BatchFileWriter(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer)
      : writer_(std::move(writer)) {}
  Status Write(const arrow::RecordBatch& batch) override {
    return writer_->WriteRecordBatch(batch);
  }
  Status Finish() override { return writer_->Close(); }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

class ParquetWriter : public RowWriter {
 public:
  ParquetWriter(std::shared_ptr<OutputFile> stream,
                std::unique_ptr<parquet::arrow::FileWriter> writer)
      : stream_(std::move(stream)), writer_(std::move(writer)) {}
  // Arrow's writer ends its file also where the rows ended with an error: whoever reads a pipe
  // would take a part of them for all.
  ~ParquetWriter() override {
    if (!finished_) stream_->GiveUp();
  }

  static arrow::Result<std::unique_ptr<RowWriter>> Make(const Sink& sink,
                                                        const arrow::Schema& schema) {
    const auto properties = parquet::WriterProperties::Builder()
                                .max_row_group_length(kRowGroupRows)
                                ->compression(parquet::Compression::SNAPPY)
                                ->build();
    ARROW_RETURN_NOT_OK(CheckTypes(schema, *properties));
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    ARROW_ASSIGN_OR_RAISE(
        auto writer, parquet::arrow::FileWriter::Open(schema, arrow::default_memory_pool(),
                                                      sink.stream, properties, arrow_properties));
    return std::make_unique<ParquetWriter>(sink.stream, std::move(writer));
  }

  Status Write(const arrow::RecordBatch& batch) override {
    if (bytes_ >= kRowGroupBytes) {
      ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
      bytes_ = 0;
    }
    bytes_ += arrow::util::TotalBufferSize(batch);
    return writer_->WriteRecordBatch(batch);
  }
  Status Finish() override {
    finished_ = true;
    return writer_->Close();
  }

 private:
  // Whether Parquet has a type for each column.
  static Status CheckTypes(const arrow::Schema& schema,
                           const parquet::WriterProperties& properties) {
    for (const auto& field : schema.fields()) {
      std::shared_ptr<parquet::SchemaDescriptor> converted;
      const Status status =
          parquet::arrow::ToParquetSchema(arrow::schema({field}).get(), properties, &converted);
      if (status.ok()) continue;
      return Status::Invalid(
          fmt::format("column '{}' is {}, for which Parquet has no type: cast it to VARCHAR",
                      field->name(), field->type()->ToString()));
    }
    return Status::OK();
  }

  // A row group ends with the first of the two. Its pages are held in memory until then.
  static constexpr int64_t kRowGroupRows = 128 * 1024;
  static constexpr int64_t kRowGroupBytes = 64 << 20;  // before encoding

  std::shared_ptr<OutputFile> stream_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  bool finished_ = false;
  int64_t bytes_ = 0;  // of the row group so far
};

size_t TerminalWidth() {
  constexpr size_t kUsual = 80;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

}  // namespace

arrow::Result<Sink> OpenSink(const RunOptions& options) {
  const std::string& path = options.output;
  Sink sink;
  sink.vertical = options.vertical;
  if (!path.empty() && path != "/dev/stdout") {
    sink.is_file = IsReplaceable(path);
    ARROW_ASSIGN_OR_RAISE(sink.stream, sink.is_file ? ReplaceFile(path) : OpenDirectly(path));
    return sink;
  }
  sink.stream = StandardOutput();
  sink.is_terminal = isatty(STDOUT_FILENO) == 1;
  const bool paged = sink.is_terminal && options.pager;
  if (paged) {
    ARROW_ASSIGN_OR_RAISE(sink.stream, OpenPager());
  }
  if (sink.is_terminal && !options.all && !paged) sink.width = TerminalWidth();
  const char* no_colour = std::getenv("NO_COLOR");
  sink.colour = sink.is_terminal && (no_colour == nullptr || *no_colour == '\0');
  return sink;
}

arrow::Result<std::unique_ptr<RowWriter>> MakeRowWriter(
    Format format, const Sink& sink, const std::shared_ptr<arrow::Schema>& schema) {
  const bool binary = format == Format::kArrow || format == Format::kParquet;
  if (binary && sink.is_terminal) {
    return UsageError("this format is no text for a terminal; write to a file with -o FILE");
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t written, sink.stream->Tell());
  if (written > 0 && (binary || (sink.is_file && format != Format::kTable))) {
    return UsageError(
        "two statements give rows, and an output of this format holds the rows of one: write them "
        "to a file each");
  }
  switch (format) {
    case Format::kTable:
      return MakeTableWriter(sink, schema);
    case Format::kJson:
      return MakeJsonWriter(sink, schema);
    case Format::kCsv:
      return MakeCsvWriter(sink, schema);
    case Format::kArrow: {
      ARROW_ASSIGN_OR_RAISE(auto writer, sink.is_file
                                             ? arrow::ipc::MakeFileWriter(sink.stream, schema)
                                             : arrow::ipc::MakeStreamWriter(sink.stream, schema));
      return std::make_unique<BatchFileWriter>(std::move(writer));
    }
    case Format::kParquet:
      return ParquetWriter::Make(sink, *schema);
  }
  return Status::UnknownError("no writer for this format");
}

}  // namespace skyhook::cli
