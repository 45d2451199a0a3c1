#include "skyhook/testing/parquet_files.h"

#include <arrow/csv/api.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "skyhook/testing/matchers.h"

namespace skyhook::testing {
namespace {

std::string TextOf(const arrow::Array& array, int64_t row) {
  const std::shared_ptr<arrow::Scalar> scalar = Require(array.GetScalar(row));
  if (!scalar->is_valid) return "NULL";
  if (scalar->type->id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryScalar&>(*scalar);
    const std::shared_ptr<arrow::Scalar> value = Require(dictionary.GetEncodedValue());
    return value->is_valid ? value->ToString() : "NULL";
  }
  return scalar->ToString();
}

std::shared_ptr<parquet::WriterProperties> Properties(const ParquetLayout& layout) {
  parquet::WriterProperties::Builder builder;
  builder.max_row_group_length(layout.row_group_rows);
  builder.write_batch_size(layout.page_rows);
  builder.max_rows_per_page(layout.page_rows);
  builder.compression(layout.compression);
  layout.dictionary ? builder.enable_dictionary() : builder.disable_dictionary();
  layout.statistics ? builder.enable_statistics() : builder.disable_statistics();
  layout.page_index ? builder.enable_write_page_index() : builder.disable_write_page_index();
  for (const std::string& column : layout.bloom_filters) {
    builder.enable_bloom_filter(column, parquet::BloomFilterOptions{});
  }
  return builder.build();
}

}  // namespace

std::shared_ptr<arrow::Table> TableOf(const std::shared_ptr<arrow::Schema>& schema,
                                      const std::string& lines) {
  arrow::csv::ReadOptions read = arrow::csv::ReadOptions::Defaults();
  read.column_names = schema->field_names();
  read.use_threads = false;
  arrow::csv::ConvertOptions convert = arrow::csv::ConvertOptions::Defaults();
  for (const auto& field : schema->fields()) convert.column_types[field->name()] = field->type();
  convert.null_values = {"NULL"};
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  auto input = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(lines));
  auto reader = Require(arrow::csv::TableReader::Make(
      arrow::io::default_io_context(), input, read, arrow::csv::ParseOptions::Defaults(), convert));
  return Require(Require(reader->Read())->CombineChunks());
}

std::shared_ptr<arrow::Buffer> ParquetBytes(const arrow::Table& table,
                                            const ParquetLayout& layout) {
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  Require(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink,
                                     layout.row_group_rows, Properties(layout), arrow_properties));
  return Require(sink->Finish());
}

void WriteParquet(const std::string& path, const arrow::Table& table, const ParquetLayout& layout) {
  WriteBytes(path, ParquetBytes(table, layout)->ToString());
}

void WriteIpc(const std::string& path, const arrow::Table& table, int64_t batch_rows) {
  auto sink = Require(arrow::io::FileOutputStream::Open(path));
  auto writer = Require(arrow::ipc::MakeFileWriter(sink, table.schema()));
  Require(writer->WriteTable(table, batch_rows));
  Require(writer->Close());
  Require(sink->Close());
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  auto sink = Require(arrow::io::FileOutputStream::Open(path));
  Require(sink->Write(bytes.data(), static_cast<int64_t>(bytes.size())));
  Require(sink->Close());
}

std::vector<std::string> RowsOf(const arrow::RecordBatch& batch) {
  std::vector<std::string> rows(static_cast<size_t>(batch.num_rows()));
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    for (int column = 0; column < batch.num_columns(); ++column) {
      rows[row] += (column == 0 ? "" : ", ") + TextOf(*batch.column(column), row);
    }
  }
  return rows;
}

std::vector<std::string> RowsOf(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
  std::vector<std::string> rows;
  for (const auto& batch : batches) {
    const std::vector<std::string> more = RowsOf(*batch);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

std::vector<std::string> RowsOf(const arrow::Table& table) {
  if (table.num_rows() == 0) return {};
  return RowsOf(*Require(table.CombineChunksToBatch()));
}

}  // namespace skyhook::testing
