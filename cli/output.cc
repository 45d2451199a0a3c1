#include "cli/output.h"

#include <arrow/compute/cast.h>
#include <arrow/csv/writer.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>
#include <parquet/arrow/writer.h>
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

// Nested values go out as text, bytes in base64.
class CsvWriter : public RowWriter {
 public:
  static arrow::Result<std::unique_ptr<RowWriter>> Make(const Sink& sink,
                                                        const arrow::Schema& schema) {
    arrow::FieldVector fields;
    bool plain_names = true;
    for (const auto& field : schema.fields()) {
      const bool is_text = arrow::is_nested(field->type()->id()) || HoldsBytes(*field->type());
      fields.push_back(is_text ? field->WithType(arrow::utf8()) : field);
      plain_names &= field->name().find_first_of(",\"\r\n") == std::string::npos;
    }
    auto writer = std::make_unique<CsvWriter>();
    writer->schema_ = arrow::schema(std::move(fields));
    auto options = arrow::csv::WriteOptions::Defaults();
    if (plain_names) options.quoting_header = arrow::csv::QuotingStyle::None;
    ARROW_ASSIGN_OR_RAISE(writer->writer_,
                          arrow::csv::MakeCSVWriter(sink.stream, writer->schema_, options));
    return writer;
  }

  Status Write(const arrow::RecordBatch& batch) override {
    arrow::ArrayVector columns = batch.columns();
    for (auto& column : columns) {
      if (HoldsBytes(*column->type())) {
        ARROW_ASSIGN_OR_RAISE(column, Base64Of(*column));
      } else if (arrow::is_nested(column->type_id())) {
        ARROW_ASSIGN_OR_RAISE(column, TextOf(*column));
      }
    }
    return writer_->WriteRecordBatch(
        *arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns)));
  }

  Status Finish() override { return writer_->Close(); }

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

class ParquetWriter : public RowWriter {
 public:
  explicit ParquetWriter(std::unique_ptr<parquet::arrow::FileWriter> writer)
      : writer_(std::move(writer)) {}
  Status Write(const arrow::RecordBatch& batch) override {
    return writer_->WriteRecordBatch(batch);
  }
  Status Finish() override { return writer_->Close(); }

 private:
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

arrow::Result<Sink> OpenSink(const std::string& path) {
  Sink sink;
  if (!path.empty() && path != "/dev/stdout") {
    sink.is_file = IsReplaceable(path);
    ARROW_ASSIGN_OR_RAISE(sink.stream, sink.is_file ? ReplaceFile(path) : OpenDirectly(path));
    return sink;
  }
  sink.stream = StandardOutput();
  sink.is_terminal = isatty(STDOUT_FILENO) == 1;
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
  switch (format) {
    case Format::kTable:
      return MakeTableWriter(sink, schema);
    case Format::kJson:
      return MakeJsonWriter(sink, schema);
    case Format::kCsv:
      return CsvWriter::Make(sink, *schema);
    case Format::kArrow: {
      ARROW_ASSIGN_OR_RAISE(auto writer, sink.is_file
                                             ? arrow::ipc::MakeFileWriter(sink.stream, schema)
                                             : arrow::ipc::MakeStreamWriter(sink.stream, schema));
      return std::make_unique<BatchFileWriter>(std::move(writer));
    }
    case Format::kParquet: {
      ARROW_ASSIGN_OR_RAISE(auto writer, parquet::arrow::FileWriter::Open(
                                             *schema, arrow::default_memory_pool(), sink.stream));
      return std::make_unique<ParquetWriter>(std::move(writer));
    }
  }
  return Status::UnknownError("no writer for this format");
}

bool HoldsBytes(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      return true;
    default:
      return false;
  }
}

arrow::Result<std::shared_ptr<arrow::StringArray>> Base64Of(const arrow::Array& column) {
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < column.length(); ++row) {
    ARROW_ASSIGN_OR_RAISE(const auto value, column.GetScalar(row));
    const auto bytes = static_cast<const arrow::BaseBinaryScalar&>(*value).view();
    ARROW_RETURN_NOT_OK(value->is_valid ? builder.Append(arrow::util::base64_encode(bytes))
                                        : builder.AppendNull());
  }
  ARROW_ASSIGN_OR_RAISE(auto text, builder.Finish());
  return std::static_pointer_cast<arrow::StringArray>(text);
}

arrow::Result<std::shared_ptr<arrow::StringArray>> TextOf(const arrow::Array& column) {
  if (arrow::compute::CanCast(*column.type(), *arrow::utf8())) {
    auto cast = arrow::compute::Cast(column, arrow::utf8());
    if (cast.ok()) return std::static_pointer_cast<arrow::StringArray>(*cast);
  }
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const auto value, column.GetScalar(row));
    ARROW_RETURN_NOT_OK(builder.Append(value->ToString()));
  }
  ARROW_ASSIGN_OR_RAISE(auto text, builder.Finish());
  return std::static_pointer_cast<arrow::StringArray>(text);
}

}  // namespace skyhook::cli
